package import HTTPWire

/// Bounds on what one client may ask of the engine. Each is a field of the configuration file.
package struct ServingLimits: Sendable {
    /// Bytes and fields of a request head; past them `431`, or `414` for the request line.
    package var head = HeadLimits()
    /// Connections open at once; at the limit an idle one makes room, or the next is told so.
    package var connections = 10_000
    /// Connections that one address may have open at once; past it `503`. 0 for no limit, as behind a proxy, where all come from one.
    package var connectionsPerAddress = 0
    /// Byte ranges in one request; past it the whole content is sent, which RFC 9110 §14.2 allows.
    package var ranges = 16
    /// From the first byte of a head to its last; past it `408`.
    package var headTimeout = Duration.seconds(10)
    /// Between two requests of a connection; past it the connection is closed.
    package var idleTimeout = Duration.seconds(60)
    /// Between the end of a request and its answer, without the time spent waiting for the body; past it `503`.
    package var handlerTimeout = Duration.seconds(60)
    /// Bytes a second that the sender of a body must keep up; past it `408`. And the receiver of an answer; past it the connection is
    /// closed. Zero allows any drip.
    package var bodyRate: Int64 = 1024
    /// The time over which `bodyRate` is measured, so that a pause is forgiven.
    package var bodyWindow = Duration.seconds(30)
    /// The time over which `bodyRate` is measured for the receiver of an answer.
    package var sendStall = Duration.seconds(60)
    /// How long requests may go on after a stop was asked for.
    package var drainTimeout = Duration.seconds(60)
    /// Bytes of an unread body that are read and dropped so that the connection can be used again.
    package var drainBytes: Int64 = 64 * 1024
    /// How long bytes of a refused body are read and dropped before the connection closes, so that the client gets to
    /// read the answer instead of a reset.
    package var linger = Duration.seconds(5)

    /// The defaults.
    package init() {}

    /// What `bodyRate` asks of a receiver in one `sendStall`.
    var bytesPerStall: Double { Double(bodyRate) * (sendStall / .seconds(1)) }

    /// What `bodyRate` asks for in one `bodyWindow`. Not a whole number, so that no setting can overflow.
    var bytesPerWindow: Double { Double(bodyRate) * (bodyWindow / .seconds(1)) }
}
