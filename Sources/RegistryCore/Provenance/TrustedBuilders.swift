package import Attestation

/// Whose signatures count, and for which builders each key may speak.
package struct TrustedBuilders: Sendable {
    /// The keys, each once, in the order of the configuration.
    package let keys: [BuilderKey]
    let verifier: SignatureVerifier
    let policy: BuilderPolicy

    /// Whether a valid signature is logged in Rekor's form as well.
    private let logsForSigstore: Bool

    /// Trusts each key for the builders that stand beside it.
    ///
    /// - Parameter logsForSigstore: whether a valid signature gets a second leaf, in Rekor's form, so that its bundle can be
    ///   given to clients of Sigstore.
    package init(
        _ builders: [(key: BuilderKey, allowed: [BuilderPolicy.BuilderPattern])] = [], logsForSigstore: Bool = false
    ) {
        self.logsForSigstore = logsForSigstore
        keys = builders.map(\.key)
        verifier = SignatureVerifier(keys: keys)
        policy = BuilderPolicy(builders.flatMap { builder in builder.allowed.map { (builder.key.id, $0) } })
    }

    /// The entry in Rekor's form for a signature that was found to be valid; nil for keys that Rekor does not know, and when
    /// there are no such entries.
    func rekorEntry(of envelope: Envelope, signedBy verification: Verification) -> [UInt8]? {
        guard logsForSigstore else { return nil }
        return keys.lazy.filter { verification.keyids.contains($0.id) }
            .compactMap { HashedRekord(envelope: envelope, publicKey: $0)?.entry }.first
    }
}
