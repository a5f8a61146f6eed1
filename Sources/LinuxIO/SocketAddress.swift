package import Glibc

/// Where a socket is bound or who is at its other end: an IPv4 or IPv6 address and a port.
package struct SocketAddress: Sendable, CustomStringConvertible {
    /// The numeric address without brackets; an IPv4 client of a dual-stack socket is shown as IPv4.
    package let host: String
    /// The TCP port.
    package let port: UInt16

    /// Reads what the kernel wrote; an address family we do not know gives an empty host.
    package init(_ storage: sockaddr_storage) {
        var storage = storage
        switch CInt(storage.ss_family) {
        case AF_INET:
            (host, port) = withUnsafePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                    var ip = address.pointee.sin_addr
                    return (Self.text(AF_INET, &ip), UInt16(bigEndian: address.pointee.sin_port))
                }
            }
        case AF_INET6:
            (host, port) = withUnsafePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                    var ip = address.pointee.sin6_addr
                    let text = Self.text(AF_INET6, &ip)
                    let plain = text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
                    return (plain, UInt16(bigEndian: address.pointee.sin6_port))
                }
            }
        default: (host, port) = ("", 0)
        }
    }

    private static func text(_ family: CInt, _ address: UnsafeRawPointer) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            guard let base = buffer.baseAddress, inet_ntop(family, address, base, socklen_t(buffer.count)) != nil
            else { return "" }
            return String(cString: base)
        }
    }

    /// The address itself, or the network of 64 bits that one customer has of IPv6.
    package var network: String {
        var address = in6_addr()
        guard host.contains(":"), inet_pton(AF_INET6, host, &address) == 1 else { return host }
        withUnsafeMutableBytes(of: &address) { bytes in for index in 8..<16 { bytes[index] = 0 } }
        return Self.text(AF_INET6, &address) + "/64"
    }

    /// As it is written in a URL: `127.0.0.1:5000`, `[::1]:5000`.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
