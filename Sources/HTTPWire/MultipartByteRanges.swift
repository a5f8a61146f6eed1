/// The frame of an answer with several ranges (RFC 9110 §14.6): everything but the bytes of the content.
package struct MultipartByteRanges: Sendable {
    package struct Part: Sendable, Equatable {
        /// What is sent before the bytes of `range`.
        package let head: [UInt8]
        package let range: ClosedRange<Int64>
    }

    package let parts: [Part]
    /// What is sent behind the bytes of the last part.
    package let closing: [UInt8]
    /// Exactly as many bytes as heads, ranges and closing have together.
    package let contentLength: Int64
    /// The `Content-Type` of the whole response.
    package let contentType: String

    /// - Parameters:
    ///   - contentType: the media type of the content, repeated in each part.
    ///   - size: the bytes of the whole content.
    ///   - ranges: those of `RangeRequest.ranges` for that size.
    ///   - boundary: 1 to 70 letters and digits (RFC 2046 §5.1.1) that the content cannot contain: random ones.
    package init(contentType: String, size: Int64, ranges: [ClosedRange<Int64>], boundary: String) {
        var length: Int64 = 0
        parts = ranges.enumerated().map { index, range in
            var head: [UInt8] = []
            head.appendLineText(boundary: boundary, isFirst: index == 0)
            head.append(contentsOf: "\r\nContent-Type: ".utf8)
            head.appendLineText(contentType)
            head.append(contentsOf: "\r\nContent-Range: \(ContentRange.text(range, size: size))\r\n\r\n".utf8)
            length += Int64(head.count) + (range.upperBound - range.lowerBound + 1)
            return Part(head: head, range: range)
        }
        var closing: [UInt8] = []
        closing.appendLineText(boundary: boundary, isFirst: false)
        closing.append(contentsOf: "--\r\n".utf8)
        self.closing = closing
        self.contentLength = length + Int64(closing.count)
        self.contentType = "multipart/byteranges; boundary=\(boundary)"
    }
}

extension [UInt8] {
    fileprivate mutating func appendLineText(boundary: String, isFirst: Bool) {
        append(contentsOf: isFirst ? "--".utf8 : "\r\n--".utf8)
        appendLineText(boundary)
    }
}
