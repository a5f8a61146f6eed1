internal import CTLS
import LinuxIO

/// The certificates and rules with which a server answers handshakes. Connections that have begun keep the ones they began with.
///
/// Sessions can be resumed for an hour by what their tickets say, which only this server can read: no other one, no later process.
///
/// `@unchecked Sendable`: OpenSSL's contexts count their users atomically, the keys of tickets are behind a lock, and nothing else
/// changes after `init`.
package final class TLSServer: @unchecked Sendable {
    /// A certificate with its chain and its key, both PEM.
    package struct Identity: Sendable {
        package let chain: [UInt8]
        package let key: [UInt8]

        /// The server's own certificate stands first in the chain.
        package init(chain: [UInt8], key: [UInt8]) {
            self.chain = chain
            self.key = key
        }
    }

    /// Who may vouch for clients, if they are asked for a certificate.
    package struct ClientAuthorities: Sendable {
        package let certificates: [UInt8]
        package let isRequired: Bool

        /// Certificates in PEM; without `isRequired` a client may have none.
        package init(certificates: [UInt8], isRequired: Bool) {
            self.certificates = certificates
            self.isRequired = isRequired
        }
    }

    private let handle: OpaquePointer

    /// A server with these identities, of which the first is also for clients that name a host no certificate is for.
    ///
    /// - Throws: `TLSError`, which shows nothing of the keys.
    package init(
        _ identities: [Identity], clients: ClientAuthorities? = nil, onlyTLS13: Bool = false
    ) throws(TLSError) {
        precondition(!identities.isEmpty, "a server needs a certificate")
        var text = ErrorText()
        guard let handle = ctls_server_new(onlyTLS13 ? 1 : 0, &text.bytes, text.capacity) else { throw text.error }
        self.handle = handle
        if let clients {
            let result = ctls_server_trust_clients(
                handle, clients.certificates, Int64(clients.certificates.count), clients.isRequired ? 1 : 0,
                &text.bytes,
                text.capacity)
            guard result == 0 else { throw text.error }
        }
        for identity in identities {
            let result = ctls_server_add(
                handle, identity.chain, Int64(identity.chain.count), identity.key, Int64(identity.key.count),
                &text.bytes,
                text.capacity)
            guard result == 0 else { throw text.error }
        }
    }

    deinit { ctls_server_free(handle) }

    /// A session on a connected socket that does not block; nil when there is no memory.
    func session(on socket: SharedDescriptor, at now: Instant) -> TLSSession? {
        ctls_session_new(handle, socket.number, now.nanoseconds / 1_000_000_000).map {
            TLSSession($0, of: self, on: socket)
        }
    }
}

/// What OpenSSL says of a failure.
package struct TLSError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// Room for OpenSSL's words.
struct ErrorText {
    var bytes = [CChar](repeating: 0, count: 256)
    var capacity: Int64 { Int64(bytes.count) }
    var error: TLSError {
        TLSError(description: String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
