import OCI
import SQLite

/// A robot as it is kept. Its secret is not.
package struct StoredRobot: Sendable, Equatable {
    /// Whether its key may be used, and if not, why.
    package enum State: String, Sendable {
        case active, expired, revoked
    }

    /// Its name.
    package let name: String
    /// What the key is limited to, in the words in which it was made.
    package let scopes: [String]
    /// When it was made, in milliseconds since 1970-01-01 UTC, as all times here.
    package let created: Int64
    /// When the key ends by itself; nil for never.
    package let expires: Int64?
    /// When the key was last used, as far as that is written down already; nil for never.
    package let lastUse: Int64?
    /// When it was revoked; nil while it is not.
    package let revoked: Int64?
    /// The beginning of the hash of its secret, which is another for every key, also of the same name.
    package let version: String

    /// Whether the key may be used at that time.
    package func state(at time: Int64) -> State {
        if revoked != nil { return .revoked }
        return expires.map { $0 <= time } ?? false ? .expired : .active
    }
}

extension LedgerReader {
    /// The robot of that name, whatever became of it.
    func robot(named name: String) throws -> StoredRobot? {
        try connection.first(
            """
            SELECT name, scopes, created, expires, last_use, revoked, hex(substr(secret, 1, 8)) FROM robot WHERE name = ?1
            """, name,
            read: Self.robot)
    }

    /// The robot whose secret has this hash, whatever became of it.
    func robot(secretHash: [UInt8]) throws -> StoredRobot? {
        try connection.first(
            """
            SELECT name, scopes, created, expires, last_use, revoked, hex(substr(secret, 1, 8)) FROM robot WHERE secret = ?1
            """, secretHash,
            read: Self.robot)
    }

    /// Robots by name, from the one after `last`.
    func robots(after last: String, limit: Int) throws -> [StoredRobot] {
        try connection.all(
            """
            SELECT name, scopes, created, expires, last_use, revoked, hex(substr(secret, 1, 8)) FROM robot
            WHERE name > ?1 ORDER BY name LIMIT ?2
            """, last, limit, read: Self.robot)
    }

    private static func robot(_ row: borrowing Row) throws(SQLiteError) -> StoredRobot {
        guard let scopes = (try? JSONValue(parsing: Array(row.text(1).utf8)))?.array,
            scopes.allSatisfy({ $0.string != nil })
        else { throw .corrupt("the scopes of a robot are no list of texts") }
        return StoredRobot(
            name: row.text(0), scopes: scopes.compactMap(\.string), created: row.int64(2), expires: row.int64OrNil(3),
            lastUse: row.int64OrNil(4), revoked: row.int64OrNil(5),
            version: row.text(6))
    }
}

extension LedgerTransaction {
    /// Writes a robot, in the place of an older one of the same name.
    func put(robot name: RobotName, secretHash: [UInt8], scopes: [String], expires: Int64?) throws {
        let scopes = String(decoding: JSONValue.array(scopes.map { .string($0) }).serialized(), as: UTF8.self)
        try connection.execute("DELETE FROM robot WHERE name = ?1", name.rawValue)
        try connection.execute(
            "INSERT INTO robot (name, secret, scopes, created, expires) VALUES (?1, ?2, ?3, ?4, ?5)", name.rawValue,
            secretHash, scopes, now, expires)
    }

    func revoke(robot name: RobotName) throws {
        try connection.execute("UPDATE robot SET revoked = ?2 WHERE name = ?1", name.rawValue, now)
    }

    func noteUse(of robot: String, at time: Int64) throws {
        try connection.execute(
            "UPDATE robot SET last_use = ?2 WHERE name = ?1 AND coalesce(last_use, 0) < ?2", robot, time)
    }
}
