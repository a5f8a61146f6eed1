package import OCI

/// An entry with its proof and what it is about, as one JSON document.
///
/// The members are those that the auditor's program `aics-tlog verify-bundle` reads; it refuses any others.
package struct ProofBundle: Sendable {
    /// The bytes of the entry, whose hash is in the tree.
    package let entry: [UInt8]

    /// Where the entry is.
    package let inclusion: InclusionProof

    /// What the log and witnesses have signed.
    package let checkpoint: SignedCheckpoint

    /// The DSSE envelope that the entry commits to, if there is one.
    package let envelope: JSONValue?

    /// The statement that the entry commits to, if there is one.
    package let body: [UInt8]?

    /// Puts a bundle together.
    package init(
        entry: [UInt8], inclusion: InclusionProof, checkpoint: SignedCheckpoint, envelope: JSONValue? = nil,
        body: [UInt8]? = nil
    ) {
        self.entry = entry
        self.inclusion = inclusion
        self.checkpoint = checkpoint
        self.envelope = envelope
        self.body = body
    }

    /// The document. Hashes are in standard Base64; everything else is in Base64 for URLs, without padding.
    package var json: JSONValue {
        [
            "entry_bytes": .string(Base64.encodeForURL(entry)),
            "index": .integer(inclusion.index),
            "inclusion_proof": .array(inclusion.hashes.map { .string($0.base64) }),
            "checkpoint_note": .string(Base64.encodeForURL(checkpoint.bytes)),
            "envelope": envelope ?? .null,
            "body_or_ct": body.map { .string(Base64.encodeForURL($0)) } ?? .null,
        ]
    }
}
