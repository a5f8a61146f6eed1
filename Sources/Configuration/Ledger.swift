extension Settings {
    /// Under which name the log is published, and who vouches for it.
    package struct Ledger: Sendable, Equatable {
        /// The first line of every checkpoint; empty for the one that the log began with, which at its first start is the
        /// machine's host name.
        package var origin = ""
        /// Who is asked to cosign every checkpoint: a verifier key and a URL, with a space between them.
        package var witnesses: [String] = []
        /// How many of them must have cosigned a checkpoint before it is preferred to a newer one.
        package var quorum = 0
        /// The RFC 3161 authority that dates checkpoints; empty for none.
        package var timestampAuthority = ""
        /// The time between two checkpoints that are dated.
        package var timestampInterval = Duration.seconds(10 * 60)
        /// Whether a valid signature is logged in Rekor's form as well.
        package var sigstoreEntries = true
    }
}

/// Whose signatures under attestations and build records count.
package struct BuilderRule: Sendable, Equatable {
    /// The file of the public key, PEM.
    package var key = ""
    /// The builders that it may speak for: identifiers, or how they begin with a star behind.
    package var allow: [String] = []

    /// A rule that says nothing.
    package init() {}
}

extension BuilderRule {
    /// How one item of `builders` is written.
    static let form = RuleForm(
        blank: BuilderRule(),
        keys: [
            Key("key", \.key, .path, "The file of the public key, PEM."),
            Key("allow", \.allow, .builderPatterns, "The builders that may be named in what it signs."),
        ],
        required: [.init(path: "key", missing: "names no key"), .init(path: "allow", missing: "allows no builder")],
        identity: "key", repeated: "is in an earlier rule already")
}

extension Codec<String> {
    /// A host name or nothing.
    static let origin = Codec(
        noun: "a host name",
        accepts: "a host name in lower case such as registry.example.com, without scheme, port and path",
        decode: { written, _, _ throws(Refusal) in
            let text = try written.requireText()
            let labels = text.split(separator: ".", omittingEmptySubsequences: false)
            let isName =
                text.utf8.count <= 253
                && labels.allSatisfy { label in
                    (1...63).contains(label.utf8.count) && label.utf8.first != UInt8(ascii: "-")
                        && label.utf8.last != UInt8(ascii: "-") && label.utf8.allSatisfy(\.isHostCharacter)
                }
            guard text.isEmpty || isName else { throw .wrongKind }
            return text
        },
        encode: \.yaml)

    /// An address of the web or nothing.
    static let webURL = Codec(
        noun: "a URL", accepts: "an http or https URL such as https://tsa.example.com/, without user and fragment",
        decode: { written, _, _ throws(Refusal) in
            let text = try written.requireText()
            guard text.isEmpty || text.isPlainWebURL else { throw .wrongKind }
            return text
        },
        encode: \.yaml)

    fileprivate static let witness = Codec(
        noun: "a witness",
        accepts: "a verifier key and a URL, such as \"w1.example+f3c080b6+BCms… https://w1.example/\"",
        decode: { written, _, _ throws(Refusal) in
            let text = try written.requireText()
            let parts = text.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].split(separator: "+", maxSplits: 2).count == 3,
                String(parts[1]).isPlainWebURL, text.printable == text
            else { throw .wrongKind }
            return text
        },
        encode: \.yaml)

    fileprivate static let builderPattern = Codec(
        noun: "a builder",
        accepts: "an identifier such as https://ci.example.com/runner@v1, or how it begins and a star",
        decode: { written, _, _ throws(Refusal) in
            let text = try written.requireText()
            guard !text.isEmpty, text != "*", text.utf8.count <= 1024, text.printable == text else { throw .wrongKind }
            return text
        },
        encode: \.yaml)
}

extension Codec<[String]> {
    /// Who is asked to cosign.
    static let witnesses = list(
        of: Codec<String>.witness, noun: "a list of witnesses", accepts: "a list of verifier keys, each with its URL",
        atMost: 63, distinct: { $0 != $1 })

    /// Builders, each exact or as a beginning.
    static let builderPatterns = list(
        of: Codec<String>.builderPattern, noun: "a list of builders",
        accepts: "a list of builder identifiers, each exact or ending in *", atLeast: 1)
}

extension String {
    fileprivate var isPlainWebURL: Bool {
        let scheme = ["https://", "http://"].first { hasPrefix($0) }
        guard let scheme, printable == self, utf8.count <= 2048, !contains(" "), !contains("#") else { return false }
        let authority = dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
        return !authority.isEmpty && !authority.contains("@")
    }
}

extension UInt8 {
    fileprivate var isHostCharacter: Bool {
        (0x61...0x7A).contains(self) || (0x30...0x39).contains(self) || self == UInt8(ascii: "-")
    }
}
