import OCI

/// What is known of one image, index or platform, branch by branch.
struct ImageBranches {
    let answer: TraceAnswer
    let checks: [Int64: ProofCheck]?
    /// Whether this is one platform of what was asked about, so that where it belongs is already said.
    var isPart = false

    private static let mostLabels = 30

    var all: [Branch] {
        var branches = conflicts
        branches += answer.kind == "blob" ? [] : [trust]
        let records = answer.records.map { RecordBranch(record: $0, logSize: answer.logSize, checks: checks).branch }
        branches.append(records.isEmpty ? Branch("no records of its own") : Branch("records", records))
        if !answer.bases.isEmpty { branches.append(Branch("built on", answer.bases.map(Self.branch(of:)))) }
        if let labels { branches.append(labels) }
        if answer.derivedCount > 0 {
            let (count, images) = (answer.derivedCount, answer.derivedCount == 1 ? "image is" : "images are")
            branches.append(Branch("\(count) \(images) built on it"))
        }
        if !isPart, let containers { branches.append(containers) }
        return branches
    }

    /// What cannot be true together.
    private var conflicts: [Branch] {
        answer.conflicts.map { conflict in
            let field = conflict["field"]?.string ?? "something"
            let (said, attested) = (conflict["label"]?.string ?? "", conflict["attested"]?.string ?? "")
            let record = conflict["record"]?.int64.map { "record \($0)" } ?? "a record"
            return Branch(
                "\("✘ conflict: \(field)", .bad)",
                [
                    Branch("\("the image says \(said)", .bad)"), Branch("\("\(record) says \(attested)", .bad)"),
                ])
        }
    }

    /// Whether somebody whom the server trusts has signed.
    private var trust: Branch {
        switch (answer.summary(has: "provenance"), answer.summary(has: "signed")) {
        case (true, true): Branch("\("build record and image are signed by trusted keys", .good)")
        case (true, false): Branch("\("build record signed by a trusted key", .good)")
        case (false, true):
            Branch(
                "\("image signed by a trusted key", .good), \("no trusted signature under a build record", .doubtful)")
        case (false, false) where !answer.platforms.isEmpty:
            Branch("\("no trusted signature about the index itself", .doubtful); each platform has its own records")
        case (false, false): Branch("\("no trusted signature: the records are claims", .doubtful)")
        }
    }

    private static func branch(of base: JSONValue) -> Branch {
        let digest = base["digest"]?.string
        let name: Line = base["name"]?.string.map { "\($0, .strong)" } ?? "\("without a name", .faint)"
        var branch = Branch(name + (digest.map { " \($0)" } ?? " \("digest unknown", .doubtful)"))
        for evidence in base["evidence"]?.array?.compactMap(\.string) ?? [] {
            branch.branches.append(Branch("\(evidence): \(meaning(of: evidence), .faint)"))
        }
        if let manifest = base["manifest"]?.string, manifest != digest {
            branch.branches.append(Branch("the platform used is \(manifest)"))
        }
        return branch
    }

    private static func meaning(of evidence: String) -> String {
        switch evidence {
        case "provenance": "a build record names it among what was used"
        case "annotation": "the image says so of itself"
        case "rootfs-prefix": "the image begins with all its layers"
        default: "known to the server"
        }
    }

    /// What the newest push says.
    private var labels: Branch? {
        guard let push = answer.push, let labels = push["labels"]?.object?.members, !labels.isEmpty else { return nil }
        var branches = labels.prefix(Self.mostLabels).map { label in
            Branch("\(label.key, .faint) = \(label.value.string ?? "")")
        }
        let rest = labels.count - branches.count + Int(clamping: push["labelsOmitted"]?.int64 ?? 0)
        if rest > 0 { branches.append(Branch("and \(rest) more")) }
        for conflict in push["labelsConflict"]?.object?.members ?? [] {
            let said = (conflict.value.object?.members ?? []).map { "\($0.key) says \($0.value.string ?? "")" }
            branches.append(Branch("\("\(conflict.key): \(said.joined(separator: ", "))", .doubtful)"))
        }
        return Branch("labels", branches)
    }

    private var containers: Branch? {
        let found = (answer["containedIn"]?.array ?? []).compactMap { container -> String? in
            guard let manifest = container["manifest"]?.string else { return nil }
            return "\(manifest) (as \(container["role"]?.string ?? "content"))"
        }
        return found.isEmpty ? nil : Branch("contained in", found.prefix(5).map { Branch("\($0)") } + rest(found.count))
    }

    private func rest(_ count: Int) -> [Branch] { count > 5 ? [Branch("and \(count - 5) more")] : [] }
}
