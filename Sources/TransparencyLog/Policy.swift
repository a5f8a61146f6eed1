/// Whom to trust: logs, witnesses, and how many of them (c2sp.org/tlog-policy).
package struct Policy: Hashable, Sendable {
    /// The logs. A checkpoint has to be signed by one of them.
    package let logs: [Log]

    /// The witnesses whose cosignatures count.
    package let witnesses: [Witness]

    /// The groups of witnesses, each after all of its members.
    package let groups: [Group]

    /// The witness or group that has to have signed; `nil` when none has to.
    package let quorum: Name?

    /// A log that is trusted to be one.
    package struct Log: Hashable, Sendable {
        /// Its key, whose name is the origin of its checkpoints.
        package let key: VerifierKey
        /// Where it may be found.
        package let url: String?
    }

    /// A witness.
    package struct Witness: Hashable, Sendable {
        /// What the policy calls it.
        package let name: Name
        /// Its key for cosignatures.
        package let key: VerifierKey
        /// Where it may be asked to sign.
        package let url: String?
    }

    /// Witnesses and groups of which enough have to have signed.
    package struct Group: Hashable, Sendable {
        /// What the policy calls it.
        package let name: Name
        /// How many members are enough: 1 to all.
        package let threshold: Int
        /// Its members, defined before it.
        package let members: [Name]
    }

    /// The name of a witness or a group: any bytes but spaces and control characters ("Character set").
    package struct Name: Hashable, Sendable, CustomStringConvertible {
        /// The bytes, which are all that counts.
        package let bytes: [UInt8]

        /// The name as far as it is UTF-8.
        package var description: String { String(decoding: bytes, as: UTF8.self) }
    }
}

extension Policy {
    /// Whom a checkpoint that is trusted was signed by.
    package struct Verdict: Hashable, Sendable {
        /// The log.
        package let log: VerifierKey

        /// The valid cosignatures by witnesses of the policy, more than enough perhaps.
        package let cosignatures: [VerifiedSignature]
    }

    /// Decides whether the checkpoint is to be trusted.
    ///
    /// A log counts for checkpoints of its own origin only. An invalid signature by a known key spoils the checkpoint,
    /// even when enough others are valid (c2sp.org/signed-note, "Signatures").
    package func evaluate(_ signed: SignedCheckpoint) throws(PolicyViolation) -> Verdict {
        let origin = signed.checkpoint.origin
        let logs = logs.map(\.key).filter { $0.name.rawValue.isExactly(origin) }
        guard !logs.isEmpty else { throw .unknownLog }
        let verified: [VerifiedSignature]
        do {
            verified = try signed.note.verify(by: logs + witnesses.map(\.key))
        } catch {
            throw .untrustedNote(error)
        }
        guard let log = verified.first(where: { logs.contains($0.key) }) else { throw .notSignedByLog }
        let cosignatures = verified.filter { $0.key.type == .cosignature }
        guard isQuorum(Set(cosignatures.map(\.key))) else { throw .quorumNotMet }
        return Verdict(log: log.key, cosignatures: cosignatures)
    }

    private func isQuorum(_ keys: Set<VerifierKey>) -> Bool {
        guard let quorum else { return true }
        var witnessed = Set(witnesses.filter { keys.contains($0.key) }.map(\.name))
        // In their order, because members come before their group.
        for group in groups where group.members.count(where: witnessed.contains) >= group.threshold {
            witnessed.insert(group.name)
        }
        return witnessed.contains(quorum)
    }
}

/// Why a checkpoint is not trusted.
package enum PolicyViolation: Error, Equatable {
    case unknownLog
    case notSignedByLog
    case quorumNotMet
    case untrustedNote(NoteError)
}

extension PolicyViolation: CustomStringConvertible {
    /// One sentence.
    package var description: String {
        switch self {
        case .unknownLog: "the policy has no log of this origin"
        case .notSignedByLog: "the checkpoint is not signed by its log"
        case .quorumNotMet: "not enough witnesses have signed the checkpoint"
        case .untrustedNote(let error): error.description
        }
    }
}
