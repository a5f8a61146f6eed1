/// The name of an upload session: 122 random bits, so that knowing it is the right to continue it.
package struct UploadID: Hashable, Sendable, CustomStringConvertible {
    /// A version 4 UUID in lower case (RFC 9562 §5.4).
    package let description: String

    /// A new name, from the system's random source unless a test hands in another.
    package init(using random: inout some RandomNumberGenerator) {
        var high = random.next() as UInt64
        var low = random.next() as UInt64
        high = high & ~0xf000 | 0x4000
        low = low & ~(0b11 << 62) | 0b10 << 62
        let digits = Self.hex(high) + Self.hex(low)
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(decoding: digits[$0], as: UTF8.self) }
        description = parts.joined(separator: "-")
    }

    /// Reads a name that a client sent; nil when it is none of ours.
    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return nil }
        for (index, byte) in bytes.enumerated() {
            let isDash = index == 8 || index == 13 || index == 18 || index == 23
            let isHex = (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
            guard isDash ? byte == 0x2d : isHex else { return nil }
        }
        description = text
    }

    private static func hex(_ value: UInt64) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return (0..<16).map { digits[Int(value >> UInt64(60 - 4 * $0) & 0xf)] }
    }
}
