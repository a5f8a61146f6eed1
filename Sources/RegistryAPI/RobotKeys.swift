package import Access
import LinuxIO
package import Logging
package import RegistryCore
import Synchronization

/// The robots of a registry, as those who ask for keys know them.
package final class RobotKeys: RobotDirectory {
    /// How often the use of keys is written down. It is kept in memory meanwhile, so that no request waits for a disk.
    private static let interval = Duration.seconds(30)
    /// Robots whose use is remembered until then; more than anybody has.
    private static let mostUses = 10_000

    private let registry: Registry
    private let logger: Logger
    private let uses = Mutex<[String: Int64]>([:])

    /// The robots of this registry.
    package init(of registry: Registry, logger: Logger) {
        self.registry = registry
        self.logger = logger
    }

    package func robot(secretHash: [UInt8]) throws -> Robot? {
        try find { try registry.activeRobot(secretHash: secretHash) }
    }

    package func robot(named name: String) throws -> Robot? {
        try find { try registry.activeRobot(named: name) }
    }

    private func find(_ body: () throws -> StoredRobot?) throws -> Robot? {
        do { return try body().map(Robot.init) } catch {
            logger.error("a robot cannot be looked up", metadata: ["error": "\(error)"])
            throw error
        }
    }

    package func noteUse(of name: String) {
        uses.withLock { uses in
            if uses.count < Self.mostUses || uses[name] != nil { uses[name] = registry.now }
        }
    }

    /// Writes uses down every now and then until the task is cancelled, and then once more.
    package func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.interval)
            await writeUses()
        }
    }

    /// Writes down what was noted. What cannot be written now is tried again.
    package func writeUses() async {
        let noted = uses.withLock { uses in
            defer { uses = [:] }
            return uses
        }
        guard !noted.isEmpty else { return }
        do { try await registry.noteUses(ofRobots: noted) } catch {
            uses.withLock { $0.merge(noted) { new, _ in new } }
        }
    }
}

extension Robot {
    /// A robot that was made here.
    ///
    /// - Throws: `GrantError` for a scope that cannot be read any more: what it was limited to is not known then.
    fileprivate init(_ stored: StoredRobot) throws {
        self.init(
            name: stored.name, grants: try stored.scopes.map { try Grant(parsing: $0) }, version: stored.version)
    }
}
