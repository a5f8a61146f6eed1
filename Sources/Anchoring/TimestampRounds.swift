import HTTPClient
import TransparencyLog

/// What came of asking one time-stamp authority once.
enum TimestampOutcome {
    /// There is no checkpoint, or none that is newer.
    case nothingToStamp
    /// A token over this checkpoint is stored; the authority says it signed at this second since 1970.
    case stamped(SignedCheckpoint, time: Int64)
    /// A sentence.
    case failed(String)

    var isWorthRepeating: Bool {
        if case .failed = self { true } else { false }
    }
}

/// Has checkpoints stamped by RFC 3161 authorities.
struct TimestampRounds: Sendable {
    let log: any AnchoredLog
    let client: OutboundClient
    let nonce: @Sendable () -> UInt64

    /// Asks one authority once, unless `stamped` is the newest checkpoint.
    func run(at authority: OutboundURL, after stamped: SignedCheckpoint?) async -> TimestampOutcome {
        do {
            guard let checkpoint = try log.latestCheckpoint(), checkpoint != stamped else { return .nothingToStamp }
            let request = TimestampRequest(message: checkpoint.bytes, nonce: nonce())
            let response = try await client.send(
                OutboundRequest(
                    .post(request.bytes), authority,
                    fields: [
                        ("Content-Type", TimestampRequest.mediaType), ("Accept", TimestampResponse.mediaType),
                    ]))
            guard response.status == 200, response.mediaType == TimestampResponse.mediaType else {
                return .failed("the answer has the status \(response.status) or is no \(TimestampResponse.mediaType)")
            }
            let token = try TimestampResponse(parsing: response.body).check(against: request)
            try await log.store(timestamp: token.bytes, of: checkpoint)
            return .stamped(checkpoint, time: token.time)
        } catch {
            return .failed("\(error)")
        }
    }
}
