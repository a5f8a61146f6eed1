import Testing

@testable import TransparencyLog

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
