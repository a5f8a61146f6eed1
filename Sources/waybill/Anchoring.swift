import Anchoring
import Attestation
import Configuration
import HTTPClient
import LinuxIO
import Logging
import RegistryCore
import Synchronization

extension Settings {
    /// Bytes of the file of a key.
    private static let longestKey = 64 * 1024

    /// Whose signatures count, with the keys read from their files; or all that is wrong with them.
    func trustedBuilders() throws -> TrustedBuilders {
        var builders: [(key: BuilderKey, allowed: [BuilderPolicy.BuilderPattern])] = []
        var problems: [String] = []
        for rule in self.builders {
            do {
                let pem = try InputFile.read(rule.key, atMost: Self.longestKey)
                let key = try BuilderKey(pem: String(decoding: pem, as: UTF8.self))
                builders.append((key, rule.allow.compactMap { BuilderPolicy.BuilderPattern($0) }))
            } catch let failure as Failure {
                problems.append("builders: \(failure.message)")
            } catch {
                problems.append("builders: the key \(rule.key) cannot be used: \(error)")
            }
        }
        guard problems.isEmpty else { throw Failure(.cannotStart, problems.joined(separator: "\n")) }
        return TrustedBuilders(builders, logsForSigstore: ledger.sigstoreEntries)
    }

    /// Requests to others that may run at once. A server that does not answer holds its lane for as long as a request may
    /// take, so these are no lanes that anything else waits for.
    private static let outboundLanes = 4

    /// The log's ties to witnesses and time-stamp authorities; nil when there are none.
    func anchors(of ledger: RegistryCore.Ledger, logger: Logger) throws -> Anchors? {
        guard !self.ledger.witnesses.isEmpty || !self.ledger.timestampAuthority.isEmpty else { return nil }
        var schedule = AnchoringSchedule()
        schedule.timestamps = self.ledger.timestampInterval
        do {
            let authority = self.ledger.timestampAuthority
            return Anchors(
                log: ledger, witnesses: try self.ledger.witnesses.map { try Witness(parsing: $0) },
                timestamps: authority.isEmpty ? [] : [try OutboundURL(parsing: authority)],
                client: OutboundClient(lanes: Lanes(count: Self.outboundLanes)), schedule: schedule, logger: logger)
        } catch {
            throw Failure(.cannotStart, "ledger: \(error)")
        }
    }
}

/// Hands news of checkpoints on, from the writer, which is there first, to the anchors, which are made of it.
final class Publications: Sendable {
    private let anchors = Mutex<Anchors?>(nil)

    /// From now on `anchors` are told.
    func tell(_ anchors: Anchors) {
        self.anchors.withLock { $0 = anchors }
    }

    /// There is a new checkpoint.
    func publish() {
        anchors.withLock { $0 }?.notify()
    }
}
