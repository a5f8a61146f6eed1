/// A job of a CI system, or another program, that an issuer vouches for.
package struct Workload: Hashable, Sendable {
    /// The URL of the issuer (RFC 7519 §4.1.1).
    package let issuer: String
    /// What the issuer calls it (RFC 7519 §4.1.2).
    package let subject: String
    /// The build platform that it was proved to be, as records name it.
    package let builder: String

    /// A workload whose token has been checked.
    package init(issuer: String, subject: String, builder: String) {
        self.issuer = issuer
        self.subject = subject
        self.builder = builder
    }
}
