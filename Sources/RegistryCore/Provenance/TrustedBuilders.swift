package import Attestation

/// Whose signatures count, and for which builders each key may speak.
package struct TrustedBuilders: Sendable {
    /// The keys, each once, in the order of the configuration.
    package let keys: [BuilderKey]
    let verifier: SignatureVerifier
    let policy: BuilderPolicy

    /// Trusts each key for the builders that stand beside it.
    package init(_ builders: [(key: BuilderKey, allowed: [BuilderPolicy.BuilderPattern])] = []) {
        keys = builders.map(\.key)
        verifier = SignatureVerifier(keys: keys)
        policy = BuilderPolicy(builders.flatMap { builder in builder.allowed.map { (builder.key.id, $0) } })
    }

    /// The entry in Rekor's form for a signature that was found to be valid; nil for keys that Rekor does not know.
    func rekorEntry(of envelope: Envelope, signedBy verification: Verification) -> [UInt8]? {
        keys.lazy.filter { verification.keyids.contains($0.id) }
            .compactMap { HashedRekord(envelope: envelope, publicKey: $0)?.entry }.first
    }
}
