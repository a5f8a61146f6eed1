/// A time-stamp authority of the test's own: the openssl program with a fresh root and a certificate that it issued.
package struct TimestampAuthority: Sendable {
    /// openssl did not do what it was asked for.
    package struct Failed: Error, CustomStringConvertible {
        package let description: String
    }

    /// Where openssl is; nil when it is not installed.
    package static let program = Program.find("openssl")

    private let folder = TemporaryFolder()

    /// Makes keys and certificates.
    package init() async throws {
        folder.write(Array(configuration.utf8), to: "tsa.conf")
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        try await openSSL(["req", "-x509", "-subj", "/CN=Test root"] + key + output("root"))
        try await openSSL(
            [
                "req", "-x509", "-subj", "/CN=Test time", "-CA", "\(folder.path)/root.pem", "-CAkey",
                "\(folder.path)/root.key",
            ]
                + ["-addext", "extendedKeyUsage=critical,timeStamping"]
                + ["-addext", "keyUsage=critical,digitalSignature", "-addext", "basicConstraints=CA:FALSE"] + key
                + output("tsa"))
    }

    /// What the authority answers to a request in DER, a refusal too.
    package func reply(to request: [UInt8]) async throws -> [UInt8] {
        let call = TemporaryFolder()
        call.write(request, to: "query")
        let serial = "\(call.path)/serial"
        try await openSSL(
            ["ts", "-reply", "-config", "\(folder.path)/tsa.conf", "-queryfile", "\(call.path)/query"]
                + ["-out", "\(call.path)/reply"], environment: ["TSA_SERIAL": serial])
        return call.read("reply")
    }

    /// Whether `openssl ts -verify` finds that `answer` is a time stamp over `message`, and what it wrote.
    ///
    /// - Parameter isToken: whether `answer` is the token alone, or a whole answer of an authority.
    package func verify(_ answer: [UInt8], of message: [UInt8], isToken: Bool) async throws -> (Bool, String) {
        let call = TemporaryFolder()
        call.write(answer, to: "answer")
        call.write(message, to: "message")
        let result = try await Program.run(
            Self.program ?? "openssl",
            ["ts", "-verify", "-data", "\(call.path)/message", "-in", "\(call.path)/answer"]
                + (isToken ? ["-token_in"] : []) + ["-CAfile", "\(folder.path)/root.pem"])
        return (result.status == 0, result.text)
    }

    private func openSSL(_ arguments: [String], environment: [String: String] = [:]) async throws {
        let result = try await Program.run(Self.program ?? "openssl", arguments, environment: environment)
        guard result.status == 0 else { throw Failed(description: "openssl \(arguments): \(result.text)") }
    }

    private func output(_ name: String) -> [String] {
        ["-keyout", "\(folder.path)/\(name).key", "-out", "\(folder.path)/\(name).pem"]
    }

    private var configuration: String {
        """
        [tsa]
        default_tsa = authority
        [authority]
        serial = $ENV::TSA_SERIAL
        signer_cert = \(folder.path)/tsa.pem
        signer_key = \(folder.path)/tsa.key
        signer_digest = sha256
        default_policy = 1.3.6.1.4.1.99999.1
        digests = sha256, sha512
        accuracy = secs:1
        ordering = yes
        tsa_name = yes
        ess_cert_id_chain = no
        ess_cert_id_alg = sha256

        """
    }
}
