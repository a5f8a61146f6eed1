internal import Crypto
import Synchronization

/// A token as it is remembered: its hash, of which nobody can make the token.
struct TokenMark: Hashable {
    private let hash: [UInt8]

    init(_ token: String) {
        hash = Array(SHA256.hash(data: Array(token.utf8)))
    }
}

/// Tokens that have been checked, so that a client's next request needs no signature.
final class RememberedTokens: Sendable {
    /// Each may hold as much as the longest token.
    private static let most = 2048

    private struct Entry {
        let caller: Caller
        /// In seconds since 1970-01-01 UTC.
        let expiry: Int64
    }

    private struct State {
        var entries: [TokenMark: Entry] = [:]
        /// Counts the sets of keys, so that what one of them said is not taken for the word of the next.
        var generation: UInt64 = 0
    }

    private let state = Mutex(State())

    /// To be taken before a token is checked, and given back when it is remembered.
    var generation: UInt64 { state.withLock { $0.generation } }

    /// Whose token it is; nil when it was not checked, or its time is over.
    func caller(_ mark: TokenMark, now: Int64) -> Caller? {
        state.withLock { $0.entries[mark] }.flatMap { $0.expiry > now ? $0.caller : nil }
    }

    /// Remembers what came of a check, unless the keys have changed since it began.
    func remember(_ mark: TokenMark, _ caller: Caller, until expiry: Int64, now: Int64, _ generation: UInt64) {
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.entries.count >= Self.most { state.entries = state.entries.filter { $0.value.expiry > now } }
            if state.entries.count >= Self.most { state.entries = [:] }
            state.entries[mark] = Entry(caller: caller, expiry: expiry)
        }
    }

    /// Forgets all of them: the keys have changed.
    func forget() {
        state.withLock { state in
            state.entries = [:]
            state.generation += 1
        }
    }
}
