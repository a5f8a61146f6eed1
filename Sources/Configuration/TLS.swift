extension Settings {
    /// How connections are encrypted.
    package struct TLS: Sendable, Equatable {
        /// Certificates with their keys; with none, connections are in the clear.
        package var certificates: [CertificateRule] = []
        /// The oldest version of TLS.
        package var minimum = Version.tls12
        /// The file of those who may vouch for clients, PEM; empty when clients are asked for no certificate.
        package var clientAuthorities = ""
        /// Whether a client without a certificate is turned away.
        package var requireClientCertificate = false
        /// Which of the names in a certificate says who the client is: the first kind that it has.
        package var clientIdentity = ClientName.allCases
        /// Where plain HTTP is answered with the address under https; empty for nowhere.
        package var redirect: [ListenAddress] = []

        /// A kind of name in a certificate.
        package enum ClientName: String, Sendable, CaseIterable {
            /// A URI among its alternative names, such as `spiffe://example.com/ci`.
            case uri
            /// A DNS name among its alternative names.
            case dns
            /// The common name of its subject.
            case commonName = "common_name"
        }

        /// A version of TLS.
        package enum Version: String, Sendable, CaseIterable {
            case tls12 = "1.2"
            case tls13 = "1.3"
        }
    }
}

extension Codec<[Settings.TLS.ClientName]> {
    /// Kinds of names, in the order in which they are looked for.
    static let clientNames = list(
        of: Codec<Settings.TLS.ClientName>.choice(), noun: "a list of kinds of names",
        accepts: "a list of \(Settings.TLS.ClientName.allCases.map(\.rawValue).joined(separator: ", "))", atLeast: 1,
        distinct: { $0 != $1 })
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
