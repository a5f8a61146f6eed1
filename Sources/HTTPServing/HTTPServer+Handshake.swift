import LinuxIO
import Logging
import TLS

extension HTTPServer {
    /// Puts a new connection under TLS, in the time that a request head has; false when there is no connection any more.
    func secure(_ source: EventSource, peer: SocketAddress, on clock: LoopClock) async -> Bool {
        guard let keeper else { return true }
        guard let session = keeper.session(on: source.shared) else { return false }
        source.setDeadline(Instant.now.advanced(by: context.limits.headTimeout))
        while true {
            let needs: EventSource.Direction
            switch session.handshake() {
            case .done:
                source.secure(with: session)
                source.setDeadline(.distantFuture)
                return true
            case .needsReadable: needs = .readable
            case .needsWritable: needs = .writable
            case .plainHTTP:
                refusePlainHTTP(source, on: clock)
                return false
            case .failed(let error):
                context.logger.debug("no TLS", metadata: ["peer": "\(peer)", "error": "\(error)"])
                return false
            }
            guard await source.waitForHandshake(needs) == .ready else { return false }
        }
    }

    /// Tells whoever forgot the `s` of `https`, as a request of theirs would be answered.
    private func refusePlainHTTP(_ source: EventSource, on clock: LoopClock) {
        let encoded = context.encodedProblem(400, "this port speaks TLS: use https", nil, date: clock.date)
        // Best effort: there is nobody whom it could reach otherwise.
        _ = try? encoded.withUnsafeBytes { try source.send($0, more: false) }
        source.shutDown(sendingOnly: true)
    }
}
