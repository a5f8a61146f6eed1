extension Settings {
    /// How connections are encrypted.
    package struct TLS: Sendable, Equatable {
        /// Certificates with their keys; with none, connections are in the clear.
        package var certificates: [CertificateRule] = []
        /// The oldest version of TLS.
        package var minimum = Version.tls12
        /// Where plain HTTP is answered with the address under https; empty for nowhere.
        package var redirect: [ListenAddress] = []

        /// A version of TLS.
        package enum Version: String, Sendable, CaseIterable {
            case tls12 = "1.2"
            case tls13 = "1.3"
        }
    }
}

/// A certificate and its key.
package struct CertificateRule: Sendable, Equatable {
    /// The file of the certificate and its chain, PEM.
    package var chain = ""
    /// The file of the key, PEM.
    package var key = ""

    /// No certificate.
    package init() {}
}

extension CertificateRule {
    /// How one item of `tls.certificates` is written.
    static let form = RuleForm(
        blank: CertificateRule(),
        keys: [
            Key("chain", \.chain, .path, "The file of the certificate and those that vouch for it, PEM."),
            Key("key", \.key, .path, "The file of its private key, PEM."),
        ],
        required: [.init(path: "chain", missing: "has no chain"), .init(path: "key", missing: "has no key")],
        identity: "chain", repeated: "is in an earlier item already")
}
