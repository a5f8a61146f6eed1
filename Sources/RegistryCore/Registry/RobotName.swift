/// The name of a robot: lower-case letters and digits, and between them single dots, dashes and underscores.
package struct RobotName: Hashable, Sendable, CustomStringConvertible {
    /// Characters of the longest name.
    package static let longest = 64

    /// The name as it is written.
    package let rawValue: String

    /// Reads a name; nil for what is none.
    package init?(_ text: String) {
        guard (1...Self.longest).contains(text.utf8.count) else { return nil }
        var wasSeparator = true
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): wasSeparator = false
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                guard !wasSeparator else { return nil }
                wasSeparator = true
            default: return nil
            }
        }
        guard !wasSeparator else { return nil }
        rawValue = text
    }

    /// As it is written.
    package var description: String { rawValue }
}
