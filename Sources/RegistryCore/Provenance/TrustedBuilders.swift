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
}
