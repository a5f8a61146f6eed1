package import LinuxIO
import Synchronization

/// Bounds on what somebody else's server may do to us.
package struct OutboundLimits: Sendable {
    /// From the first look for an address to an open connection, TLS included.
    package var connectTimeout = Duration.seconds(5)

    /// From the start of the transfer to the last byte. A server that sends drop by drop gains nothing.
    package var totalTimeout = Duration.seconds(30)

    /// Bytes of an answer; past it, `.tooLarge`. Cosignatures, time stamps and key sets take a few KiB.
    package var body = 1024 * 1024

    /// The limits by default.
    package init() {}
}

/// Sends requests to other servers, with the system's libcurl.
///
/// Redirects are not followed, proxies of the environment not used, and certificates always checked. Connections are kept
/// for the next request to the same server. The process must ignore `SIGPIPE`.
package final class OutboundClient: Sendable {
    private let lanes: Lanes
    private let handles: [TransferHandle]
    private let settings: TransferSettings
    /// Transfers that run or wait, for each lane.
    private let load: Mutex<[Int]>

    /// A client that works on `lanes`, as many requests at once as there are.
    ///
    /// - Parameters:
    ///   - lanes: for this client alone: a server that does not answer holds one for the whole of `totalTimeout`.
    ///   - proxy: for every request, when there is one.
    ///   - authorities: a PEM file with the certificates to trust instead of the system's.
    package init(
        lanes: Lanes, limits: OutboundLimits = OutboundLimits(), proxy: OutboundURL? = nil, authorities: String? = nil
    ) {
        self.lanes = lanes
        handles = (0..<lanes.count).map { _ in TransferHandle() }
        settings = TransferSettings(limits: limits, proxy: proxy, authorities: authorities)
        load = Mutex(Array(repeating: 0, count: lanes.count))
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// A task that is cancelled gets `.cancelled` within about a second; whether the server has acted is then unknown.
    package func send(_ request: OutboundRequest) async throws(HTTPClientError) -> OutboundResponse {
        let index = takeLane()
        defer { load.withLock { $0[index] -= 1 } }
        let (lane, handle, settings) = (lanes[index], handles[index], settings)
        let cancellation = Cancellation()
        let result = await withTaskCancellationHandler {
            await lane.run { () -> Result<OutboundResponse, HTTPClientError> in
                handle.perform(request, settings, cancellation)
            }
        } onCancel: {
            cancellation.isRequested.store(true, ordering: .relaxed)
        }
        return try result.get()
    }

    /// The lane with the least to do, so that one slow server does not hold up the others. The first of several,
    /// because it is the likeliest to have a connection already.
    private func takeLane() -> Int {
        load.withLock { load in
            let index = load.indices.min { load[$0] < load[$1] } ?? 0
            load[index] += 1
            return index
        }
    }
}

/// Whether somebody still waits for a transfer.
final class Cancellation: Sendable {
    let isRequested = Atomic<Bool>(false)
}
