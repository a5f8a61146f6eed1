import CLinux
import Glibc

/// Sockets that wait for connections.
package enum Listening {
    /// Why an address could not be listened on, in words for the person who typed it.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Opens one socket for every address that `host` stands for, all on the same port.
    ///
    /// An empty host means every address of the machine, IPv6 and IPv4 in one dual-stack socket. `localhost` usually gives
    /// two sockets. Port 0 lets the kernel choose.
    package static func open(host: String, port: UInt16, backlog: CInt = 1024) throws -> [FileDescriptorBox] {
        let addresses = try resolve(host: host.isEmpty ? "::" : host, port: port)
        var chosen = port
        var sockets: [FileDescriptorBox] = []
        for address in addresses {
            do {
                let socket = try listen(on: address, port: chosen, backlog: backlog)
                if chosen == 0 { chosen = try localAddress(of: socket.number).port }
                sockets.append(FileDescriptorBox(socket))
            } catch let error as SystemError {
                // `localhost` may name ::1 on a machine without IPv6; one working address is enough.
                if error.code == EADDRNOTAVAIL || error.code == EAFNOSUPPORT, addresses.count > 1 { continue }
                throw Failure(description: "cannot listen on \(host.isEmpty ? "*" : host):\(port): \(error)")
            }
        }
        guard !sockets.isEmpty else { throw Failure(description: "\(host) is no address of this machine") }
        return sockets
    }

    /// The address a socket is bound to.
    package static func localAddress(of number: CInt) throws(SystemError) -> SocketAddress {
        var storage = sockaddr_storage()
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                return getsockname(number, address, &length)
            }
        }
        guard result == 0 else { throw SystemError.last("getsockname") }
        return SocketAddress(storage)
    }

    private struct Resolved {
        var family: CInt
        var address: [UInt8]
    }

    private static func resolve(host: String, port: UInt16) throws -> [Resolved] {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            throw Failure(description: "cannot resolve \(host): \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(list) }
        var result: [Resolved] = []
        var next = list
        while let info = next?.pointee {
            if let address = info.ai_addr {
                result.append(
                    Resolved(
                        family: info.ai_family,
                        address: Array(UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen)))))
            }
            next = info.ai_next
        }
        return result
    }

    private static func listen(on resolved: Resolved, port: UInt16, backlog: CInt) throws -> FileDescriptor {
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let socket = FileDescriptor(owning: try systemCall("socket") { Glibc.socket(resolved.family, type, 0) })
        let number = socket.number
        try setOption(number, SOL_SOCKET, SO_REUSEADDR, 1)
        if resolved.family == AF_INET6 { try setOption(number, CInt(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        var address = resolved.address
        // The port is at the same place in both families, in network order.
        address[2] = UInt8(port >> 8)
        address[3] = UInt8(port & 0xff)
        _ = try address.withUnsafeBytes { bytes in
            try systemCall("bind") {
                bind(number, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
            }
        }
        _ = try systemCall("listen") { Glibc.listen(number, backlog) }
        return socket
    }

    /// Sets an integer option of a socket.
    package static func setOption(
        _ number: CInt, _ level: CInt, _ option: CInt, _ value: CInt
    ) throws(SystemError) {
        var value = value
        _ = try systemCall("setsockopt") {
            setsockopt(number, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
        }
    }

    /// Answers go out at once instead of waiting for the acknowledgement of the one before.
    package static func setNoDelay(_ number: CInt) {
        // A socket whose peer has already gone refuses; the next receive finds out.
        try? setOption(number, CInt(IPPROTO_TCP), TCP_NODELAY, 1)
    }
}
