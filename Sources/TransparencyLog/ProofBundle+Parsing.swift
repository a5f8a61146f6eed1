package import OCI

extension ProofBundle {
    /// Bytes of a bundle: a statement of many megabytes, twice in Base64.
    package static let longest = 64 * 1024 * 1024

    private static let members: Set = [
        "entry_bytes", "index", "inclusion_proof", "checkpoint_note", "envelope", "body_or_ct",
    ]

    /// Reads a bundle. All six members have to be there, and no other.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(ProofBundleError) {
        guard bytes.count <= Self.longest else { throw .tooLong }
        let document: JSONValue
        do { document = try JSONValue(parsing: bytes, limits: limits) } catch { throw .notJSON(error) }
        guard let object = document.object else { throw .notObject }
        for member in object.members where !Self.members.contains(member.key) { throw .unknownMember(member.key) }
        for member in Self.members.sorted() where object[member] == nil { throw .malformed(member) }

        let checkpoint = try Self.checkpoint(in: object)
        try self.init(
            entry: Self.bytes("entry_bytes", in: object), inclusion: Self.inclusion(in: object, checkpoint.checkpoint),
            checkpoint: checkpoint, envelope: Self.envelope(in: object), body: Self.body(in: object))
    }

    /// Checks log, witnesses, and that the entry is in the tree. What the entry is about is another matter.
    ///
    /// - Returns: the log, and which witnesses have signed and when.
    package func verify(_ policy: Policy) throws(ProofBundleError) -> Policy.Verdict {
        let verdict: Policy.Verdict
        do { verdict = try policy.evaluate(checkpoint) } catch { throw .untrustedCheckpoint(error) }
        do { try inclusion.verify(leaf: .leaf(of: entry), root: checkpoint.checkpoint.root) } catch {
            throw .notIncluded(error)
        }
        return verdict
    }
}

extension ProofBundle {
    private static func bytes(_ member: String, in object: JSONObject) throws(ProofBundleError) -> [UInt8] {
        guard let bytes = object[member]?.string.flatMap({ Base64.decodeForURL($0.utf8) }) else {
            throw .malformed(member)
        }
        return bytes
    }

    private static func checkpoint(in object: JSONObject) throws(ProofBundleError) -> SignedCheckpoint {
        let note = try bytes("checkpoint_note", in: object)
        do { return try SignedCheckpoint(parsing: note) } catch { throw .malformedCheckpoint(error) }
    }

    private static func inclusion(
        in object: JSONObject, _ checkpoint: Checkpoint
    ) throws(ProofBundleError) -> InclusionProof {
        guard let index = object["index"]?.int64, index >= 0 else { throw .malformed("index") }
        guard let elements = object["inclusion_proof"]?.array, elements.count <= TlogProof.mostHashes else {
            throw .malformed("inclusion_proof")
        }
        let hashes = elements.compactMap { $0.string.flatMap { TreeHash(base64: $0.utf8) } }
        guard hashes.count == elements.count else { throw .malformed("inclusion_proof") }
        return InclusionProof(index: index, size: checkpoint.size, hashes: hashes)
    }

    private static func envelope(in object: JSONObject) throws(ProofBundleError) -> JSONValue? {
        guard let envelope = object["envelope"], envelope != .null else { return nil }
        guard envelope.object != nil else { throw .malformed("envelope") }
        return envelope
    }

    private static func body(in object: JSONObject) throws(ProofBundleError) -> [UInt8]? {
        object["body_or_ct"] == .null ? nil : try bytes("body_or_ct", in: object)
    }
}

/// Why something is not a bundle, or proves nothing.
package enum ProofBundleError: Error, Equatable {
    case tooLong
    case notJSON(JSONError)
    case notObject
    case unknownMember(String)
    case malformed(String)
    case malformedCheckpoint(CheckpointError)
    case untrustedCheckpoint(PolicyViolation)
    case notIncluded(ProofError)
}

extension ProofBundleError: CustomStringConvertible {
    /// One sentence.
    package var description: String {
        switch self {
        case .tooLong: "a bundle has at most \(ProofBundle.longest) bytes"
        case .notJSON(let error): "the bundle is not JSON: \(error)"
        case .notObject: "a bundle is a JSON object"
        case .unknownMember(let name): "a bundle has no member \(name.quoted(limit: 32))"
        case .malformed(let member): "\(member) of the bundle is missing or not what it should be"
        case .malformedCheckpoint(let error): error.description
        case .untrustedCheckpoint(let violation): violation.description
        case .notIncluded(let error): error.description
        }
    }
}
