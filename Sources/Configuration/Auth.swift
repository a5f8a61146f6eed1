import Access
import OCI

extension Settings {
    /// How somebody proves who they are.
    package struct Auth: Sendable, Equatable {
        /// An htpasswd file with bcrypt hashes; empty for none.
        package var passwordFile = ""
        /// The groups of users.
        package var groups: [GroupRule] = []
        /// Whether clients exchange their password for a token.
        package var tokens = true
        /// Where clients get tokens, as they reach it; empty for `/token` on the host that they asked.
        package var tokenRealm = ""
        /// The name of the registry in tokens; empty for the name of the log.
        package var tokenService = ""
        /// How long a token is valid.
        package var tokenLifetime = Duration.seconds(300)
        /// How long a client may get new tokens without the password.
        package var refreshLifetime = Duration.seconds(30 * 24 * 3600)
    }
}

/// Some users under one name.
package struct GroupRule: Sendable, Equatable {
    /// The name by which rules know the group.
    package var name = ""
    /// The names of the users.
    package var members: [String] = []

    /// A group without a name.
    package init() {}
}

extension GroupRule {
    /// How one item of `auth.groups` is written.
    static let form = RuleForm(
        blank: GroupRule(),
        keys: [
            Key("name", \.name, .userName, "The name of the group."),
            Key("members", \.members, .userNames, "The users in it."),
        ],
        required: [.init(path: "name", missing: "has no name"), .init(path: "members", missing: "has no members")],
        identity: "name", repeated: "is an earlier group already")
}

extension AccessRule {
    /// How one item of `access` is written.
    static let form = RuleForm(
        blank: AccessRule(match: .everything, who: [], allow: []),
        keys: [
            Key("match", \.match, .glob, "The repositories that this rule is for."),
            Key("who", \.who, .grantees, "Whom it allows something."),
            Key("allow", \.allow, .permissions, "What it allows."),
        ],
        required: [
            .init(path: "match", missing: "names no repositories"), .init(path: "who", missing: "names nobody"),
            .init(path: "allow", missing: "allows nothing"),
        ], identity: nil, repeated: "")
}

extension Codec<String> {
    /// A path or nothing.
    static let pathOrNothing = Codec(
        noun: "a path", accepts: "a path of up to 4095 bytes without control characters; empty for none",
        decode: { written, _, _ throws(Refusal) in
            let text = try written.requireText()
            guard text.utf8.count < 4096, text.printable == text else { throw .wrongKind }
            return text
        },
        encode: \.yaml)

    fileprivate static let userName = Codec(
        noun: "a name", accepts: "a name of up to 255 bytes without a colon and control characters",
        decode: { written, _, _ throws(Refusal) in
            let text = try written.requireText()
            guard (1...255).contains(text.utf8.count), !text.contains(":"), text.printable == text else {
                throw .wrongKind
            }
            return text
        },
        encode: \.yaml)

    /// What tokens and challenges call the registry: it stands between quotes.
    static let serviceName = Codec(
        noun: "a service name", accepts: "up to 255 characters of ASCII without spaces, quotes and backslashes",
        decode: { written, _, _ throws(Refusal) in
            let text = try written.requireText()
            guard text.utf8.count <= 255,
                text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C })
            else { throw .wrongKind }
            return text
        },
        encode: \.yaml)

    /// Where clients get tokens: it stands between quotes.
    static let realm = Codec(
        noun: "a URL", accepts: "an http or https URL such as https://registry.example.com/token; empty for our own",
        decode: { written, key, report throws(Refusal) in
            let text = try Codec<String>.webURL.decode(written, key, &report)
            guard text.utf8.allSatisfy({ $0 != 0x22 && $0 != 0x5C }) else { throw .wrongKind }
            return text
        },
        encode: \.yaml)
}

extension Codec<[String]> {
    fileprivate static let userNames = list(
        of: Codec<String>.userName, noun: "a list of names", accepts: "a list of users' names", atLeast: 1,
        distinct: { $0 != $1 })
}

extension Codec<Grantee> {
    fileprivate static let grantee = Codec(
        noun: "a caller",
        accepts: "anonymous, authenticated, user:<name>, group:<name> or certificate:<name>",
        decode: { written, _, _ throws(Refusal) in
            guard let grantee = Grantee(parsing: try written.requireText()) else { throw .wrongKind }
            return grantee
        },
        encode: { $0.description.yaml })
}

extension Codec<[Grantee]> {
    fileprivate static let grantees = list(
        of: Codec<Grantee>.grantee, noun: "a list of callers",
        accepts: "a list of anonymous, authenticated, user:<name>, group:<name> and certificate:<name>",
        atLeast: 1, distinct: { $0 != $1 })
}

extension Codec<Permission> {
    fileprivate static let permission = Codec(
        noun: "a permission", accepts: Permission.allCases.map(\.rawValue).joined(separator: ", "),
        decode: { written, _, _ throws(Refusal) in
            guard let permission = Permission(rawValue: try written.requireText()) else { throw .wrongKind }
            return permission
        },
        encode: { $0.rawValue })
}

extension Codec<Set<Permission>> {
    private static let names = Permission.allCases.map(\.rawValue).joined(separator: ", ")
    private static let items = Codec<[Permission]>.list(
        of: Codec<Permission>.permission, noun: "a list of permissions", accepts: "a list of \(names)", atLeast: 1,
        distinct: { $0 != $1 })

    fileprivate static let permissions = Codec(
        noun: items.noun, accepts: items.accepts, form: items.form,
        decode: { written, key, report throws(Refusal) in Set(try items.decode(written, key, &report)) },
        encode: { value in items.encode(Permission.allCases.filter(value.contains)) })
}
