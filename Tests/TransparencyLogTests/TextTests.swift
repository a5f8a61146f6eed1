import Testing

@testable import TransparencyLog

@Suite struct `Text in Base64` {
    /// RFC 4648 §10, and bytes that use the last digits of the alphabets.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"), ("\u{3FF}\u{3FF}", "z7/Pvw=="),
    ])
    func `is that of the standard`(_ text: String, _ encoded: String) {
        #expect(Base64.encode(text.utf8) == encoded)
        #expect(Base64.decode(encoded.utf8) == Array(text.utf8))
        let forURL = encoded.replacing("=", with: "").replacing("+", with: "-").replacing("/", with: "_")
        #expect(Base64.encodeForURL(text.utf8) == forURL)
    }

    @Test(arguments: [
        "=", "==", "===", "====", "A===", "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zg==\n", "Zg= =", "Z-__",
        "Zm9vé",
        "Zm\n9v", "=Zm9", "Zm=v", "Z===", "AAAA====", "AAAAA===",
    ])
    func `has one spelling`(_ text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }

    @Test func `survives every length and byte`() {
        for count in 0...70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
            #expect(Base64.decode(Base64.encode(bytes).utf8) == bytes)
        }
    }
}

@Suite struct `A number in text` {
    @Test(arguments: [("0", 0), ("7", 7), ("9223372036854775807", .max)] as [(String, Int64)])
    func `is read`(_ text: String, _ value: Int64) {
        #expect(Int64(decimal: text.utf8) == value)
    }

    @Test(arguments: [
        "", "00", "01", "-0", "-1", "+1", " 1", "1 ", "1.0", "1e3", "٣", "9223372036854775808", "18446744073709551616",
    ])
    func `has one spelling and fits`(_ text: String) {
        #expect(Int64(decimal: text.utf8) == nil)
    }

    @Test func `is written with its most significant byte first`() {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(0x0102_0304 as UInt32)
        #expect(bytes == [1, 2, 3, 4] && UInt32(bigEndianBytes: bytes) == 0x0102_0304)
        #expect([0x00, 0xFF, 0xA0].hex == "00ffa0" && [UInt8](hex: "00ffa0".utf8) == [0x00, 0xFF, 0xA0])
    }
}
