package import OCI

/// An entry of a log with its proof, as Sigstore bundles hold it and as Rekor v2 answers (sigstore_rekor.proto,
/// `TransparencyLogEntry`).
package struct TransparencyLogEntry: Hashable, Sendable {
    /// The kind of the entry, such as `hashedrekord`.
    package let kind: String

    /// The version of the kind.
    package let version: String

    /// The bytes of the entry, whose hash is in the tree.
    package let entry: [UInt8]

    /// Where the entry is in the tree of the checkpoint.
    package let inclusion: InclusionProof

    /// What the log, and perhaps witnesses, have signed.
    package let checkpoint: SignedCheckpoint

    /// Which log it is: the whole hash of which a key ID is the beginning. A hint; the checkpoint says who signed.
    package let logID: [UInt8]

    /// Puts an entry together.
    ///
    /// - Throws: `.wrongSize` when the checkpoint is about a tree of another size.
    package init(
        kind: String, version: String, entry: [UInt8], inclusion: InclusionProof, checkpoint: SignedCheckpoint,
        log: VerifierKey
    ) throws(LogEntryError) {
        guard inclusion.size == checkpoint.checkpoint.size else {
            throw .wrongSize(expected: checkpoint.checkpoint.size, found: inclusion.size)
        }
        self.kind = kind
        self.version = version
        self.entry = entry
        self.inclusion = inclusion
        self.checkpoint = checkpoint
        logID = log.logID
    }

    /// Reads an entry out of a bundle. Needs the proof and the checkpoint in it; the promise of Rekor v1 is no proof.
    ///
    /// - Throws: `.wrongSize` and `.wrongRoot` also when what the proof says of its tree is not what the checkpoint says.
    package init(_ json: JSONValue) throws(LogEntryError) {
        let kindVersion = json["kindVersion"]
        guard let kind = kindVersion?["kind"]?.string else { throw .malformed("kindVersion.kind") }
        guard let version = kindVersion?["version"]?.string else { throw .malformed("kindVersion.version") }
        guard let logID = Self.bytes(json["logId"]?["keyId"]) else { throw .malformed("logId.keyId") }
        guard let entry = Self.bytes(json["canonicalizedBody"]) else { throw .malformed("canonicalizedBody") }
        guard let proof = json["inclusionProof"], proof.object != nil else { throw .malformed("inclusionProof") }
        self.kind = kind
        self.version = version
        self.logID = logID
        self.entry = entry
        checkpoint = try Self.checkpoint(in: proof)
        inclusion = try Self.inclusion(proof, checkpoint.checkpoint)
    }

    /// The entry as JSON of protocol buffers: integers are strings, and there is no time, because no one vouches for one.
    package var json: JSONValue {
        [
            "logIndex": "\(inclusion.index)",
            "logId": ["keyId": .string(Base64.encode(logID))],
            "kindVersion": ["kind": .string(kind), "version": .string(version)],
            "integratedTime": "0",
            "inclusionProof": [
                "logIndex": "\(inclusion.index)",
                "rootHash": .string(checkpoint.checkpoint.root.base64),
                "treeSize": "\(inclusion.size)",
                "hashes": .array(inclusion.hashes.map { .string($0.base64) }),
                "checkpoint": ["envelope": .string(String(decoding: checkpoint.bytes, as: UTF8.self))],
            ],
            "canonicalizedBody": .string(Base64.encode(entry)),
        ]
    }

    /// Checks all of it: log, witnesses, and that the entry is in the tree.
    ///
    /// - Returns: the log, and which witnesses have signed and when.
    package func verify(_ policy: Policy) throws(LogEntryError) -> Policy.Verdict {
        let verdict: Policy.Verdict
        do { verdict = try policy.evaluate(checkpoint) } catch { throw .untrustedCheckpoint(error) }
        do { try inclusion.verify(leaf: .leaf(of: entry), root: checkpoint.checkpoint.root) } catch {
            throw .notIncluded(error)
        }
        return verdict
    }
}

extension TransparencyLogEntry {
    private static func checkpoint(in proof: JSONValue) throws(LogEntryError) -> SignedCheckpoint {
        guard let envelope = proof["checkpoint"]?["envelope"]?.string else {
            throw .malformed("inclusionProof.checkpoint.envelope")
        }
        do { return try SignedCheckpoint(parsing: Array(envelope.utf8)) } catch { throw .malformedCheckpoint(error) }
    }

    private static func inclusion(_ proof: JSONValue, _ checkpoint: Checkpoint) throws(LogEntryError) -> InclusionProof
    {
        guard let index = integer(proof["logIndex"]) else { throw .malformed("inclusionProof.logIndex") }
        guard let size = integer(proof["treeSize"]) else { throw .malformed("inclusionProof.treeSize") }
        guard size == checkpoint.size else { throw .wrongSize(expected: checkpoint.size, found: size) }
        guard let root = bytes(proof["rootHash"]) else { throw .malformed("inclusionProof.rootHash") }
        guard root == checkpoint.root.bytes else { throw .wrongRoot }
        // The JSON of protocol buffers leaves out what is empty.
        let elements = proof["hashes"] == nil ? [] : proof["hashes"]?.array
        guard let elements, elements.count <= TlogProof.mostHashes else { throw .malformed("inclusionProof.hashes") }
        let hashes = elements.compactMap { bytes($0).flatMap { TreeHash(bytes: $0) } }
        guard hashes.count == elements.count else { throw .malformed("inclusionProof.hashes") }
        return InclusionProof(index: index, size: size, hashes: hashes)
    }

    private static func bytes(_ json: JSONValue?) -> [UInt8]? {
        json?.string.flatMap { Base64.decodeEither($0.utf8) }
    }

    /// An `int64`, which may be written as a string or as a number; absent when it is zero.
    private static func integer(_ json: JSONValue?) -> Int64? {
        guard let json else { return 0 }
        return json.string.map { Int64(decimal: $0.utf8) } ?? json.int64
    }
}

/// Why something is not an entry with its proof, or proves nothing.
package enum LogEntryError: Error, Equatable {
    case malformed(String)
    case wrongSize(expected: Int64, found: Int64)
    case wrongRoot
    case malformedCheckpoint(CheckpointError)
    case untrustedCheckpoint(PolicyViolation)
    case notIncluded(ProofError)
}

extension LogEntryError: CustomStringConvertible {
    /// One sentence.
    package var description: String {
        switch self {
        case .malformed(let member): "\(member) of the log entry is missing or not what it should be"
        case .wrongSize(let expected, let found):
            "the proof is for a tree of \(found) leaves, the checkpoint for one of \(expected)"
        case .wrongRoot: "the proof is for a tree with another root than that of the checkpoint"
        case .malformedCheckpoint(let error): error.description
        case .untrustedCheckpoint(let violation): violation.description
        case .notIncluded(let error): error.description
        }
    }
}
