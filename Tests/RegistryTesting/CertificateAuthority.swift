/// A certificate authority of the test's own: the openssl program with a fresh root.
package struct CertificateAuthority: Sendable {
    /// openssl did not do what it was asked for.
    package struct Failed: Error, CustomStringConvertible {
        package let description: String
    }

    /// Where openssl is; nil when it is not installed.
    package static let program = Program.find("openssl")

    private let folder = TemporaryFolder()

    /// The file of the root certificate.
    package var root: String { "\(folder.path)/root.pem" }

    /// Makes the root.
    package init() async throws {
        try await openSSL(["req", "-x509", "-subj", "/CN=Test root", "-days", "2"] + Self.key + output("root"))
    }

    /// Makes a certificate for these names, such as `DNS:localhost`, and its key; gives the two files.
    package func issue(_ names: String, file name: String) async throws -> (chain: String, key: String) {
        try await openSSL(
            [
                "req", "-x509", "-subj", "/CN=\(name)", "-days", "2", "-CA", root, "-CAkey", "\(folder.path)/root.key",
                "-addext", "subjectAltName=\(names)", "-addext", "basicConstraints=CA:FALSE",
            ] + Self.key + output(name))
        return ("\(folder.path)/\(name).pem", "\(folder.path)/\(name).key")
    }

    /// The same with a certificate that ended yesterday.
    package func issueExpired(_ names: String, file name: String) async throws -> (chain: String, key: String) {
        let request = "\(folder.path)/\(name).csr"
        try await openSSL(
            ["req", "-new", "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(names)"] + Self.key
                + ["-keyout", "\(folder.path)/\(name).key", "-out", request])
        try await openSSL([
            "x509", "-req", "-in", request, "-CA", root, "-CAkey", "\(folder.path)/root.key", "-CAcreateserial",
            "-days", "-1", "-copy_extensions", "copy", "-out", "\(folder.path)/\(name).pem",
        ])
        return ("\(folder.path)/\(name).pem", "\(folder.path)/\(name).key")
    }

    private static let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    private func output(_ name: String) -> [String] {
        ["-keyout", "\(folder.path)/\(name).key", "-out", "\(folder.path)/\(name).pem"]
    }

    private func openSSL(_ arguments: [String]) async throws {
        let result = try await Program.run(Self.program ?? "openssl", arguments)
        guard result.status == 0 else { throw Failed(description: "openssl \(arguments): \(result.text)") }
    }
}
