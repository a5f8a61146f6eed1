package import Attestation
package import OCI

/// Why evidence is not taken. Nothing was stored and nothing was logged.
package enum EvidenceError: Error, Equatable {
    /// It is not what it is said to be.
    case malformed(AttestationError)
    /// An envelope that nobody has signed.
    case noSignature
    /// A signature names a trusted key that did not make it.
    case invalidSignature
    /// It is about content of repositories for which whoever sends it may not speak.
    case notAllowed(Digest)
    /// No subject has a digest by which a registry knows content.
    case noSubject
    /// The type of the predicate is longer than the limit.
    case predicateTypeTooLong(limit: Int)
    /// The idempotency key came with another request before.
    case keyReused(record: Int64)
    /// The idempotency key is empty, too long, or has something else than printable ASCII.
    case malformedKey(limit: Int)
}
