/// Turns received bytes into request heads (RFC 9112 §2 to §6).
///
/// It works line by line: a line that arrived whole is parsed where it lies, and only the beginning of an
/// incomplete line is kept. What a request means therefore cannot depend on how it was cut into packets.
package struct RequestParser: Sendable {
    package enum Action: Sendable, Equatable {
        /// All bytes were used, and the head is not complete.
        case needMoreBytes
        /// A head is complete. The unused bytes are its body or the next request.
        case deliver(RequestHead)
        /// The bytes are not a request. Answer, then close: every later call gives the same rejection.
        case reject(Rejection)
    }

    private let limits: HeadLimits
    private var head: HeadBuilder
    /// The beginning of a line whose end has not arrived; bounded by `limits.head`.
    private var partialLine: [UInt8] = []
    /// Bytes of the complete lines of this head.
    private var headBytes = 0
    private var rejection: Rejection?

    package init(limits: HeadLimits) {
        self.limits = limits
        self.head = HeadBuilder(fieldLimit: limits.fields)
    }

    /// Whether nothing of a head has been received since the last one, so the connection may be closed unasked.
    package var isIdle: Bool { partialLine.isEmpty && !head.hasRequestLine && rejection == nil }

    /// Consumes from the front of `bytes` and says how many it used.
    ///
    /// Does no I/O, reads no clock, and never traps, whatever the input. After `.deliver` the parser is ready for
    /// the next head; after `.reject` the count means nothing. The work is linear in the bytes, however they are cut.
    package mutating func receive(_ bytes: Span<UInt8>) -> (action: Action, consumed: Int) {
        if let rejection { return (.reject(rejection), 0) }
        var offset = 0
        do throws(Rejection) {
            while let lineFeed = bytes.firstIndex(of: .lineFeed, in: offset..<bytes.count) {
                let line = offset..<(lineFeed + 1)
                offset = line.upperBound
                if try receiveLine(bytes, line) {
                    let delivered = try head.finish()
                    startNextHead()
                    return (.deliver(delivered), offset)
                }
            }
            try keepPartialLine(bytes, offset..<bytes.count)
            return (.needMoreBytes, bytes.count)
        } catch {
            startNextHead()
            rejection = error
            return (.reject(error), offset)
        }
    }

    /// Takes the bytes up to and including a line feed. Returns whether that was the end of the head.
    private mutating func receiveLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(Rejection) -> Bool {
        let length = partialLine.count + line.count
        try checkLimits(lineLength: length)
        if head.hasRequestLine || length > 2 { headBytes += length }
        if partialLine.isEmpty { return try head.receiveLine(bytes, line) }
        append(bytes, line)
        let whole = partialLine
        partialLine = []
        return try head.receiveLine(whole.span, 0..<length)
    }

    private mutating func keepPartialLine(_ bytes: Span<UInt8>, _ rest: Range<Int>) throws(Rejection) {
        guard !rest.isEmpty else { return }
        try checkLimits(lineLength: partialLine.count + rest.count)
        append(bytes, rest)
    }

    private func checkLimits(lineLength: Int) throws(Rejection) {
        if !head.hasRequestLine, lineLength > limits.requestLine { throw .requestLineTooLong }
        if headBytes + lineLength > limits.head { throw .headTooLarge }
    }

    private mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        for index in range { partialLine.append(bytes[index]) }
    }

    private mutating func startNextHead() {
        head = HeadBuilder(fieldLimit: limits.fields)
        headBytes = 0
        partialLine = []  // An idle connection keeps no memory.
    }
}
