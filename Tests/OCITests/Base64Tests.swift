import OCI
import Testing

@Suite struct `Text in Base64` {
    /// RFC 4648 §10, and bytes that use the last digits of the alphabets.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"), ("\u{3FF}\u{3FF}", "z7/Pvw=="), ("~?>", "fj8+"),
    ])
    func `is that of the standard`(_ text: String, _ encoded: String) {
        #expect(Base64.encode(text.utf8) == encoded)
        #expect(Base64.decode(encoded.utf8) == Array(text.utf8))
        let padded = encoded.replacing("+", with: "-").replacing("/", with: "_")
        let forURL = padded.replacing("=", with: "")
        #expect(Base64.encodeForURL(text.utf8) == forURL)
        #expect(Base64.decodeForURL(forURL.utf8) == Array(text.utf8))
        for spelling in [encoded, padded, forURL] {
            #expect(Base64.decodeEither(spelling.utf8) == Array(text.utf8), "\(spelling)")
        }
    }

    @Test(arguments: [
        "=", "==", "===", "====", "A===", "Z", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zg==\n", "Zg= =", "Zm9vé",
        "Zm\n9v", "=Zm9", "Zm=v", "Z===", "AAAA====", "AAAAA===", "Zh", "Zm9", "AAAAA", "+/-_", "z7/Pv-==", "Zm9\0",
    ])
    func `has no other spelling in any form`(_ text: String) {
        #expect(Base64.decode(text.utf8) == nil)
        #expect(Base64.decodeForURL(text.utf8) == nil)
        #expect(Base64.decodeEither(text.utf8) == nil)
    }

    @Test(arguments: ["Zg", "Zm8", "Z-__", "fj8-"])
    func `of the standard is neither unpadded nor in the other alphabet`(_ text: String) {
        #expect(Base64.decode(text.utf8) == nil)
        #expect(Base64.decodeEither(text.utf8) != nil)
    }

    @Test(arguments: ["Zg==", "Zm8=", "fj8+", "z7/P"])
    func `for URLs has no padding and not the other alphabet`(_ text: String) {
        #expect(Base64.decodeForURL(text.utf8) == nil)
    }

    @Test(arguments: ["z7/Pvw", "+A", "fj8+z78"])
    func `in the standard alphabet needs its padding also where either alphabet passes`(_ text: String) {
        #expect(Base64.decodeEither(text.utf8) == nil)
    }

    @Test func `survives every length and byte`() {
        for count in 0...300 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
            #expect(Base64.decode(Base64.encode(bytes).utf8) == bytes)
            #expect(Base64.decodeForURL(Base64.encodeForURL(bytes).utf8) == bytes)
        }
    }

    @Test func `refuses every byte that is no digit, at each place of a group`() {
        let digits = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for byte in UInt8.min...UInt8.max {
            for place in 0..<4 {
                var text = Array("AAAA".utf8)
                text[place] = byte
                let isPadding = byte == UInt8(ascii: "=") && place == 3
                #expect((Base64.decode(text) != nil) == (digits.contains(byte) || isPadding), "\(byte) at \(place)")
            }
        }
    }
}
