internal import Crypto
import Synchronization

/// A token that stands in no memory: its hash.
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

    private let entries = Mutex<[TokenMark: Entry]>([:])

    /// Whose token it is; nil when it was not checked, or its time is over.
    func caller(_ mark: TokenMark, now: Int64) -> Caller? {
        entries.withLock { $0[mark] }.flatMap { $0.expiry > now ? $0.caller : nil }
    }

    func remember(_ mark: TokenMark, _ caller: Caller, until expiry: Int64, now: Int64) {
        entries.withLock { entries in
            if entries.count >= Self.most { entries = entries.filter { $0.value.expiry > now } }
            if entries.count >= Self.most { entries = [:] }
            entries[mark] = Entry(caller: caller, expiry: expiry)
        }
    }

    /// Forgets all of them: the keys have changed.
    func forget() {
        entries.withLock { $0 = [:] }
    }
}
