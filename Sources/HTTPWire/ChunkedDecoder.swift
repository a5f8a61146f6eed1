/// Takes a body out of the chunked coding (RFC 9112 §7.1).
///
/// Payload is never copied: an event names where in the received bytes it lies. Extensions and trailer
/// fields are checked and thrown away.
package struct ChunkedDecoder: Sendable {
    package enum Event: Sendable, Equatable {
        /// All bytes were used, and the body goes on.
        case needMoreBytes
        /// These of the bytes are payload; never empty.
        case body(Range<Int>)
        /// The body is complete. What follows is the next request.
        case end
        /// The bytes are not chunked coding. Answer, then close: every later call gives the same rejection.
        case reject(Rejection)
    }

    /// Fifteen digits stay below `Int64.max` with room to spare.
    private static let sizeDigitLimit = 15
    private static let extensionLimit = 1024
    /// Extension bytes by which a body may exceed its own payload: without this bound a client makes us read a
    /// kilobyte for each byte it uploads.
    private static let overheadLimit: Int64 = 16 * 1024
    private static let trailerLimit = 8 * 1024

    private enum State {
        case size(digits: Int)
        case spaceAfterSize
        case chunkExtension
        case sizeLineFeed
        case data
        case dataCarriageReturn
        case dataLineFeed
        case trailerStart
        case trailerName
        case trailerValue
        case trailerLineFeed
        case lastLineFeed
        case finished
        case failed(Rejection)
    }

    private var state = State.size(digits: 0)
    /// While reading a size: the number so far. While reading data: what is left of the chunk.
    private var remaining: Int64 = 0
    private var extensionBytes = 0
    private var overhead: Int64 = 0
    private var trailerBytes = 0

    package init() {}

    /// Reads from `bytes` at `offset`, which it moves behind what it used, up to the next event.
    ///
    /// Call again until it answers `.needMoreBytes`, `.end` or `.reject`. Does no I/O and never traps, whatever
    /// the bytes; each call moves `offset` or gives one of those three answers.
    package mutating func next(_ bytes: Span<UInt8>, from offset: inout Int) -> Event {
        while true {
            switch state {
            case .finished: return .end
            case .failed(let rejection): return .reject(rejection)
            default: break
            }
            guard offset < bytes.count else { return .needMoreBytes }
            if case .data = state { return takePayload(upTo: bytes.count, from: &offset) }
            do throws(Rejection) {
                state = try stateAfter(bytes[offset])
                offset += 1
            } catch {
                state = .failed(error)
            }
        }
    }

    private mutating func takePayload(upTo end: Int, from offset: inout Int) -> Event {
        let start = offset
        let count = min(remaining, Int64(end - start))
        remaining -= count
        offset += Int(count)
        if remaining == 0 { state = .dataCarriageReturn }
        return .body(start..<offset)
    }

    private mutating func stateAfter(_ byte: UInt8) throws(Rejection) -> State {
        switch state {
        case .size(let digits): return try stateInSize(byte, digits)
        case .spaceAfterSize, .chunkExtension: return try stateInExtension(byte)
        case .sizeLineFeed: return try expect(byte, .lineFeed, then: try startOfChunk())
        case .dataCarriageReturn: return try expect(byte, .carriageReturn, then: .dataLineFeed)
        case .dataLineFeed: return try expect(byte, .lineFeed, then: .size(digits: 0))
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed: return try stateInTrailer(byte)
        case .lastLineFeed: return try expect(byte, .lineFeed, then: .finished)
        case .data, .finished, .failed: return state
        }
    }

    private mutating func stateInSize(_ byte: UInt8, _ digits: Int) throws(Rejection) -> State {
        if let digit = byte.hexValue {
            guard digits < Self.sizeDigitLimit else { throw .invalidChunkSize }
            remaining = remaining << 4 | Int64(digit)
            return .size(digits: digits + 1)
        }
        guard digits > 0 else { throw .invalidChunkSize }
        extensionBytes = 0
        switch byte {
        case .carriageReturn: return .sizeLineFeed
        case UInt8(ascii: ";"): return .chunkExtension
        case .space, .tab: return .spaceAfterSize
        default: throw .invalidChunkSize
        }
    }

    /// RFC 9112 §7.1.1: whitespace may stand before the semicolon. What an extension says is ignored.
    private mutating func stateInExtension(_ byte: UInt8) throws(Rejection) -> State {
        extensionBytes += 1
        guard extensionBytes <= Self.extensionLimit else { throw .chunkExtensionTooLong }
        if case .spaceAfterSize = state {
            if byte == UInt8(ascii: ";") { return .chunkExtension }
            guard byte.isWhitespace else { throw .invalidChunkExtension }
            return .spaceAfterSize
        }
        if byte == .carriageReturn { return .sizeLineFeed }
        guard byte.isFieldValueByte else { throw .invalidChunkExtension }
        return .chunkExtension
    }

    private mutating func startOfChunk() throws(Rejection) -> State {
        overhead = max(0, overhead + Int64(extensionBytes) - remaining)
        guard overhead <= Self.overheadLimit else { throw .chunkExtensionTooLong }
        return remaining == 0 ? .trailerStart : .data
    }

    /// RFC 9112 §7.1.2, with the syntax of a field line.
    private mutating func stateInTrailer(_ byte: UInt8) throws(Rejection) -> State {
        trailerBytes += 1
        guard trailerBytes <= Self.trailerLimit else { throw .trailersTooLarge }
        switch state {
        case .trailerStart where byte == .carriageReturn: return .lastLineFeed
        case .trailerStart where byte.isTokenCharacter: return .trailerName
        case .trailerName where byte.isTokenCharacter: return .trailerName
        case .trailerName where byte == UInt8(ascii: ":"): return .trailerValue
        case .trailerValue where byte == .carriageReturn: return .trailerLineFeed
        case .trailerValue where byte.isFieldValueByte: return .trailerValue
        case .trailerLineFeed where byte == .lineFeed: return .trailerStart
        default: throw .invalidTrailer
        }
    }

    private func expect(
        _ byte: UInt8, _ expected: UInt8, then next: @autoclosure () throws(Rejection) -> State
    ) throws(Rejection) -> State {
        guard byte == expected else { throw .invalidChunkEnd }
        return try next()
    }
}
