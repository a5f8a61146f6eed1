internal import Crypto
package import LinuxIO
package import OCI

/// A machine's key that an administrator made.
package struct Robot: Sendable, Equatable {
    /// The robot's name.
    package let name: String
    /// What the key is limited to; with none, the rules alone decide.
    package let grants: [Grant]
    /// What changes when another key is made under the same name.
    let version: String

    /// A robot that may use its key.
    package init(name: String, grants: [Grant], version: String) {
        self.name = name
        self.grants = grants
        self.version = version
    }
}

/// Where robots are looked up. Asked with each request, so a key that is taken back is good for nothing at once.
package protocol RobotDirectory: Sendable {
    /// The robot whose secret has this hash; nil when there is none, it has expired, or it was revoked.
    func robot(secretHash: [UInt8]) throws -> Robot?
    /// The robot of that name; nil when there is none, it has expired, or it was revoked.
    func robot(named name: String) throws -> Robot?
    /// Notes that the robot has used its secret. Waits for nothing.
    func noteUse(of name: String)
}

/// What may be done where, such as `team/**:pull,push`.
package struct Grant: Hashable, Sendable, CustomStringConvertible {
    /// The repositories.
    package let match: Glob
    /// What may be done there.
    package let allow: Set<Permission>

    /// Reads a pattern, a colon, and permissions with commas between.
    ///
    /// - Throws: what is wrong with it, as a sentence.
    package init(parsing text: String) throws(GrantError) {
        guard text.utf8.count <= 512, let colon = text.lastIndex(of: ":") else {
            throw GrantError(text, .noPermissions)
        }
        let pattern = String(text[..<colon])
        guard let match = try? Glob(parsing: pattern) else { throw GrantError(text, .pattern(pattern)) }
        var allow: Set<Permission> = []
        for name in text[colon...].dropFirst().split(separator: ",", omittingEmptySubsequences: false) {
            guard let permission = Permission(rawValue: String(name)) else {
                throw GrantError(text, .permission(String(name)))
            }
            guard !permission.isRegistryWide || match == .everything else {
                throw GrantError(text, .registryWide(permission))
            }
            allow.insert(permission)
        }
        self.match = match
        self.allow = allow
    }

    /// As it is written.
    package var description: String {
        "\(match):\(Permission.allCases.filter(allow.contains).map(\.rawValue).joined(separator: ","))"
    }
}

/// Why a text grants nothing.
package struct GrantError: Error, Equatable, CustomStringConvertible {
    enum Reason: Equatable {
        case noPermissions
        case pattern(String)
        case permission(String)
        case registryWide(Permission)
    }

    private let text: String
    private let reason: Reason

    init(_ text: String, _ reason: Reason) {
        self.text = text
        self.reason = reason
    }

    /// One sentence, in which what was written stands in quotes.
    package var description: String {
        let permissions = Permission.allCases.map(\.rawValue).joined(separator: ", ")
        return switch reason {
        case .noPermissions: "the scope \(text.quoted(limit: 64)) is not <pattern>:<permission>,…"
        case .pattern(let pattern): "\(pattern.quoted(limit: 64)) is no pattern of repository names such as team/**"
        case .permission(let name): "\(name.quoted(limit: 64)) is no permission; there are \(permissions)"
        case .registryWide(let permission):
            "\(permission.rawValue) is about the whole registry: write **:\(permission.rawValue)"
        }
    }
}

/// The secret of a robot: 32 random bytes in a form that is known at sight, also to those who look for leaked secrets.
package enum RobotSecret {
    private static let prefix = Array("wbr_".utf8)
    private static let randomBytes = 32

    /// A new secret.
    package static func make(_ random: RandomBytes = .system) -> String {
        String(decoding: prefix, as: UTF8.self) + Base64.encodeForURL(random(randomBytes))
    }

    /// What is kept of a secret. It has as much randomness as a key, so a fast hash is enough.
    package static func hash(of secret: String) -> [UInt8] { Array(SHA256.hash(data: Array(secret.utf8))) }

    /// Whether a text has the form of a secret.
    static func isSecret(_ text: some Sequence<UInt8>) -> Bool {
        let bytes = Array(text)
        guard bytes.starts(with: prefix), bytes.count == prefix.count + 43 else { return false }
        return Base64.decodeForURL(bytes.dropFirst(prefix.count))?.count == randomBytes
    }
}
