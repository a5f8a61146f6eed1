package import Access
import OCI

extension Settings {
    /// How somebody proves who they are.
    package struct Auth: Sendable, Equatable {
        /// An htpasswd file with bcrypt hashes; empty for none.
        package var passwordFile = ""
        /// The groups of users.
        package var groups: [GroupRule] = []
        /// Whose tokens are believed besides the registry's own.
        package var issuers: [TrustedIssuer.Options] = []
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

extension TrustedIssuer.Options {
    /// How one item of `auth.issuers` is written.
    static let form = RuleForm(
        blank: TrustedIssuer.Options(),
        keys: [
            Key("name", \.name, .issuerName, "What principals and groups of this issuer begin with."),
            Key("url", \.url, .issuerURL, "Its URL, exactly as it stands in its tokens."),
            Key("audience", \.audience, .audiences, "For whom a token must be made: one of these."),
            Key("keys", \.keys, .keyLocation, "Where its keys are."),
            Key("authorities", \.authorities, .pathOrNothing, "The file of those who vouch for its server, PEM."),
            Key("require", \.require, .requirements, "What all must hold for the claims of a token."),
            Key("principal", \.principal, .principalTemplate, "Who the principal is."),
            Key("groups", \.groups, .templates, "The groups it is in."),
            Key("builder", \.builder, .builderTemplate, "The build platform that it is."),
        ],
        required: [
            .init(path: "name", missing: "has no name"), .init(path: "url", missing: "has no url"),
            .init(path: "audience", missing: "names no audience"),
            .init(path: "require", missing: "believes whoever the issuer gives a token"),
        ], identity: "name", repeated: "is an earlier issuer already")
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

extension Codec<String> {
    fileprivate static let issuerName = Codec(
        noun: "a name", accepts: "a name of up to 64 lower-case letters, digits, dots and dashes",
        decode: { written, _, _ throws(Refusal) in
            let text = try written.requireText()
            let isName = text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
            guard (1...64).contains(text.utf8.count), isName else { throw .wrongKind }
            return text
        },
        encode: \.yaml)

    fileprivate static let issuerURL = Codec(
        noun: "an https URL", accepts: "an https URL of up to 512 characters such as https://gitlab.example.com",
        decode: { written, key, report throws(Refusal) in
            let text = try Codec<String>.webURL.decode(written, key, &report)
            guard text.utf8.starts(with: "https://".utf8), text.utf8.count <= 512 else { throw .wrongKind }
            return text
        },
        encode: \.yaml)

    fileprivate static let keyLocation = Codec(
        noun: "an https URL or a path",
        accepts: "an https URL, or an absolute path; empty for what the issuer's discovery document says",
        decode: { written, key, report throws(Refusal) in
            let text = try Codec<String>.pathOrNothing.decode(written, key, &report)
            guard text.isEmpty || text.hasPrefix("/") else {
                return try Codec<String>.issuerURL.decode(written, key, &report)
            }
            return text
        },
        encode: \.yaml)

    fileprivate static let audience = Codec(
        noun: "an audience", accepts: "up to 512 bytes without control characters",
        decode: { written, _, _ throws(Refusal) in
            let text = try written.requireText()
            guard (1...512).contains(text.utf8.count), text.printable == text else { throw .wrongKind }
            return text
        },
        encode: \.yaml)
}

extension Codec<[ClaimRequirement]> {
    fileprivate static let requirements = list(
        of: Codec<ClaimRequirement>(
            noun: "a claim with its value", accepts: "<claim>=<value>, such as repository_owner=acme",
            decode: { written, _, _ throws(Refusal) in
                guard let requirement = ClaimRequirement(parsing: try written.requireText()) else { throw .wrongKind }
                return requirement
            }, encode: \.description.yaml),
        noun: "a list of claims", accepts: "a list of <claim>=<value>, where * stands for anything", atLeast: 1,
        atMost: 32, distinct: { $0 != $1 })
}

extension Codec<ClaimTemplate> {
    fileprivate static let template = Codec(
        noun: "text with claims", accepts: "text with claims in braces, such as \"{sub}\"",
        decode: { written, _, _ throws(Refusal) in
            guard let template = ClaimTemplate(parsing: try written.requireText()) else { throw .wrongKind }
            return template
        },
        encode: \.description.yaml)
}

extension Codec<[ClaimTemplate]> {
    fileprivate static let templates = list(
        of: Codec<ClaimTemplate>.template, noun: "a list of texts",
        accepts: "a list of texts with claims in braces, such as \"{repository}\"", atMost: 32,
        distinct: { $0 != $1 })
}

extension Codec<ClaimTemplate?> {
    fileprivate static let principalTemplate = Codec(
        noun: "text with claims", accepts: "text with claims in braces, such as \"{sub}\"",
        decode: { written, key, report throws(Refusal) in
            let template = try Codec<ClaimTemplate>.template.decode(written, key, &report)
            guard template.description.contains("{") else { throw .because("has no claim, so all would be one") }
            return template
        },
        encode: { ($0?.description ?? "").yaml })

    fileprivate static let builderTemplate = Codec(
        noun: "text with claims",
        accepts: "text with claims in braces, such as \"https://github.com/{job_workflow_ref}\"; empty for none",
        decode: { written, key, report throws(Refusal) in
            guard try !written.requireText().isEmpty else { return nil }
            return try Codec<ClaimTemplate>.template.decode(written, key, &report)
        },
        encode: { ($0?.description ?? "").yaml })
}

extension Codec<[String]> {
    fileprivate static let audiences = list(
        of: Codec<String>.audience, noun: "a list of audiences", accepts: "a list of audiences", atLeast: 1,
        distinct: { $0 != $1 })
    fileprivate static let userNames = list(
        of: Codec<String>.userName, noun: "a list of names", accepts: "a list of users' names", atLeast: 1,
        distinct: { $0 != $1 })
}

extension Codec<Grantee> {
    fileprivate static let grantee = Codec(
        noun: "a caller",
        accepts:
            "anonymous, authenticated, user:<name>, group:<name>, issuer:<name>, workload:<issuer>:<name>, robot:<name> or certificate:<name>",
        decode: { written, _, _ throws(Refusal) in
            guard let grantee = Grantee(parsing: try written.requireText()) else { throw .wrongKind }
            return grantee
        },
        encode: { $0.description.yaml })
}

extension Codec<[Grantee]> {
    fileprivate static let grantees = list(
        of: Codec<Grantee>.grantee, noun: "a list of callers",
        accepts: "a list of anonymous, authenticated, user:<name>, group:<name>, issuer:<name>, "
            + "workload:<issuer>:<name>, robot:<name> and certificate:<name>",
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
