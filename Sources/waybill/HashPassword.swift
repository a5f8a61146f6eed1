import Access
import ArgumentParser
import Glibc

/// `waybill hash-password`
struct HashPassword: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash-password",
        abstract: "Make a line of a password file.",
        discussion: """
            Reads the password from standard input, without showing it on a terminal, and prints NAME:HASH with a bcrypt hash. \
            Add the line to the file that auth.password_file names; a running server reads it again by itself.
            """)

    @Argument(help: "The name with which to log in; without it, only the hash is printed.") var name: String?
    @Option(help: "The logarithm of the work of one check, from 10 to 17; each step doubles it.") var cost = 10

    func validate() throws {
        guard (10...17).contains(cost) else { throw ValidationError("--cost must be from 10 to 17") }
        if let name, name.isEmpty || name.contains(":") || name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw ValidationError("a name has no colon and no control characters")
        }
    }

    func run() throws {
        guard let hash = Bcrypt.hash(try Console.readPassword(), cost: cost) else {
            throw Failure(
                .foundSomethingWrong,
                "a password has 1 to \(Bcrypt.longestPassword) bytes and no NUL: bcrypt would ignore the rest")
        }
        print(name.map { "\($0):\(hash)" } ?? hash)
    }
}
