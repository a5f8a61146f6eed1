package import OCI

/// An entry of our log: what happened, as canonical JSON (RFC 8785) of digests and salted hashes.
///
/// An entry can never be changed or taken back, so nothing personal is in it in clear. What it commits to is kept
/// elsewhere and can be erased there; the proofs stay valid.
package struct LeafDocument: Sendable {
    /// What happened.
    package enum Kind: String, Sendable, CaseIterable {
        case push, tag, delete, gc
        case build, attestation, signature, verification, decision, promotion, deployment
        case pullBatch = "pull-batch"
        case policy, key, redaction, genesis
    }

    /// Which repository it happened in: by name, or by a salted hash where the name itself is confidential.
    package enum Repository: Hashable, Sendable {
        case name(RepositoryName)
        case hash(Digest)
    }

    /// The version of this format, the member `v`.
    package static let version = "waybill.ledger/v1"

    /// What happened.
    package var kind: Kind
    /// The log, as its checkpoints call it.
    package var origin: String
    /// When, in UTC and RFC 3339. Proves nothing; the order of the entries does.
    package var time: String
    /// Where.
    package var repository: Repository?
    /// What it is about.
    package var subject: Digest?
    /// The salted hash of who did it.
    package var actor: Digest?
    /// The identity of the build platform.
    package var builder: String?
    /// The source revision, such as `gitCommit:7fd1…`.
    package var revision: String?
    /// The type of the statement's predicate.
    package var predicateType: String?
    /// The SHA-256 of the DSSE envelope.
    package var envelope: Digest?
    /// The SHA-256 of the in-toto statement.
    package var statement: Digest?
    /// The SHA-256 of the labels.
    package var labels: Digest?
    /// The SHA-256 of the last checkpoint before this entry: it cannot be older than that.
    package var previousCheckpoint: Digest?
    /// Members of this kind only. Numbers beyond ±2^53 have to be strings (RFC 8785 §3.1).
    package var additional: JSONObject = [:]

    private let nonce: Nonce

    /// An entry with the members that every entry has.
    package init(kind: Kind, origin: String, time: String, nonce: Nonce) {
        self.kind = kind
        self.origin = origin
        self.time = time
        self.nonce = nonce
    }

    /// The bytes that are logged.
    ///
    /// - Throws: `.memberTwice` when `additional` has a member that every entry may have, `.notSHA256`, and `.tooLong` past
    ///   the 65,535 bytes that an entry bundle can hold.
    package func entry() throws(LeafError) -> [UInt8] {
        var object = try members()
        for member in additional.members {
            guard !Self.reserved.contains(member.key) else { throw .memberTwice(member.key) }
            object[member.key] = member.value
        }
        let bytes = JSONValue.object(object).canonical()
        guard bytes.count <= EntryBundle.longestEntry else { throw .tooLong(bytes.count) }
        return bytes
    }

    private func members() throws(LeafError) -> JSONObject {
        var object: JSONObject = [
            "kind": .string(kind.rawValue), "nonce": .string(nonce.text), "origin": .string(origin),
            "time": .string(time), "v": .string(Self.version),
        ]
        switch repository {
        case .name(let name): object["repository"] = .string(name.rawValue)
        case .hash(let hash): object["repositorySha256"] = try sha256(hash, "repositorySha256")
        case nil: break
        }
        object["subjectDigest"] = subject.map { .string("\($0)") }
        object["builder"] = builder.map { .string($0) }
        object["revision"] = revision.map { .string($0) }
        object["predicateType"] = predicateType.map { .string($0) }
        object["actorSha256"] = try sha256(actor, "actorSha256")
        object["envelopeSha256"] = try sha256(envelope, "envelopeSha256")
        object["statementSha256"] = try sha256(statement, "statementSha256")
        object["labelsSha256"] = try sha256(labels, "labelsSha256")
        object["prevCheckpointSha256"] = try sha256(previousCheckpoint, "prevCheckpointSha256")
        return object
    }

    private func sha256(_ digest: Digest?, _ member: String) throws(LeafError) -> JSONValue? {
        guard let digest else { return nil }
        guard digest.algorithm == .sha256 else { throw .notSHA256(member) }
        return .string(digest.hex)
    }

    private static let reserved: Set = [
        "actorSha256", "builder", "envelopeSha256", "kind", "labelsSha256", "nonce", "origin", "predicateType",
        "prevCheckpointSha256", "repository", "repositorySha256", "revision", "statementSha256", "subjectDigest",
        "time", "v",
    ]
}

/// 16 random bytes in an entry, so that nobody can guess its content from its hash, which is public.
package struct Nonce: Hashable, Sendable {
    private let bytes: [UInt8]

    /// Random bytes; `nil` unless there are 16.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Base64 for URLs, without padding.
    package var text: String { Base64.encodeForURL(bytes) }
}

/// 16 random bytes, kept apart from the log, for one value in one entry. Without them, the hash of the value says nothing.
package struct Salt: Hashable, Sendable {
    /// The bytes. To erase a value, erase them with it.
    package let bytes: [UInt8]

    /// Random bytes; `nil` unless there are 16.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// What an entry says instead of the value: SHA-256(salt ‖ value).
    package func hash(of value: some Sequence<UInt8>) -> Digest {
        Digest(algorithm: .sha256, hash: (bytes + value).sha256)
    }
}

/// Why an entry cannot be written.
package enum LeafError: Error, Equatable {
    case tooLong(Int)
    case notSHA256(String)
    case memberTwice(String)
}

extension LeafError: CustomStringConvertible {
    /// One sentence with the values.
    package var description: String {
        switch self {
        case .tooLong(let count): "an entry has at most \(EntryBundle.longestEntry) bytes, this one has \(count)"
        case .notSHA256(let member): "\(member) has to be a sha256 digest"
        case .memberTwice(let member): "\(member) is a member that every entry has in its own place"
        }
    }
}
