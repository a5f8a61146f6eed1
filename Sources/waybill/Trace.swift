import ArgumentParser
import Glibc
import OCI
import TraceView
import TransparencyLog

/// `waybill trace`
struct Trace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Say where an image came from: who pushed and built it, from what, on which base.",
        discussion: """
            IMAGE is HOST:PORT/NAME:TAG or HOST:PORT/NAME@DIGEST; with --server, NAME:TAG, NAME@DIGEST or a digest. \
            The server is asked over HTTPS, over plain HTTP on loopback and where the URL begins with http://.

            With --verify, the proof of each record that is shown is fetched and checked here, against the key of the \
            log that you got from somebody you trust: it is in the log, and says what the record was shown to say. What \
            the signatures of builders are worth is the server's judgement; verify-bundle tells without it.

            Ends with 1 when the image is not known, when a proof is wrong, and with --strict when statements contradict \
            each other or a signature is invalid.
            """)

    @Argument(help: "The image.")
    var image: String

    @OptionGroup var remote: RemoteOptions

    @Flag(help: "Write what the server answered, as one JSON object.")
    var json = false

    @Flag(help: "Write without colours; so does NO_COLOR, and so does all that is no terminal.")
    var noColor = false

    @Flag(help: "Check the proof of each record; needs --key.")
    var verify = false

    @Option(help: "The key of the log, NAME+ID+KEY; may be given several times.")
    var key: [String] = []

    @Flag(help: "End with 1 when statements contradict each other.")
    var strict = false

    func validate() throws {
        if verify, key.isEmpty { throw ValidationError("--verify needs the key of the log: --key NAME+ID+KEY") }
        if !verify, !key.isEmpty { throw ValidationError("--key says whom to believe, which only --verify asks") }
        _ = try address()
        _ = try policy()
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let address = try address()
        let client = try await TraceClient(server: address.server, repository: address.repository, remote)
        let (digest, answer) = try await client.answer(to: address)
        let platforms = try await client.platforms(of: answer)
        let proofs = try await policy().asyncMap { policy in
            try await client.proofs(of: [answer] + platforms.values, policy: policy)
        }
        let report = TraceReport(
            name: "\(address)", digest: digest, answer: answer, platforms: platforms, checks: proofs?.mapValues(\.check)
        )
        if json {
            let members = proofs?.sorted { $0.key < $1.key }.map { $1.json(record: $0) }
            print(String(decoding: report.json(proofs: members).serialized(), as: UTF8.self))
        } else {
            for line in report.tree.lines(width: Terminal.width, isColoured: !noColor && Terminal.hasColours) {
                print(line)
            }
        }
        if report.hasWrongProof { throw Failure(.foundSomethingWrong, "a proof is wrong") }
        if strict, report.hasConflict { throw Failure(.foundSomethingWrong, "statements contradict each other") }
    }

    private func address() throws -> ImageAddress {
        do { return try ImageAddress(image, server: remote.server) } catch { throw ValidationError("\(error)") }
    }

    /// Whom to believe; nil when nobody asked for proofs.
    private func policy() throws -> Policy? {
        guard verify else { return nil }
        do {
            let keys = try key.map { try VerifierKey(parsing: $0) }
            return try Policy(parsing: Array((keys.map { "log \($0)\n" }.joined() + "quorum none\n").utf8))
        } catch { throw ValidationError("--key is not the key of a log: \(error)") }
    }
}

extension Optional {
    /// Like `map`, for what takes time.
    fileprivate func asyncMap<Value>(_ body: (Wrapped) async throws -> Value) async rethrows -> Value? {
        if let self { try await body(self) } else { nil }
    }
}

/// Standard output, when a person reads it.
private enum Terminal {
    private static let isThere = isatty(STDOUT_FILENO) == 1

    /// Its columns; nil when it is no terminal or does not say.
    static var width: Int? {
        var size = winsize()
        guard isThere, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// no-color.org: any value of NO_COLOR but an empty one means none.
    static var hasColours: Bool {
        isThere && (variable("NO_COLOR") ?? "").isEmpty && variable("TERM") != "dumb"
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
