package import OCI

/// Who is allowed what in which repositories.
package struct AccessRule: Sendable, Equatable {
    /// The repositories.
    package var match: Glob
    /// Who; one of them is enough.
    package var who: [Grantee]
    /// What they may do there.
    package var allow: Set<Permission>

    /// A rule of the configuration.
    package init(match: Glob, who: [Grantee], allow: Set<Permission>) {
        self.match = match
        self.who = who
        self.allow = allow
    }
}

/// Whom a rule is for.
package enum Grantee: Hashable, Sendable {
    /// Everybody, also who does not say who they are.
    case anonymous
    /// Everybody who has proved who they are.
    case authenticated
    case principal(Principal)
    case group(String)
    /// Everybody whom an issuer vouches for, by the issuer's name in the configuration.
    case issuer(String)

    /// Whether the caller is meant.
    func includes(_ caller: Caller) -> Bool {
        switch self {
        case .anonymous: true
        case .authenticated: caller.principal != nil
        case .principal(let principal): caller.principal == principal
        case .group(let name): caller.groups.contains { $0.utf8.elementsEqual(name.utf8) }
        case .issuer(let name):
            caller.principal?.kind == .workload
                && caller.principal?.name.utf8.starts(with: "\(name):".utf8) == true
        }
    }
}

extension Grantee: CustomStringConvertible {
    /// As it is written in the configuration.
    package var description: String {
        switch self {
        case .anonymous: "anonymous"
        case .authenticated: "authenticated"
        case .principal(let principal): "\(principal)"
        case .group(let name): "group:\(name)"
        case .issuer(let name): "issuer:\(name)"
        }
    }

    /// Bytes of the longest: a kind, the name of an issuer, and a name.
    private static let longest = Principal.longestName + 128

    /// Reads what the configuration says; nil for what is none of these.
    package init?(parsing text: String) {
        guard text.utf8.count <= Self.longest, text.isPrintable else { return nil }
        switch text {
        case "anonymous": self = .anonymous
        case "authenticated": self = .authenticated
        default:
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2, parts[1].first != " ", parts[1].last != " " else { return nil }
            switch parts[0] {
            case "group": self = .group(parts[1])
            case "issuer": self = .issuer(parts[1])
            default:
                guard let principal = Principal(text) else { return nil }
                self = .principal(principal)
            }
        }
    }
}
