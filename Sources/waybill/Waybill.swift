import ArgumentParser
import Glibc

/// The command line.
@main
struct Waybill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "waybill",
        abstract: "An OCI registry that remembers where every image came from.",
        discussion: """
            Exit codes: 0 well, 1 found something wrong, 2 wrong usage, 3 cannot start, or cannot reach the server.
            """,
        version: "waybill \(Version.text)",
        subcommands: [
            Serve.self, CheckConfig.self, Migrate.self, GarbageCommand.self, VerifyCommand.self, RebuildCommand.self,
            ScrubCommand.self,
            QuotasCommand.self,
            BackupCommand.self, RestoreCommand.self,
            LedgerCommand.self, Trace.self, VerifyBundle.self, HashPassword.self, CheckAccess.self, RobotCommand.self,
            RotateTokenKey.self, ImportCommand.self, ExportCommand.self,
        ])

    /// Like the library's own `main`, with our exit codes.
    static func main() async {
        do {
            var command = try parseAsRoot()
            // Before there are other threads.
            if let serve = command as? Serve {
                let (settings, confinement) = try serve.confinedSettings()
                try await serve.run(settings, confinement)
            } else if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            Console.error(failure.message)
            Glibc.exit(failure.code.rawValue)
        } catch {
            let code = exitCode(for: error)
            let message = fullMessage(for: error)
            if !message.isEmpty {
                if code == .success { print(message) } else { Console.error(message) }
            }
            Glibc.exit(code == .validationFailure ? ExitStatus.usage.rawValue : code.rawValue)
        }
    }
}

/// What the program's exit tells a script.
enum ExitStatus: Int32 {
    case foundSomethingWrong = 1
    case usage = 2
    case cannotStart = 3

    static let cannotReach = Self.cannotStart
}

/// Why a command ends, in words for the person who typed it.
struct Failure: Error {
    let code: ExitStatus
    let message: String

    init(_ code: ExitStatus, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Where people read: results go to standard output, everything else to standard error.
enum Console {
    /// Writes a line to standard error.
    static func error(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        bytes.withUnsafeBytes { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Reads a password: one line of standard input, which a terminal does not show.
    static func readPassword() throws -> [UInt8] {
        var settings = termios()
        let isTerminal = tcgetattr(STDIN_FILENO, &settings) == 0
        if isTerminal {
            Console.error("password: ")
            var silent = settings
            silent.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        }
        defer { if isTerminal { tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) } }
        guard let line = readLine(strippingNewline: true) else {
            throw Failure(.foundSomethingWrong, "there is no password on standard input")
        }
        return Array(line.utf8)
    }
}
