import Testing

@testable import HTTPWire

/// What a chunked body meant, whichever way it was cut.
private struct Decoding: Equatable {
    var payload: [UInt8] = []
    var end: ChunkedDecoder.Event = .needMoreBytes
    /// What was left for the next request.
    var rest: [UInt8] = []

    init(of pieces: [[UInt8]]) {
        var decoder = ChunkedDecoder()
        for piece in pieces {
            var offset = 0
            if end == .needMoreBytes { read(piece, &decoder, &offset) }
            if end == .end { rest += piece[offset...] }
        }
    }

    private mutating func read(_ piece: [UInt8], _ decoder: inout ChunkedDecoder, _ offset: inout Int) {
        while true {
            let event = decoder.next(piece.span, from: &offset)
            guard case .body(let range) = event else {
                end = event
                if event == .needMoreBytes, offset != piece.count { Issue.record("bytes left unused") }
                return
            }
            if range.isEmpty || range.upperBound != offset { Issue.record("\(range) ends before \(offset)") }
            payload += piece[range]
        }
    }

    static func everyWay(_ text: String) -> Decoding {
        let bytes = Array(text.utf8)
        let whole = Decoding(of: [bytes])
        for cut in cuts(of: bytes.count) {
            let halves = Decoding(of: [Array(bytes[..<cut]), Array(bytes[cut...])])
            if halves != whole { Issue.record("cut at \(cut) gives \(halves) instead of \(whole)") }
        }
        let single = Decoding(of: bytes.map { [$0] })
        if single != whole { Issue.record("byte by byte gives \(single) instead of \(whole)") }
        return whole
    }
}

private func rejectionOfBody(_ text: String) -> Rejection? {
    if case .reject(let rejection) = Decoding.everyWay(text).end { return rejection }
    return nil
}

@Suite struct `Decoding a chunked body` {
    @Test(arguments: [
        ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"), ("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello"),
        ("A\r\n0123456789\r\n000\r\n\r\n", "0123456789"), ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("000000000000005\r\nhello\r\n0\r\n\r\n", "hello"), ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ("1;a=b\r\nx\r\n0;c\r\n\r\n", "x"), ("1 ; a=\"q;\"\r\nx\r\n0\r\n\r\n", "x"), ("1\t;\r\nx\r\n0\r\n\r\n", "x"),
        ("1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n", "x"), ("0\r\nA: \"b\"\tü\r\n\r\n", ""),
    ])
    func `gives the payload and finds the end`(_ text: String, _ payload: String) {
        let decoding = Decoding.everyWay(text + "GET /")
        #expect(decoding.payload == Array(payload.utf8))
        #expect(decoding.end == .end)
        #expect(decoding.rest == Array("GET /".utf8))
    }

    @Test func `never ends a body that was cut off`() {
        let bytes = Array("5;x=y\r\nhello\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n".utf8)
        for count in 0..<bytes.count { #expect(Decoding(of: [Array(bytes[..<count])]).end == .needMoreBytes) }
        #expect(Decoding(of: [bytes]).end == .end)
    }

    @Test(arguments: [
        "\r\n", ";a\r\n", "g\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "1,\r\n", "1\n", "\u{0}", "G",
        "0000000000000001\r\n",
        "FFFFFFFFFFFFFFFF\r\n", "8000000000000000\r\n", "1\u{0}\r\n", "٥\r\n",
    ])
    func `refuses a size that is not up to 15 hexadecimal digits`(_ text: String) {
        #expect(rejectionOfBody(text) == .invalidChunkSize)
    }

    @Test func `accepts the largest size of 15 digits without trapping`() {
        #expect(Decoding.everyWay("fffffffffffffff\r\nabc").payload == Array("abc".utf8))
    }

    @Test(arguments: [
        "1\r\nxy\r\n", "1\r\nx\n", "1\r\nx\r\r\n", "1\r\nx0\r\n", "1\rx", "0\rx", "0\r\n\rx", "1\r\nx\rX",
    ])
    func `demands CRLF after a size and after the data`(_ text: String) {
        #expect(rejectionOfBody(text) == .invalidChunkEnd)
    }

    @Test(arguments: ["1;a\nx", "1;a\u{0}\r\nx", "1 x\r\n", "1 \r\n", "1;a\u{7F}\r\n", "1 \n"])
    func `refuses a malformed extension`(_ text: String) {
        #expect(rejectionOfBody(text) == .invalidChunkExtension)
    }

    @Test func `refuses CR inside an extension`() {
        #expect(rejectionOfBody("1;a\rb\r\nx") == .invalidChunkEnd)
    }

    @Test func `bounds the extensions of one chunk`() {
        #expect(rejectionOfBody("1;" + String(repeating: "a", count: 1023) + "\r\n") == nil)
        #expect(rejectionOfBody("1;" + String(repeating: "a", count: 1024) + "\r\n") == .chunkExtensionTooLong)
        #expect(rejectionOfBody("1" + String(repeating: " ", count: 1 << 20)) == .chunkExtensionTooLong)
    }

    @Test func `bounds the extensions of a body by its payload`() {
        let tiny = "1;" + String(repeating: "a", count: 1000) + "\r\nx\r\n"
        #expect(rejectionOfBody(String(repeating: tiny, count: 16)) == nil)
        #expect(rejectionOfBody(String(repeating: tiny, count: 18)) == .chunkExtensionTooLong)
        let signed = "200;" + String(repeating: "a", count: 85) + "\r\n" + String(repeating: "x", count: 512) + "\r\n"
        #expect(Decoding(of: [Array(String(repeating: signed, count: 5000).utf8)]).end == .needMoreBytes)
    }

    @Test(arguments: [
        "A\r\n", " A: b\r\n", ": b\r\n", "A : b\r\n", "A: b\n", "A: b\rc\r\n", "A: \u{0}\r\n", "\n",
        "A: b\r\n folded\r\n", "A\u{7F}: b\r\n",
    ])
    func `refuses a malformed trailer`(_ trailer: String) {
        #expect(rejectionOfBody("0\r\n" + trailer) == .invalidTrailer)
    }

    @Test func `bounds the trailers`() {
        #expect(rejectionOfBody("0\r\n" + String(repeating: "A: b\r\n", count: 1300)) == nil)
        #expect(rejectionOfBody("0\r\n" + String(repeating: "A: b\r\n", count: 1400)) == .trailersTooLarge)
        #expect(rejectionOfBody("0\r\nA: " + String(repeating: "b", count: 1 << 20)) == .trailersTooLarge)
    }

    @Test func `stays at its end and at its rejection`() {
        var decoder = ChunkedDecoder()
        let body = Array("0\r\n\r\nx".utf8)
        var offset = 0
        #expect(decoder.next(body.span, from: &offset) == .end)
        #expect(decoder.next(body.span, from: &offset) == .end)
        #expect(offset == 5)
        var failing = ChunkedDecoder()
        offset = 5
        #expect(failing.next(body.span, from: &offset) == .reject(.invalidChunkSize))
        offset = 0
        #expect(failing.next(body.span, from: &offset) == .reject(.invalidChunkSize))
    }

    @Test func `answers the same to mutated bodies however they are cut`() {
        var generator = SeededGenerator(seed: 7112)
        let seeds = ["5\r\nhello\r\n0\r\n\r\n", "1;a=b\r\nx\r\n2\r\nyz\r\n0\r\nA: b\r\nC: d\r\n\r\n"].map {
            Array($0.utf8)
        }
        for _ in 0..<20_000 {
            let bytes = mutation(of: seeds.randomElement(using: &generator) ?? [], using: &generator)
            let cut = Int.random(in: 0...bytes.count, using: &generator)
            let whole = Decoding(of: [bytes])
            let halves = Decoding(of: [Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(whole == halves && whole == Decoding(of: bytes.map { [$0] }))
        }
    }
}
