import Glibc
import RegistryTesting
import Testing

@testable import LinuxIO

@Suite struct `Listening for connections` {
    @Test func `lets the kernel choose a port`() throws {
        let sockets = try Listening.open(host: "127.0.0.1", port: 0)
        #expect(sockets.count == 1)
        let address = try #require(sockets.first?.localAddress)
        #expect(address.port > 0)
        #expect(address.description == "127.0.0.1:\(address.port)")
        _ = try TestConnection(port: address.port)
    }

    @Test func `uses one port for every address of localhost`() throws {
        let addresses = try Listening.open(host: "localhost", port: 0).compactMap(\.localAddress)
        #expect(!addresses.isEmpty)
        #expect(Set(addresses.map(\.port)).count == 1)
        #expect(addresses.allSatisfy { ["127.0.0.1", "::1"].contains($0.host) })
        #expect(Set(addresses.map(\.host)).count == addresses.count)
    }

    @Test func `answers IPv4 and IPv6 alike when no host is named`() async throws {
        let socket = try #require(Listening.open(host: "", port: 0).first)
        let port = try #require(socket.localAddress?.port)
        #expect(socket.localAddress?.host == "::")
        let client = try TestConnection(port: port)
        let peer = try await withLoop { loop in
            guard let descriptor = socket.take() else { return SocketAddress?.none }
            let listener = try loop.watch(descriptor)
            defer { listener.close() }
            while true {
                if let accepted = try listener.accept() { return accepted.peer }
                _ = await listener.wait(.readable)
            }
        }
        #expect(peer?.host == "127.0.0.1")
        _ = client
    }

    @Test func `says in a sentence that the address is taken`() throws {
        let first = try Listening.open(host: "127.0.0.1", port: 0)
        let port = try #require(first.first?.localAddress?.port)
        let error = #expect(throws: Listening.Failure.self) { try Listening.open(host: "127.0.0.1", port: port) }
        #expect(error?.description == "cannot listen on 127.0.0.1:\(port): bind: Address already in use (98)")
        _ = first.count
    }

    @Test func `says in a sentence that a host is unknown`() {
        let host = "no.such.host.invalid"
        let error = #expect(throws: Listening.Failure.self) { try Listening.open(host: host, port: 0) }
        #expect(error?.description.hasPrefix("cannot resolve no.such.host.invalid: ") == true)
    }

    @Test func `says in a sentence that an address is another machine's`() {
        // TEST-NET-1 of RFC 5737: nobody has it.
        let error = #expect(throws: Listening.Failure.self) { try Listening.open(host: "192.0.2.1", port: 0) }
        #expect(error?.description == "cannot listen on 192.0.2.1:0: bind: Cannot assign requested address (99)")
    }

    @Test func `may take up a port again while a connection of the last run lingers in TIME_WAIT`() throws {
        // An address that no other test listens on or connects from: nobody can take the port in between.
        let host = "127.83.17.5"
        var port: UInt16 = 0
        do {
            let box = try #require(try Listening.open(host: host, port: 0).first)
            port = try #require(box.localAddress?.port)
            guard let socket = box.take() else { throw TestConnection.Failure.closed }
            let client = try TestConnection(host: host, port: port)
            var waiting = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
            try #require(poll(&waiting, 1, 20_000) == 1)
            let accepted = accept(socket.number, nil, nil)
            try #require(accepted >= 0)
            // The side that closes first is the one that lingers.
            close(accepted)
            #expect(client.isClosed())
        }
        #expect(try Listening.open(host: host, port: port).count == 1)
    }

    @Test func `gives the kernel's reason for something that is no socket`() throws {
        let pipe = try Pipe()
        var failure: SystemError?
        do { _ = try Listening.localAddress(of: pipe.reading.number) } catch { failure = error }
        #expect(failure == SystemError(code: ENOTSOCK, call: "getsockname"))
    }
}

@Suite struct `The address of a socket` {
    func address(ipv6 text: String, port: UInt16) -> SocketAddress {
        var storage = sockaddr_storage()
        withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                address.pointee.sin6_family = sa_family_t(AF_INET6)
                address.pointee.sin6_port = port.bigEndian
                inet_pton(AF_INET6, text, &address.pointee.sin6_addr)
            }
        }
        return SocketAddress(storage)
    }

    func address(ipv4 text: String, port: UInt16) -> SocketAddress {
        var storage = sockaddr_storage()
        withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                address.pointee.sin_family = sa_family_t(AF_INET)
                address.pointee.sin_port = port.bigEndian
                inet_pton(AF_INET, text, &address.pointee.sin_addr)
            }
        }
        return SocketAddress(storage)
    }

    @Test func `is written as in a URL`() {
        #expect(address(ipv4: "127.0.0.1", port: 5000).description == "127.0.0.1:5000")
        #expect(address(ipv6: "::1", port: 5000).description == "[::1]:5000")
        #expect(address(ipv6: "2001:db8::2:1", port: 65_535).description == "[2001:db8::2:1]:65535")
    }

    @Test func `shows an IPv4 client of a dual-stack socket as IPv4`() {
        let mapped = address(ipv6: "::ffff:1.2.3.4", port: 80)
        #expect(mapped.host == "1.2.3.4")
        #expect(mapped.description == "1.2.3.4:80")
    }

    @Test func `keeps what only looks like IPv4`() {
        #expect(address(ipv6: "::ffff:0:102:304", port: 1).host == "::ffff:0:102:304")
        #expect(address(ipv6: "::1.2.3.4", port: 1).host == "::1.2.3.4")
    }

    @Test func `belongs to a network of 64 bits, of IPv6 only`() {
        #expect(address(ipv4: "1.2.3.4", port: 1).network == "1.2.3.4")
        #expect(address(ipv6: "::ffff:1.2.3.4", port: 1).network == "1.2.3.4")
        #expect(address(ipv6: "2001:db8:1:2:3:4:5:6", port: 1).network == "2001:db8:1:2::/64")
        #expect(address(ipv6: "2001:db8:1:2::9", port: 2).network == "2001:db8:1:2::/64")
        #expect(address(ipv6: "2001:db8:1:3::9", port: 2).network == "2001:db8:1:3::/64")
        #expect(address(ipv6: "::1", port: 1).network == "::/64")
    }

    @Test func `is empty for a family we do not know`() {
        var storage = sockaddr_storage()
        storage.ss_family = sa_family_t(AF_UNIX)
        #expect(SocketAddress(storage).host == "")
        #expect(SocketAddress(storage).port == 0)
    }
}
