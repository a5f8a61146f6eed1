import Attestation
import LinuxIO
import OCI

/// Why a robot was not made or not revoked. Nothing was changed.
package enum RobotError: Error, Equatable {
    /// There is one of that name whose key is good.
    case exists(RobotName)
    case unknown(RobotName)
    /// The key would have ended before it began.
    case expiresInThePast
    case tooManyScopes(limit: Int)
}

extension RobotError: CustomStringConvertible {
    /// One sentence for whoever asked.
    package var description: String {
        switch self {
        case .exists(let name): "there is a robot \(name) whose key is good: revoke it first"
        case .unknown(let name): "there is no robot \(name)"
        case .expiresInThePast: "the key would end before it begins"
        case .tooManyScopes(let limit): "a robot has at most \(limit) scopes"
        }
    }
}

extension Registry {
    /// Scopes of one robot.
    private static let mostScopes = 64
    /// Robots in one page: each may have all its scopes.
    private static let robotPage = 100

    /// Makes a robot, durably, and writes down who made it and for what.
    ///
    /// A robot that was revoked or has expired makes room for another of its name.
    ///
    /// - Parameters:
    ///   - secretHash: SHA-256 of its secret; the secret itself comes nowhere near the disk.
    ///   - scopes: what its key is limited to, in the words of whoever reads them again.
    ///   - expires: in milliseconds since 1970-01-01 UTC; nil for never.
    /// - Throws: `RobotError`.
    @discardableResult
    package func createRobot(
        _ name: RobotName, secretHash: [UInt8], scopes: [String], expires: Int64?, by actor: Actor
    ) async throws -> StoredRobot {
        guard scopes.count <= Self.mostScopes else { throw RobotError.tooManyScopes(limit: Self.mostScopes) }
        return try await ledger.write { transaction in
            if let old = try transaction.reader.robot(named: name.rawValue),
                old.state(at: transaction.now) == .active
            {
                throw RobotError.exists(name)
            }
            if let expires, expires <= transaction.now { throw RobotError.expiresInThePast }
            try transaction.put(robot: name, secretHash: secretHash, scopes: scopes, expires: expires)
            var document: JSONObject = [
                "action": "robot-created", "robot": .string(name.rawValue),
                "scopes": .array(scopes.map { .string($0) }),
            ]
            document["expires"] = expires.map { .string("\(Timestamp(milliseconds: $0))") }
            try transaction.append(RecordDraft(kind: .policy, document: document), by: actor)
            guard let robot = try transaction.reader.robot(named: name.rawValue) else {
                throw RobotError.unknown(name)
            }
            return robot
        }
    }

    /// Takes the key of a robot back, durably, and writes down who did. What is revoked already stays so.
    ///
    /// - Throws: `RobotError.unknown`.
    @discardableResult
    package func revokeRobot(_ name: RobotName, by actor: Actor) async throws -> StoredRobot {
        try await ledger.write { transaction in
            guard let old = try transaction.reader.robot(named: name.rawValue) else { throw RobotError.unknown(name) }
            guard old.revoked == nil else { return old }
            try transaction.revoke(robot: name)
            try transaction.append(
                RecordDraft(
                    kind: .policy, document: ["action": "robot-revoked", "robot": .string(name.rawValue)]), by: actor)
            return try transaction.reader.robot(named: name.rawValue) ?? old
        }
    }

    /// A robot, whatever became of it.
    ///
    /// - Throws: `RobotError.unknown`.
    package func robot(_ name: RobotName) throws -> StoredRobot {
        guard let robot = try ledger.read({ try $0.robot(named: name.rawValue) }) else {
            throw RobotError.unknown(name)
        }
        return robot
    }

    /// Robots by name, from the one after `last`.
    package func robots(after last: String?, count: Int?) throws -> Page<StoredRobot, String> {
        let limit = min(count ?? Self.robotPage, Self.robotPage)
        return Page(try ledger.read { try $0.robots(after: last ?? "", limit: limit + 1) }, limit: limit) { $0.name }
    }

    /// The robot whose key may be used now and has a secret of this hash.
    package func activeRobot(secretHash: [UInt8]) throws -> StoredRobot? {
        try active(ledger.read { try $0.robot(secretHash: secretHash) })
    }

    /// The robot of that name whose key may be used now.
    package func activeRobot(named name: String) throws -> StoredRobot? {
        try active(ledger.read { try $0.robot(named: name) })
    }

    private func active(_ robot: StoredRobot?) throws -> StoredRobot? {
        robot.flatMap { $0.state(at: clock.milliseconds) == .active ? $0 : nil }
    }

    /// Notes when robots have used their keys, in milliseconds since 1970-01-01 UTC. A power failure may lose it.
    package func noteUses(ofRobots uses: [String: Int64]) async throws {
        try await ledger.write(durable: false) { transaction in
            for (name, time) in uses { try transaction.noteUse(of: name, at: time) }
        }
    }
}
