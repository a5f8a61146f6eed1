package import Access
import LinuxIO
package import RegistryCore
import Synchronization

/// The robots of a registry, as those who ask for keys know them.
package final class RobotKeys: RobotDirectory {
    /// How often the use of one robot is written down.
    private static let interval = Duration.seconds(60)

    private let registry: Registry
    private let noted = Mutex<[String: Instant]>([:])

    /// The robots of this registry.
    package init(of registry: Registry) {
        self.registry = registry
    }

    package func robot(secretHash: [UInt8]) throws -> Robot? {
        try registry.activeRobot(secretHash: secretHash).map(Robot.init)
    }

    package func robot(named name: String) throws -> Robot? {
        try registry.activeRobot(named: name).map(Robot.init)
    }

    package func noteUse(of name: String) async {
        let now = Instant.now
        let isDue = noted.withLock { noted in
            if let last = noted[name], last.advanced(by: Self.interval) > now { return false }
            noted[name] = now
            return true
        }
        // What is not noted now is noted with the next use.
        if isDue { try? await registry.noteUse(ofRobot: name) }
    }
}

extension Robot {
    /// A robot that was made here. A scope that cannot be read any more grants nothing.
    fileprivate init(_ stored: StoredRobot) throws {
        self.init(name: stored.name, grants: try stored.scopes.map { try Grant(parsing: $0) })
    }
}
