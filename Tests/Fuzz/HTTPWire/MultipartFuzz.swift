// Fuzzes answers with several ranges and Content-Range: no trap, the length that was promised, and a reader that finds in the
// answer exactly the ranges that were asked for.
// Built and run by Tests/Fuzz/run.

@testable import HTTPWire

/// The input is the media type and the value of a `Range` field, each a line; the first byte chooses the size of the content.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMultipart(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let size = Int64(start[0])
    let lines = UnsafeBufferPointer(start: start + 1, count: count - 1)
        .split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
    guard lines.count == 2 else { return 0 }
    checkContentRange(lines[1])
    guard case .ranges(let ranges) = RangeRequest.parse(lines[1], size: size) else { return 0 }
    let type = lines[0].utf8.isEmpty ? "application/octet-stream" : lines[0]
    let frame = MultipartByteRanges(contentType: type, size: size, ranges: ranges, boundary: boundary)
    let content = (0..<UInt8(size)).map { $0 }
    let body =
        frame.parts.flatMap { $0.head + content[Int($0.range.lowerBound)...Int($0.range.upperBound)] } + frame.closing
    precondition(Int64(body.count) == frame.contentLength, "another length than was promised")
    precondition(read(body, content) == ranges, "a reader finds other ranges")
    return 0
}

private let boundary = "c2f1d7e0a94b4c6f8d35"

private func checkContentRange(_ text: String) {
    guard case .range(let range) = ContentRange(text) else { return }
    precondition(range.lowerBound >= 0)
    let again = "\(range.lowerBound)-\(range.upperBound)"
    precondition(ContentRange(again) == .range(range) && ContentRange("bytes \(again)/*") == .range(range))
    guard range.upperBound < .max else { return }
    precondition(ContentRange(ContentRange.text(range, size: range.upperBound + 1)) == .range(range))
    precondition(ContentRange(ContentRange.text(range, size: range.upperBound)) == .invalid, "there is no room")
}

/// Reads a body as RFC 2046 §5.1.1 says: nothing but the delimiter ends a part.
private func read(_ body: [UInt8], _ content: [UInt8]) -> [ClosedRange<Int64>]? {
    let delimiter = Array("\r\n--\(boundary)".utf8)
    var rest = (Array("\r\n".utf8) + body)[...]
    var ranges: [ClosedRange<Int64>] = []
    while true {
        guard rest.starts(with: delimiter) else { return nil }
        rest = rest.dropFirst(delimiter.count)
        if rest.elementsEqual("--\r\n".utf8) { return ranges }
        guard let head = take("\r\n\r\n", from: &rest) else { return nil }
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        guard lines.count == 3, lines[0].isEmpty, lines[1].utf8.starts(with: "Content-Type: ".utf8),
            lines[2].utf8.starts(with: "Content-Range: ".utf8),
            case .range(let range) = ContentRange(String(lines[2].dropFirst(15)))
        else { return nil }
        let length = range.upperBound - range.lowerBound + 1
        guard rest.prefix(Int(length)).elementsEqual(content[Int(range.lowerBound)...Int(range.upperBound)]) else {
            return nil
        }
        rest = rest.dropFirst(Int(length))
        ranges.append(range)
    }
}

private func take(_ end: String, from rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let end = Array(end.utf8)
    guard let place = rest.indices.first(where: { rest[$0...].starts(with: end) }) else { return nil }
    defer { rest = rest[(place + end.count)...] }
    return rest[..<place]
}
