package import OCI

/// The chain of an image, from what a server answered about it, for a person to read.
package struct TraceReport: Sendable {
    /// The image as the person called it.
    package let name: String
    package let digest: Digest
    package let answer: TraceAnswer
    /// What the server knows of the platforms of an index, by their digests.
    package let platforms: [String: TraceAnswer]
    /// What came of each proof, by the number of its record; nil when nobody asked for proofs.
    package let checks: [Int64: ProofCheck]?

    /// A report of these answers.
    package init(
        name: String, digest: Digest, answer: TraceAnswer, platforms: [String: TraceAnswer] = [:],
        checks: [Int64: ProofCheck]? = nil
    ) {
        self.name = name
        self.digest = digest
        self.answer = answer
        self.platforms = platforms
        self.checks = checks
    }

    private var answers: [TraceAnswer] { [answer] + platforms.values }

    /// Whether statements contradict each other, or a signature is not what it claims to be.
    package var hasConflict: Bool { answers.contains { !$0.conflicts.isEmpty || $0.hasInvalidSignature } }

    /// Whether a proof was checked and is none.
    package var hasWrongProof: Bool { checks?.values.contains { !$0.holds } ?? false }

    /// The whole as a tree.
    package var tree: Branch {
        var root = Branch("\(name, .strong)")
        root.branches.append(Branch("\(answer.kind) \(digest.description)"))
        root.branches += places
        root.branches += ImageBranches(answer: answer, checks: checks).all
        if !answer.platforms.isEmpty {
            root.branches.append(Branch("platforms", answer.platforms.map(branch(of:))))
        }
        root.branches.append(log)
        return root
    }

    /// The tags that point at it, and the repositories that have it without.
    private var places: [Branch] {
        let tags = answer["tags"]?.array ?? []
        let tagged = tags.compactMap { tag -> String? in
            guard let repository = tag["repository"]?.string, let name = tag["tag"]?.string else { return nil }
            return "\(repository):\(name)"
        }
        let repositories = (answer["repositories"]?.array ?? []).compactMap(\.string)
        guard !repositories.isEmpty else { return [Branch("\("in no repository any more", .doubtful)")] }
        let bare = repositories.filter { name in !tags.contains { $0["repository"]?.string == name } }
        return [Branch("in " + Line.list(tagged + bare.map { "\($0) (without a tag)" }, most: 20))]
    }

    private func branch(of platform: JSONValue) -> Branch {
        let digest = platform["manifest"]?.string ?? ""
        var branch = Branch("\(Self.name(of: platform["platform"]), .strong) \(digest)")
        if let answer = platforms[digest] {
            branch.branches = ImageBranches(answer: answer, checks: checks, isPart: true).all
        } else if let id = platform["record"]?.int64 {
            branch.branches.append(Branch("pushed in record \(id), \(platform["time"]?.string ?? "")"))
        } else {
            branch.branches.append(Branch("\("no record of its own", .doubtful)"))
        }
        for attestation in platform["attestations"]?.array?.compactMap(\.string) ?? [] {
            branch.branches.append(Branch("attestations in \(attestation)"))
        }
        return branch
    }

    private static func name(of platform: JSONValue?) -> String {
        let parts = ["os", "architecture", "variant"].compactMap { platform?[$0]?.string }.filter { !$0.isEmpty }
        let version = platform?["os.version"]?.string.map { " \($0)" } ?? ""
        return parts.isEmpty ? "no platform named" : parts.joined(separator: "/") + version
    }

    private var log: Branch {
        guard let asOf = answer["asOf"], let size = answer.logSize else { return Branch("not in a log") }
        return Branch("log \(asOf["origin"]?.string ?? "without a name", .strong), \(size) records, \(state)")
    }

    private var state: Line {
        guard let checks else { return "\("no proof checked", .doubtful)" }
        let wrong = checks.values.filter { !$0.holds }.count
        guard wrong == 0 else { return "\("✘ \(wrong) of \(checks.count) proofs are wrong", .bad)" }
        return "\("✔ all \(checks.count) proofs checked", .good)"
    }
}

extension TraceReport {
    /// The documents as they came, in one object.
    package func json(proofs: [JSONValue]?) -> JSONValue {
        var object: JSONObject = [
            "image": .string(name), "digest": .string("\(digest)"),
            "documents": .array(answer.pages + platforms.sorted { $0.key < $1.key }.flatMap(\.value.pages)),
        ]
        if let proofs { object["proofs"] = .array(proofs) }
        return .object(object)
    }
}

extension Line {
    /// The first `most` of the texts, and how many there are besides.
    static func list(_ texts: [String], most: Int) -> Line {
        let shown: Line = "\(texts.prefix(most).joined(separator: ", "), limit: 4000)"
        return texts.count > most ? shown + " and \(texts.count - most) more" : shown
    }
}
