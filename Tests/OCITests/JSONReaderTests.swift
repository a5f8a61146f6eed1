import OCI
import Testing

@Suite struct `Reading JSON` {
    @Test(
        arguments: [
            ("null", JSONValue.null), (" true ", true), ("false", false), ("\t\r\n0", 0), ("-17", -17), ("[]", []),
            ("{}", [:]), ("[ 1 , [ ] ]", [1, []]), (#"{ "b" : 1 , "a" : { } }"#, ["b": 1, "a": [:]]),
            (#""a\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00\u0000""#, "a\"\\/\u{8}\u{c}\n\r\tAé😀\0"),
            (#""é😀\#u{7f}\#u{2028}""#, "é😀\u{7f}\u{2028}"), (#""""#, ""),
        ] as [(String, JSONValue)])
    func `accepts a document`(_ text: String, _ value: JSONValue) throws {
        #expect(try json(text) == value)
    }

    @Test(arguments: [
        ("", 0, JSONError.Reason.unexpectedEnd), ("  ", 2, .unexpectedEnd), ("[1,", 3, .unexpectedEnd),
        ("[1,]", 3, .unexpectedByte(0x5D)), ("[,1]", 1, .unexpectedByte(0x2C)), ("[1 2]", 3, .unexpectedByte(0x32)),
        ("[1}", 2, .unexpectedByte(0x7D)), ("{", 1, .unexpectedEnd), ("{1:2}", 1, .unexpectedByte(0x31)),
        (#"{"a"}"#, 4, .unexpectedByte(0x7D)), (#"{"a":}"#, 5, .unexpectedByte(0x7D)),
        (#"{"a":1,}"#, 7, .unexpectedByte(0x7D)), ("{'a':1}", 1, .unexpectedByte(0x27)),
        ("nul", 3, .unexpectedEnd), ("nulL", 3, .unexpectedByte(0x4C)), ("True", 0, .unexpectedByte(0x54)),
        ("NaN", 0, .unexpectedByte(0x4E)), ("Infinity", 0, .unexpectedByte(0x49)),
        ("-Infinity", 1, .unexpectedByte(0x49)), ("01", 0, .leadingZero), ("-01", 0, .leadingZero),
        ("00", 0, .leadingZero), ("+1", 0, .unexpectedByte(0x2B)), (".5", 0, .unexpectedByte(0x2E)),
        ("1.", 2, .unexpectedEnd), ("1e", 2, .unexpectedEnd), ("1e+", 3, .unexpectedEnd), ("-", 1, .unexpectedEnd),
        ("0x10", 1, .trailingBytes), ("1e999", 0, .numberOutOfRange), ("-1e400", 0, .numberOutOfRange),
        ("1 1", 2, .trailingBytes), ("{}{}", 2, .trailingBytes), ("null\0", 4, .trailingBytes),
        ("\u{FEFF}{}", 0, .byteOrderMark), ("\u{A0}1", 0, .unexpectedByte(0xC2)), ("\u{B}1", 0, .unexpectedByte(0x0B)),
        ("// x\n1", 0, .unexpectedByte(0x2F)), (#"""#, 1, .unexpectedEnd), (#""\"#, 2, .unexpectedEnd),
        (#""\x""#, 1, .invalidEscape), (#""\u12g4""#, 5, .invalidEscape), (#""\u123"#, 6, .unexpectedEnd),
        (#""\ud800""#, 1, .loneSurrogate), (#""\udc00""#, 1, .loneSurrogate), (#""\ud800\ud800""#, 1, .loneSurrogate),
        (#""\ud800\u0041""#, 1, .loneSurrogate), (#""\ud800\n""#, 1, .loneSurrogate),
        ("\"a\nb\"", 2, .controlCharacter(0x0A)), ("\"\0\"", 1, .controlCharacter(0)),
        (#"{"a":1,"a":2}"#, 7, .duplicateKey("a")), (#"{"a":1,"\u0061":2}"#, 7, .duplicateKey("a")),
        (#"{"":1,"":2}"#, 6, .duplicateKey("")), (#"{"é":1,"e\u0301":2}"#, 8, .duplicateKey("e\u{301}")),
        (#"{"/":1,"\/":2}"#, 7, .duplicateKey("/")),
    ])
    func `refuses all else, says why and where`(_ text: String, _ offset: Int, _ reason: JSONError.Reason) throws {
        let error = try #require(throws: JSONError.self) { try json(text) }
        #expect(error.offset == offset)
        #expect(error.reason == reason)
        #expect(isPresentable(error.description))
    }

    @Test(
        arguments: [
            [0x80], [0xC3], [0xC3, 0x28], [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
            [0xFF], [0xF0, 0x9F, 0x98], [0xC3, 0x5C, 0x75, 0x30, 0x30, 0x65, 0x39],
        ] as [[UInt8]])
    func `refuses bytes that are not UTF-8`(_ bytes: [UInt8]) {
        #expect(throws: JSONError(offset: 2, reason: .invalidUTF8)) {
            try JSONValue(parsing: Array("[\"".utf8) + bytes + Array("\"]".utf8))
        }
    }

    @Test func `keeps numbers as they were written`() throws {
        let texts = ["0", "-0", "1.0", "1e2", "1E+2", "123456789012345678901234567890", "0.10", "5e-324", "1e-999"]
        let document = "[" + texts.joined(separator: ",") + "]"
        #expect(try json(document).serialized() == Array(document.utf8))
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("9223372036854775807", Int64.max), ("-9223372036854775808", .min),
            ("9223372036854775808", nil), ("1.0", nil), ("1e2", nil), ("-9223372036854775809", nil),
        ] as [(String, Int64?)])
    func `gives an integer only for an integer literal that fits`(_ text: String, _ value: Int64?) throws {
        #expect(try json(text).int64 == value)
    }

    @Test func `finds each of many members and refuses a late duplicate`() throws {
        let members = (0..<5000).map { #""k\#($0)":\#($0)"# }
        let object = try #require(try json("{" + members.joined(separator: ",") + "}").object)
        #expect((0..<5000).allSatisfy { object["k\($0)"]?.int64 == Int64($0) })
        #expect(object["k5000"] == nil)
        #expect(throws: JSONError.self) { try json("{" + (members + [#""k3":0"#]).joined(separator: ",") + "}") }
    }
}

@Suite struct `Reading hostile JSON` {
    @Test(arguments: ["[", "{\"a\":", "[{\"a\":", "-", "\"", "[[],", "1", "\\", " "])
    func `stops at a million repetitions of anything`(_ text: String) {
        let bomb = Array(String(repeating: text, count: 1_000_000).utf8)
        #expect(throws: JSONError.self) { try JSONValue(parsing: bomb) }
    }

    @Test func `allows exactly the depth of the limits`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try json(nested(32)) }
        #expect(throws: JSONError(offset: 32, reason: .tooDeep(limit: 32))) { try json(nested(33)) }
        #expect(throws: Never.self) { try json(nested(256), limits: JSONLimits(depth: .max)) }
        #expect(throws: JSONError(offset: 256, reason: .tooDeep(limit: 256))) {
            try json(nested(100_000), limits: JSONLimits(depth: .max))
        }
        #expect(throws: JSONError(offset: 0, reason: .tooDeep(limit: -1))) {
            try json("[]", limits: JSONLimits(depth: -1))
        }
    }

    @Test func `allows exactly the values of the limits`() throws {
        #expect(throws: Never.self) { try json("[1,2]", limits: JSONLimits(values: 3)) }
        #expect(throws: JSONError(offset: 5, reason: .tooManyValues(limit: 3))) {
            try json("[1,2,3]", limits: JSONLimits(values: 3))
        }
    }

    @Test func `refuses every beginning of a document`() {
        let bytes = Array((Fixture.richImage + "  ").utf8)
        for length in 0..<bytes.count - 2 {
            #expect(throws: JSONError.self, "the first \(length) bytes") {
                try JSONValue(parsing: Array(bytes.prefix(length)))
            }
        }
    }

    /// Swift hashes and compares text in time quadratic in its successive combining marks.
    @Test(arguments: ["\u{301}\u{323}", "\\u0301\\u0323", "\u{344}"])
    func `refuses more combining marks in succession than stream-safe text has`(_ pair: String) throws {
        func key(_ pairs: Int) -> String { #"{"a\#(String(repeating: pair, count: pairs))":1}"# }
        #expect(throws: Never.self) { try json(key(15)) }
        #expect(throws: JSONError(offset: 1, reason: .tooManyCombiningMarks)) { try json(key(31)) }
        #expect(throws: JSONError(offset: 1, reason: .tooManyCombiningMarks)) { try json(key(500_000)) }
    }
}
