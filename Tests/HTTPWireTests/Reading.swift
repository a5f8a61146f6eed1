import Testing

@testable import HTTPWire

/// What a stream of bytes meant to the head parser, whichever way it was cut.
struct Reading: Equatable {
    var heads: [RequestHead] = []
    var rejection: Rejection?
    /// What followed a head that announced a body.
    var body: [UInt8] = []
    var isIdle = true

    /// Feeds the pieces one after the other, as a connection would.
    init(of pieces: [[UInt8]], limits: HeadLimits = HeadLimits()) {
        var parser = RequestParser(limits: limits)
        for piece in pieces { receive(piece, &parser) }
        isIdle = parser.isIdle
    }

    private mutating func receive(_ piece: [UInt8], _ parser: inout RequestParser) {
        var unused = piece
        while !unused.isEmpty {
            if heads.last?.framing.hasBody == true {
                body += unused
                return
            }
            let (action, consumed) = parser.receive(unused.span)
            unused.removeFirst(consumed)
            switch action {
            case .needMoreBytes:
                if !unused.isEmpty { Issue.record("needMoreBytes left \(unused.count) bytes unused") }
                return
            case .deliver(let head):
                if consumed == 0 { Issue.record("a head was delivered without a byte") }
                heads.append(head)
            case .reject(let reason):
                rejection = reason
                return
            }
        }
    }

    /// Reads `bytes` whole, in two pieces cut at every place, and byte by byte, and demands equal results.
    static func everyWay(_ bytes: [UInt8], limits: HeadLimits = HeadLimits()) -> Reading {
        let whole = Reading(of: [bytes], limits: limits)
        for cut in cuts(of: bytes.count) {
            let halves = Reading(of: [Array(bytes[..<cut]), Array(bytes[cut...])], limits: limits)
            if halves != whole { Issue.record("cut at \(cut) gives \(halves) instead of \(whole)") }
        }
        let single = Reading(of: bytes.map { [$0] }, limits: limits)
        if single != whole { Issue.record("byte by byte gives \(single) instead of \(whole)") }
        return whole
    }

    static func everyWay(_ text: String, limits: HeadLimits = HeadLimits()) -> Reading {
        everyWay(Array(text.utf8), limits: limits)
    }
}

/// Every place to cut a short input; some evenly spread ones of a long input.
func cuts(of count: Int) -> StrideThrough<Int> {
    stride(from: 0, through: count, by: count < 2000 ? 1 : count / 13)
}

/// The one head in `text`, or the rejection it got.
func head(_ text: String, limits: HeadLimits = HeadLimits()) throws -> RequestHead {
    let reading = Reading.everyWay(text, limits: limits)
    if let rejection = reading.rejection { throw rejection }
    return try #require(reading.heads.first)
}

/// The rejection that `text` gets in whatever way it is cut; nil when it gets none.
func rejection(_ text: String, limits: HeadLimits = HeadLimits()) -> Rejection? {
    Reading.everyWay(text, limits: limits).rejection
}

/// A request with these field lines after `Host`.
func get(_ lines: String..., version: String = "1.1") -> String {
    "GET /v2/ HTTP/\(version)\r\n" + (["Host: r.example"] + lines).map { $0 + "\r\n" }.joined() + "\r\n"
}

/// The same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// `bytes` with a few bytes changed, added, removed or repeated.
func mutation(of bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
    let interesting = Array("\r\n\0 \t:;,%./?&=+\"\u{7F}ABab019-*#@[]\\".utf8) + [0x80, 0xC3, 0xFF]
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        let byte = interesting.randomElement(using: &generator) ?? 0
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[index] = byte
        case 1: bytes.insert(byte, at: index)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(contentsOf: bytes[index...].prefix(20), at: index)
        default: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        }
    }
    return bytes
}
