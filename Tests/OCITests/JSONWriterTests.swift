import OCI
import Testing

@Suite struct `Canonical JSON` {
    /// RFC 8785 §3.2.2, §3.2.3 and the test data of its author's reference implementation.
    @Test(arguments: [
        (
            #"""
            {"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
             "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}
            """#,
            #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
                + #""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        ),
        (
            #"""
            {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
             "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "</script>": "Browser Challenge",
             "\u00f6": "Latin Small Letter O With Diaeresis"}
            """#,
            #"{"\r":"Carriage Return","1":"One","</script>":"Browser Challenge","\#u{80}":"Control","#
                + #""ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","#
                + #""\#u{fb33}":"Hebrew Letter Dalet With Dagesh"}"#
        ),
        (
            #"{"1": {"f": {"f": "hi","F": 5} ,"\n": 56.0},"10": { },"":"empty","a": { },"111": [{"e":"yes","E":"no"}],"A":{}}"#,
            #"{"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}"#
        ),
        (#"[56, {"d": true, "10": null, "1": [ ]}]"#, #"[56,{"1":[],"10":null,"d":true}]"#),
        (#"{"Unnormalized Unicode":"A\u030a"}"#, #"{"Unnormalized Unicode":"A\#u{30a}"}"#),
        (#"{"peach":1,"péché":2,"pêche":3,"sin":4}"#, #"{"peach":1,"péché":2,"pêche":3,"sin":4}"#),
    ])
    func `has the bytes of RFC 8785`(_ input: String, _ output: String) throws {
        #expect(try json(input).canonical() == Array(output.utf8))
    }

    /// RFC 8785, appendix B, without the two that are errors.
    @Test(
        arguments: [
            (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"), (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"), (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"), (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"), (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"), (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] as [(UInt64, String)])
    func `has the numbers of RFC 8785`(_ bits: UInt64, _ text: String) throws {
        let number = try #require(JSONNumber(Double(bitPattern: bits)))
        #expect(JSONValue.number(number).canonical() == Array(text.utf8))
        #expect(try json(text).canonical() == Array(text.utf8))
    }

    @Test(arguments: [
        ("-0", "0"), ("-0.0", "0"), ("1.0", "1"), ("1e2", "100"), ("100e-2", "1"), ("123e20", "1.23e+22"),
        ("9007199254740993", "9007199254740992"), ("-9223372036854775808", "-9223372036854776000"),
        ("0.1e-6", "1e-7"), ("1e-999", "0"), ("1e20", "100000000000000000000"), ("12e-7", "0.0000012"),
    ])
    func `writes one number in one way`(_ input: String, _ output: String) throws {
        #expect(try json(input).canonical() == Array(output.utf8))
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `has no number that JSON cannot say`(_ value: Double) {
        #expect(JSONNumber(value) == nil)
    }

    @Test func `is a fixed point`() throws {
        let once = try json(Fixture.richImage).canonical()
        #expect(try JSONValue(parsing: once).canonical() == once)
    }
}

@Suite struct `Serialized JSON` {
    @Test func `keeps the order of the literal`() {
        let answer: JSONValue = ["z": 1, "a": [true, .null, "x\(1)"], "m": [:], "e": []]
        #expect(answer.serialized() == Array(#"{"z":1,"a":[true,null,"x1"],"m":{},"e":[]}"#.utf8))
    }

    @Test func `escapes every control character and reads back the same`() throws {
        let text = String(String.UnicodeScalarView((0..<0x180).compactMap { Unicode.Scalar($0 as UInt32) }))
        let bytes = JSONValue.string(text).serialized()
        #expect(bytes.allSatisfy { $0 >= 0x20 })
        #expect(try JSONValue(parsing: bytes).string == text)
    }

    @Test(arguments: [Fixture.image(), Fixture.richIndex, #"{"a":[1.50,-0,1e5]}"#])
    func `of a compact document is that document`(_ text: String) throws {
        #expect(try json(text).serialized() == Array(text.utf8))
    }

    @Test func `follows what was set and removed`() {
        var object: JSONObject = ["a": 1, "b": 2, "a": 3]
        object["b"] = nil
        for index in 0..<20 { object["k\(index)"] = .integer(Int64(index)) }
        for index in 0..<19 { object["k\(index)"] = nil }
        object["c"] = "d"
        object["nothing"] = nil
        #expect(object == ["a": 3, "k19": 19, "c": "d"])
        #expect(object["k19"] == 19 && object["k0"] == nil)
    }
}
