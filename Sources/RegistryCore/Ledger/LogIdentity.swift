package import TransparencyLog

/// Who signs the log: one name, and the keys that sign for it now.
package struct LogIdentity: Sendable {
    /// The keys, the newest first. While a key is being replaced, the old one signs as well. Never empty.
    package let signers: [SignerKey]

    /// The name under which the log is known: the first line of its checkpoints (c2sp.org/tlog-checkpoint, "origin").
    package let origin: String

    /// - Throws: `LogError.noKey` without a key, and `.differentNames` when they are of several logs.
    package init(signers: [SignerKey]) throws(LogError) {
        guard let first = signers.first else { throw .noKey }
        guard signers.allSatisfy({ $0.verifier.name == first.verifier.name }) else { throw .differentNames }
        self.signers = signers
        origin = first.verifier.name.rawValue
    }
}

/// Why the log cannot be continued.
package enum LogError: Error, Equatable {
    case noKey
    case differentNames
    /// The log was begun under another name.
    case otherOrigin(expected: String, found: String)
    /// None of the keys has signed this log before, so nobody who knows it would trust what is signed now.
    case unknownKeys(expected: [String])
    /// A key that was retired once does not sign again.
    case retiredKey(String)
    /// What the database says of the tree contradicts itself.
    case damaged(String)
}

extension LogError: CustomStringConvertible {
    /// One sentence, safe to show.
    package var description: String {
        switch self {
        case .noKey: "a log needs a key to sign with"
        case .differentNames: "the keys of a log have one name, that of the log"
        case .otherOrigin(let expected, let found):
            "this ledger is the log \(expected) and cannot go on as \(found): set ledger.origin to \(expected)"
        case .unknownKeys(let expected):
            "this ledger was signed with other keys; put back the private key of \(expected.joined(separator: " or "))"
        case .retiredKey(let key): "the key \(key) was retired; remove its private key from the key file"
        case .damaged(let sentence): "the log is damaged: \(sentence)"
        }
    }
}
