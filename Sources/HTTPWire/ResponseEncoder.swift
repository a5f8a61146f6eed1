package import HTTPTypes

/// Writes the head of a response, and the frame around the chunks of its body (RFC 9112 §4, §5 and §7.1).
package enum ResponseEncoder {
    /// The interim answer to `Expect: 100-continue` (RFC 9110 §15.2.1).
    package static let continue100 = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Appends status line, fields and the empty line.
    ///
    /// `body` alone decides the framing. `.length` and `.chunked` are written as such, `BodyFraming.none` as
    /// `Content-Length: 0`, and nil says nothing, for a response whose length the client knows or need not know
    /// (an answer to HEAD without a length, 304, or a body that ends with the connection). 1xx and 204 never say a length
    /// (RFC 9110 §8.6). To HTTP/1.0 a `.chunked` body goes out unchunked and ends with the connection (RFC 9112 §6.1).
    /// `Connection`, `Content-Length`, `Date`, `Keep-Alive` and `Transfer-Encoding` among the fields are dropped.
    /// A control character in a value becomes a space, so no value can begin a new line.
    package static func encode(
        _ response: HTTPResponse, body: BodyFraming?, persists: Bool, date: String,
        version: HTTPVersion = .http11, into bytes: inout [UInt8]
    ) {
        let status = response.status
        if bytes.isEmpty { bytes.reserveCapacity(512) }
        bytes.appendStatusLine(status)
        bytes.appendField("Date", date)
        for field in response.headerFields where !isOurs(field.name) {
            bytes.appendField(field.name.rawName, field.value)
        }
        if let body, status.code >= 200, status.code != 204 { bytes.appendFraming(body, version) }
        if !persists {
            bytes.appendField("Connection", "close")
        } else if version == .http10 {
            bytes.appendField("Connection", "keep-alive")
        }
        bytes.appendLineEnd()
    }

    /// What stands in front of a chunk of `count` bytes, which must be more than none: an empty chunk ends the body.
    package static func appendChunkHead(count: Int, into bytes: inout [UInt8]) {
        precondition(count > 0, "an empty chunk would end the body")
        bytes.append(contentsOf: String(count, radix: 16).utf8)
        bytes.appendLineEnd()
    }

    /// What stands behind each chunk.
    package static let chunkEnd: [UInt8] = [.carriageReturn, .lineFeed]

    /// What stands behind the last chunk: the end of the body, without trailer fields.
    package static let lastChunk = Array("0\r\n\r\n".utf8)

    /// Appends `payload` as one chunk; nothing when it is empty.
    package static func appendChunk(_ payload: [UInt8], into bytes: inout [UInt8]) {
        guard !payload.isEmpty else { return }
        appendChunkHead(count: payload.count, into: &bytes)
        bytes.append(contentsOf: payload)
        bytes.appendLineEnd()
    }

    /// The fields that only the connection may write.
    private static func isOurs(_ name: HTTPField.Name) -> Bool {
        let name = name.canonicalName
        // The length tells most of them apart without a comparison.
        return switch name.utf8.count {
        case 4: name == "date"
        case 10: name == "connection" || name == "keep-alive"
        case 14: name == "content-length"
        case 17: name == "transfer-encoding"
        default: false
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendStatusLine(_ status: HTTPResponse.Status) {
        append(contentsOf: "HTTP/1.1 ".utf8)
        for divisor in [100, 10, 1] { append(0x30 + UInt8(truncatingIfNeeded: status.code / divisor % 10)) }
        append(.space)
        appendLineText(status.reasonPhrase.isEmpty ? ReasonPhrase.of(status.code) : status.reasonPhrase)
        appendLineEnd()
    }

    fileprivate mutating func appendFraming(_ body: BodyFraming, _ version: HTTPVersion) {
        switch body {
        case .none: appendField("Content-Length", "0")
        case .length(let length): appendField("Content-Length", String(length))
        case .chunked where version == .http10: break
        case .chunked: appendField("Transfer-Encoding", "chunked")
        }
    }

    fileprivate mutating func appendField(_ name: String, _ value: String) {
        appendLineText(name)
        append(UInt8(ascii: ":"))
        append(.space)
        appendLineText(value)
        appendLineEnd()
    }

    fileprivate mutating func appendLineEnd() {
        append(.carriageReturn)
        append(.lineFeed)
    }
}
