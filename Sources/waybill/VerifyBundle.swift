import ArgumentParser
import Attestation
import Auditing
import OCI
import TransparencyLog

/// `waybill verify-bundle`
struct VerifyBundle: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-bundle",
        abstract: "Check a file that proves that something was logged, without asking the server.",
        discussion: """
            Needs no server and no network, only keys that you trust. Takes a .tlog-proof, a proof bundle of this \
            registry in JSON, or a Sigstore bundle v0.3 with log entries.
            """)

    @Argument(help: "The file to check.")
    var file: String

    @Option(help: "A key of the log (a vkey, or a file with one on each line); may be given several times.")
    var key: [String] = []

    @Option(help: "A key of a witness, in the same way; may be given several times.")
    var witnessKey: [String] = []

    @Option(help: "How many of the witnesses have to have signed. (default: all of them)")
    var quorum: Int?

    @Option(help: "A file that says which logs and witnesses to trust (c2sp.org/tlog-policy), instead of keys.")
    var policy: String?

    @Option(help: "A file with the public key of a builder, PEM: one of them has to have signed; several times.")
    var builderKey: [String] = []

    @Option(help: "What the file has to be about, such as sha256:….")
    var digest: String?

    @Flag(help: "Print the report as JSON.")
    var json = false

    func validate() throws {
        guard key.isEmpty == (policy == nil) else { return }
        throw ValidationError("Say which log to trust, with either --key or --policy.")
    }

    func run() throws {
        let verifier = try BundleVerifier(policy: trustedPolicy(), builderKeys: builderKeys(), digest: wantedDigest())
        let report = verifier.verify(try InputFile.read(file, atMost: Evidence.longest))
        print(json ? String(decoding: report.json.serialized(), as: UTF8.self) : report.lines.joined(separator: "\n"))
        guard report.isGood else {
            let names = report.failures.map(\.rawValue).joined(separator: ", ")
            throw Failure(.foundSomethingWrong, "\(file) does not prove what it should: \(names)")
        }
    }
}

// Whom to trust.
extension VerifyBundle {
    private func trustedPolicy() throws -> Policy {
        if let policy {
            guard witnessKey.isEmpty, quorum == nil else {
                throw Failure(.usage, "--witness-key and --quorum go with --key; a policy file has its own")
            }
            let bytes = try InputFile.read(policy, atMost: Policy.longest)
            do { return try Policy(parsing: bytes) } catch { throw Failure(.usage, "\(policy): \(error)") }
        }
        let (logs, witnesses) = (try key.flatMap(keys), try witnessKey.flatMap(keys))
        do throws(PolicyError.Reason) {
            return try Policy(logs: logs, witnesses: witnesses, quorum: quorum)
        } catch .malformedThreshold {
            throw Failure(.usage, "--quorum must be from 0 to \(witnesses.count), the number of --witness-key")
        } catch {
            throw Failure(.usage, "\(error)")
        }
    }

    /// The key that the text is, or those in the file that it names: one on each line, among comments that begin with #.
    private func keys(_ text: String) throws -> [VerifierKey] {
        if let key = try? VerifierKey(parsing: text) { return [key] }
        guard let bytes = try? InputFile.read(text, atMost: Policy.longest) else {
            throw Failure(.usage, "\(text) is neither a key nor a file that can be read")
        }
        var keys: [VerifierKey] = []
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard !line.hasPrefix("#"), !line.allSatisfy(\.isWhitespace) else { continue }
            do { keys.append(try VerifierKey(parsing: line)) } catch { throw Failure(.usage, "\(text): \(error)") }
        }
        guard !keys.isEmpty else { throw Failure(.usage, "\(text) has no key") }
        return keys
    }

    private func builderKeys() throws -> [BuilderKey] {
        try builderKey.map { path in
            let pem = String(decoding: try InputFile.read(path, atMost: 64 * 1024), as: UTF8.self)
            do { return try BuilderKey(pem: pem) } catch { throw Failure(.usage, "\(path): \(error)") }
        }
    }

    private func wantedDigest() throws -> Digest? {
        guard let digest else { return nil }
        do { return try Digest(parsing: digest) } catch { throw Failure(.usage, "\(error)") }
    }
}
