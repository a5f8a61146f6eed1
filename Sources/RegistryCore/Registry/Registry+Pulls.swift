package import OCI
import Synchronization

/// When manifests were last pulled, kept in memory until it is written.
final class PullTimes: Sendable {
    /// A manifest in a repository.
    struct Place: Hashable, Sendable {
        let repository: RepositoryName
        let digest: Digest
    }

    /// How many are kept; past it, pulls of further manifests are not noted until these are written.
    private static let most = 65_536
    private let times = Mutex<[Place: Int64]>([:])

    func note(_ place: Place, at time: Int64) {
        times.withLock { times in
            guard times.count < Self.most || times[place] != nil else { return }
            times[place] = time
        }
    }

    /// What has been noted since the last time.
    func take() -> [(place: Place, time: Int64)] {
        times.withLock { times in
            defer { times = [:] }
            return times.map { ($0.key, $0.value) }
        }
    }
}

extension Registry {
    /// Places whose times are written in one transaction: pushes wait for it.
    private static let pullsAtOnce = 500

    /// Notes that somebody pulls a manifest. What nobody has written yet is lost when the process is killed.
    package func notePull(of digest: Digest, in repository: RepositoryName) {
        pulls.note(PullTimes.Place(repository: repository, digest: digest), at: now)
    }

    /// Writes down when manifests were pulled, for the rules of tags; to the hour, so that what is pulled all the time is seldom written.
    package func writePulls() async throws {
        let noted = pulls.take()
        for start in stride(from: 0, to: noted.count, by: Self.pullsAtOnce) {
            let some = noted[start..<min(start + Self.pullsAtOnce, noted.count)]
            try await ledger.write(durable: false) { transaction in
                for (place, time) in some {
                    try transaction.setPulled(place.digest, in: place.repository, at: time)
                }
            }
        }
    }
}
