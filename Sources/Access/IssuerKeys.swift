package import LinuxIO
import Synchronization

/// The keys of an issuer: fetched, kept, and fetched again when they grow old or a token names one that is not among them.
///
/// Keys that were fetched once stay for a day when the issuer cannot be reached: its tokens are believed meanwhile. A request
/// waits for the issuer only when no key that it needs is here.
package final class IssuerKeys: Sendable {
    /// Fetches a document, by its URL or the path of a file.
    package typealias Fetch = @Sendable (String) async throws -> [UInt8]

    /// What became of a fetch, for the log.
    package enum Event: Equatable, Sendable {
        /// There are other keys than before, so many.
        case changed(Int)
        case failed(String)
        /// After a failure, the same keys as before were fetched.
        case recovered
        /// Nothing was fetched for so long that no token is believed any more.
        case expired
    }

    /// How old keys may grow before they are fetched again.
    package static let freshness = Duration.seconds(600)
    /// The time between two fetches, whatever tokens name: whoever invents names of keys does not make us fetch.
    static let pause = Duration.seconds(10)
    /// How old keys may grow while the issuer cannot be reached.
    static let longestAge = Duration.seconds(24 * 3600)

    private struct State {
        var keys: TokenKeySet?
        var document: [UInt8] = []
        var fetched: Instant?
        var tried: Instant?
        var fetching: Task<Void, Never>?
        /// Why the last fetch failed, so that it is not said again.
        var failure: String?
        var isExpired = false
    }

    private let issuer: String
    private let location: String?
    private let fetch: Fetch
    private let report: @Sendable (Event) -> Void
    private let now: @Sendable () -> Instant
    private let state = Mutex(State())
    let remembered = RememberedTokens()

    /// No keys yet.
    ///
    /// - Parameters:
    ///   - issuer: its URL; the document of its keys is found below it.
    ///   - location: where the keys are, if that is not to be looked up.
    package init(
        of issuer: String, at location: String? = nil, now: @escaping @Sendable () -> Instant = { .now },
        report: @escaping @Sendable (Event) -> Void = { _ in }, fetch: @escaping Fetch
    ) {
        self.issuer = issuer
        self.location = location
        self.fetch = fetch
        self.report = report
        self.now = now
    }

    /// Fetches the keys, and again whenever they are old, until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            await withTaskCancellationHandler {
                await refresh()
            } onCancel: {
                state.withLock { $0.fetching }?.cancel()
            }
            let hasKeys = state.withLock { $0.failure == nil }
            try? await Task.sleep(for: hasKeys ? Self.freshness : Self.pause)
        }
    }

    /// Fetches the keys now: their file has changed.
    package func reload() async {
        state.withLock { $0.tried = nil }
        await refresh()
    }

    /// Whether there are keys that are not too old.
    var areUsable: Bool { usable != nil }

    /// Checks that the token was signed with one of the keys; gives what to remember the outcome with.
    func verify(_ token: CompactToken) async throws(TokenError) -> UInt64 {
        if usable.map({ $0.isMissingKey(of: token) }) ?? true { await refresh() }
        let generation = remembered.generation
        guard let keys = usable else { throw .keysUnavailable }
        try keys.verify(token)
        return generation
    }

    private var usable: TokenKeySet? {
        let now = now()
        return state.withLock { state in
            guard let fetched = state.fetched, fetched.advanced(by: Self.longestAge) > now else { return nil }
            return state.keys
        }
    }

    /// Fetches the keys unless that was just done; whoever asks meanwhile waits for the same fetch.
    private func refresh() async {
        let now = now()
        let fetching = state.withLock { state -> Task<Void, Never>? in
            if let running = state.fetching { return running }
            if let tried = state.tried, tried.advanced(by: Self.pause) > now { return nil }
            state.tried = now
            let task = Task { await self.fetchNow() }
            state.fetching = task
            return task
        }
        await fetching?.value
    }

    private func fetchNow() async {
        let result: Result<(document: [UInt8], keys: TokenKeySet), any Error>
        do {
            let document = try await fetch(keyLocation())
            result = .success((document, try await TokenKeySet(document: document)))
        } catch {
            result = .failure(error)
        }
        let now = now()
        let event = state.withLock { state -> Event? in
            state.fetching = nil
            switch result {
            case .success(let (document, keys)):
                let hadFailed = state.failure != nil
                state.fetched = now
                state.failure = nil
                state.isExpired = false
                guard state.document != document else { return hadFailed ? .recovered : nil }
                (state.document, state.keys) = (document, keys)
                return .changed(keys.count)
            case .failure(let error):
                let words = "\(error)"
                defer { state.failure = words }
                if let fetched = state.fetched, fetched.advanced(by: Self.longestAge) <= now, !state.isExpired {
                    state.isExpired = true
                    return .expired
                }
                return state.failure == words ? nil : .failed(words)
            }
        }
        guard let event else { return }
        if case .changed = event { remembered.forget() }
        report(event)
    }

    private func keyLocation() async throws -> String {
        if let location { return location }
        return try Discovery.keyLocation(in: try await fetch(Discovery.location(of: issuer)), of: issuer)
    }
}
