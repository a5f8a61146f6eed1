import Access
import ArgumentParser
import RegistryCore

/// `waybill rotate-token-key`
struct RotateTokenKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-token-key",
        abstract: "Sign tokens with a new key.",
        discussion: """
            A running server takes the new key by itself. Tokens that the last key signed are good until they expire; with --now they \
            are not, and everybody logs in again.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Believe no token that was signed before.") var now = false

    func run() async throws {
        let settings = try options.settings()
        let file = settings.tokenKeyFile
        let new = "\(TokenKey.makePEM())\n"
        do {
            guard let old = try file.read() else {
                throw Failure(
                    .foundSomethingWrong, "\(file.path) is not there: a server makes it when it first needs it")
            }
            // The newest of the old ones only: what it signed lives longer than the time between two rotations.
            let end = "-----END PRIVATE KEY-----"
            let last = String(decoding: old, as: UTF8.self).split(separator: end).first.map { "\($0)\(end)\n" } ?? ""
            try file.write(Array((new + (now ? "" : last)).utf8))
        } catch let failure as Failure {
            throw failure
        } catch { throw Failure(.foundSomethingWrong, "cannot replace the key of tokens: \(error)") }
        print("tokens are signed with a new key\(now ? "" : "; those of the last one are good until they expire")")
    }
}
