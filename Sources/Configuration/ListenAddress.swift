internal import Glibc

/// An address to accept connections on: a host and a port.
package struct ListenAddress: Hashable, Sendable {
    /// The default: this machine only, on the port that registries have had since the first of them.
    package static let standard = ListenAddress(host: "127.0.0.1", port: 5000)

    /// A host name or an address without brackets; empty for every address of the machine.
    package let host: String
    /// 0 lets the system choose.
    package let port: UInt16
}

/// Why a text is no address.
package enum ListenAddressError: Error, Equatable {
    case missingPort
    case malformedPort(String)
    case malformedHost(String)
    case bracketsMissing(String)
}

extension ListenAddress {
    /// Reads `host:port`, `[v6]:port` or `:port`.
    package init(parsing text: String) throws(ListenAddressError) {
        guard let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") else { throw .missingPort }
        let port = text[text.index(after: colon)...]
        guard port.utf8.count <= 5, port.utf8.allSatisfy(\.isDigit), let number = UInt16(port) else {
            throw .malformedPort(String(port))
        }
        let host = String(text[..<colon])
        self.init(host: try ListenAddress.bare(host), port: number)
    }

    /// `host` without its brackets.
    private static func bare(_ host: String) throws(ListenAddressError) -> String {
        if host.hasPrefix("["), host.hasSuffix("]"), host.utf8.count > 2 {
            let inner = String(host.dropFirst().dropLast())
            guard IPv6(inner) != nil else { throw .malformedHost(inner) }
            return inner
        }
        guard IPv6(host) == nil else { throw .bracketsMissing(host) }
        guard host.isEmpty || HostName.isValid(host) else { throw .malformedHost(host) }
        return host
    }

    /// Whether only this machine can connect: `127.0.0.0/8`, `::1`, `localhost`.
    package var isLoopback: Bool {
        if let bytes = IPv4(host) { return bytes[0] == 127 }
        if let bytes = IPv6(host) {
            let mapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
            return bytes == [UInt8](repeating: 0, count: 15) + [1] || (mapped && bytes[12] == 127)
        }
        return host.lowercased() == "localhost"
    }
}

extension ListenAddress: CustomStringConvertible {
    /// As it is written in the configuration.
    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// The syntax of host names, RFC 1123 §2.1.
enum HostName {
    /// Whether `text` is a host name or an IPv4 address.
    static func isValid(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 253, labels.allSatisfy(isLabel) else { return false }
        // RFC 1123: what ends in a number is an address, and must then be one.
        let looksLikeAddress = labels.last?.utf8.allSatisfy(\.isDigit) ?? false
        return !looksLikeAddress || IPv4(text) != nil
    }

    private static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count) && label.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == .hyphen }
            && label.utf8.first != .hyphen && label.utf8.last != .hyphen
    }
}

/// The bytes of the IPv4 address `text`; nil when it is none.
private func IPv4(_ text: String) -> [UInt8]? {
    guard text.utf8.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: ".") }) else { return nil }
    var address = in_addr()
    guard inet_pton(AF_INET, text, &address) == 1 else { return nil }
    return withUnsafeBytes(of: address) { Array($0) }
}

/// The bytes of the IPv6 address `text`; nil when it is none.
private func IPv6(_ text: String) -> [UInt8]? {
    guard text.utf8.allSatisfy({ $0.isDigit || $0.isLetter || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
    else { return nil }
    var address = in6_addr()
    guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
    return withUnsafeBytes(of: address) { Array($0) }
}

extension UInt8 {
    fileprivate static let hyphen = UInt8(ascii: "-")
    fileprivate var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
    /// Whether this is an ASCII digit.
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
