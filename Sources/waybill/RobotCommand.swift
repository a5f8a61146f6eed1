import Access
import ArgumentParser
import Attestation
import Configuration
import Glibc
import LinuxIO
import OCI
import RegistryCore
import TraceView

/// `waybill robot`
struct RobotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "robot",
        abstract: "Make keys for machines, list them, take them back.",
        discussion: """
            With --server, a running server is asked by an administrator; without, the data folder is changed, whose server must be \
            stopped. Each change is a record in the ledger.
            """,
        subcommands: [CreateRobot.self, ListRobots.self, RevokeRobot.self])
}

/// Whose robots are meant: those of a server, or of a data folder.
struct RobotBookOptions: ParsableArguments {
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var options: ConfigurationOptions

    func book() async throws -> any RobotBook {
        signal(SIGPIPE, SIG_IGN)
        if let server = remote.server { return try await RobotServer(server, remote) }
        let settings = try options.settings()
        if settings.isOpen {
            Console.error("nobody is asked who they are with this configuration: a key opens nothing")
        }
        guard !Store.isInUse(settings) else {
            throw Failure(
                .cannotStart,
                "a server uses the folder \(settings.data): ask it, with --server https://HOST")
        }
        return try await RobotFolder(try Store(settings))
    }
}

/// `waybill robot create`
struct CreateRobot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a robot, and print its secret. It is shown once: only its hash is kept.",
        discussion: """
            The secret is the password of `docker login`, with the name of the robot as the user, or a bearer token. With scopes it \
            may do what they say unless a rule with a longer pattern takes it away; without, the rules of the configuration decide, \
            which call it robot:NAME.
            """)

    @Argument(help: "Its name: lower-case letters and digits, with dots, dashes and underscores between them.")
    var name: RobotName

    @Option(
        name: .customLong("scope"),
        help: "What its key is limited to, PATTERN:PERMISSION,…, such as 'team/**:pull,push'. May be repeated.",
        transform: Grant.init(argument:))
    var scopes: [Grant] = []

    @Option(help: "When its key ends: a number of days or hours such as 90d or 12h, or a time. (default: never)")
    var expires: Expiry?

    @Flag(help: "Print the robot as JSON.") var json = false

    @OptionGroup var book: RobotBookOptions

    func run() async throws {
        let expires = expires.map { $0.milliseconds(from: WallClock.system.milliseconds) }
        let robot = try await book.book().create(name, scopes: scopes, expires: expires)
        if json { return RobotPrinter.printJSON(.object(robot)) }
        RobotPrinter.print([robot])
        print("")
        print("secret  \(robot["secret"]?.string?.visible() ?? "")")
        print("It is shown this once. Log in with it:  docker login -u \(name) HOST")
    }
}

/// `waybill robot list`
struct ListRobots: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List robots, what their keys are limited to, and when they were last used.")

    @Flag(help: "Print them as JSON.") var json = false
    @OptionGroup var book: RobotBookOptions

    func run() async throws {
        let robots = try await book.book().list()
        if json { return RobotPrinter.printJSON(["robots": .array(robots.map { .object($0) })]) }
        RobotPrinter.print(robots)
    }
}

/// `waybill robot revoke`
struct RevokeRobot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Take the key of a robot back. It is good for nothing from the next request on.")

    @Argument(help: "Its name.") var name: RobotName
    @Flag(help: "Print the robot as JSON.") var json = false
    @OptionGroup var book: RobotBookOptions

    func run() async throws {
        let robot = try await book.book().revoke(name)
        if json { return RobotPrinter.printJSON(.object(robot)) }
        RobotPrinter.print([robot])
    }
}

/// Shows robots to people.
private enum RobotPrinter {
    static func printJSON(_ value: JSONValue) { Swift.print(String(decoding: value.serialized(), as: UTF8.self)) }

    static func print(_ robots: [JSONObject]) {
        func text(_ robot: JSONObject, _ name: String, or none: String) -> String {
            robot[name]?.string?.visible() ?? none
        }
        let rows = robots.map { robot in
            let scopes = (robot["scopes"]?.array ?? []).compactMap { $0.string?.visible() }.joined(separator: " ")
            return [
                text(robot, "name", or: "?"), text(robot, "state", or: "?"), text(robot, "expires", or: "never"),
                text(robot, "lastUse", or: "never"), scopes.isEmpty ? "as the rules say" : scopes,
            ]
        }
        Table(["name", "state", "expires", "last use", "scopes"], rows).print()
    }
}

/// When a key ends.
struct Expiry: ExpressibleByArgument {
    private enum Kind {
        case after(Int64)
        case at(Int64)
    }

    private static let longest: Int64 = 100 * 365 * 24 * 3_600_000

    private let kind: Kind

    /// Reads `90d`, `12h` or a time of RFC 3339.
    init?(argument: String) {
        if let unit = argument.last, let hours = ["d": Int64(24), "h": 1][unit], let count = Int64(argument.dropLast()),
            (1...Self.longest / 3_600_000).contains(count)
        {
            kind = .after(min(count * hours * 3_600_000, Self.longest))
        } else if let time = Timestamp(parsing: argument) {
            kind = .at(time.milliseconds)
        } else {
            return nil
        }
    }

    /// In milliseconds since 1970-01-01 UTC.
    func milliseconds(from now: Int64) -> Int64 {
        switch kind {
        case .after(let duration): now + duration
        case .at(let time): time
        }
    }
}

extension RobotName: ExpressibleByArgument {
    /// Reads a name.
    public init?(argument: String) { self.init(argument) }
}

extension Grant {
    /// Reads a scope, or says what is wrong with it.
    init(argument: String) throws {
        do { try self.init(parsing: argument) } catch { throw ValidationError("\(error)") }
    }
}
