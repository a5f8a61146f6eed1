internal import CTLS
import Glibc
package import LinuxIO

/// One connection under TLS.
///
/// `@unchecked Sendable`: used by one task at a time, on its loop or, while it waits there, on a lane.
package final class TLSSession: SecureChannel, @unchecked Sendable {
    /// How far a handshake is.
    package enum Handshake: Sendable, Equatable {
        case done
        case needsReadable, needsWritable
        /// The client speaks HTTP without TLS.
        case plainHTTP
        /// There is no way to agree.
        case failed(TLSError)
    }

    /// A name in a client's certificate.
    package enum PeerName: Hashable, Sendable {
        case uri(String)
        case dns(String)
        case common(String)
    }

    private let handle: OpaquePointer
    /// Both must live as long as the session does.
    private let server: TLSServer
    private let socket: SharedDescriptor

    init(_ handle: OpaquePointer, of server: TLSServer, on socket: SharedDescriptor) {
        self.handle = handle
        self.server = server
        self.socket = socket
    }

    deinit { ctls_session_free(handle) }

    /// Goes on with the handshake.
    package func handshake() -> Handshake {
        switch ctls_handshake(handle) {
        case 1: return .done
        case ctls_want_read: return .needsReadable
        case ctls_want_write: return .needsWritable
        case ctls_plain_http: return .plainHTTP
        default:
            var text = ErrorText()
            ctls_error(handle, &text.bytes, text.capacity)
            return .failed(text.error)
        }
    }

    /// The names of the client's certificate, which an authority of ours vouches for; empty when there is none.
    package func peerNames() -> [PeerName] {
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = ctls_peer_names(handle, &buffer, Int64(buffer.count))
        return buffer.prefix(Int(count)).split(separator: 0).compactMap { entry in
            guard let text = String(validating: entry.dropFirst(), as: UTF8.self) else { return nil }
            return switch entry.first {
            case UInt8(ascii: "U"): .uri(text)
            case UInt8(ascii: "D"): .dns(text)
            default: .common(text)
            }
        }
    }

    package func receive(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> ChannelProgress {
        try progress(ctls_read(handle, buffer.baseAddress, Int64(buffer.count)))
    }

    package func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> ChannelProgress {
        try progress(ctls_write(handle, bytes.baseAddress, Int64(bytes.count)))
    }

    package var sendsFiles: Bool { ctls_sends_files(handle) != 0 }

    package func send(
        _ file: SharedDescriptor, from start: Int64, count: Int
    ) throws(SystemError) -> (sent: Int, isFull: Bool) {
        var sent = 0
        while sent < count {
            let result = ctls_send_file(handle, file.number, start + Int64(sent), Int64(count - sent))
            guard case .moved(let moved) = try progress(result) else { return (sent, true) }
            guard moved > 0 else { break }
            sent += moved
        }
        return (sent, false)
    }

    package func sayGoodbye() {
        ctls_close_notify(handle)
    }

    private func progress(_ result: Int64) throws(SystemError) -> ChannelProgress {
        switch result {
        case 0...: return .moved(Int(result))
        case ctls_want_read: return .needsReadable
        case ctls_want_write: return .needsWritable
        default: throw SystemError(code: EPROTO, call: "TLS")
        }
    }
}
