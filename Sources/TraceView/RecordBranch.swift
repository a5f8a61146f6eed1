import OCI

/// One record: what it tells of, who said so, and where it is in the log.
struct RecordBranch {
    let record: JSONValue
    /// Leaves of the log when the server answered.
    let logSize: Int64?
    let checks: [Int64: ProofCheck]?

    private var kind: String { record["kind"]?.string ?? "record" }

    var branch: Branch {
        let details: [Branch]
        switch kind {
        case "push": details = push
        case "build": details = build
        case "attestation", "signature": details = evidence
        case "tag": details = tagMove
        case "delete": details = [Branch("\("deleted \(deleted)", .doubtful)"), actor]
        default: details = [actor]
        }
        return Branch("\(kind, .strong) \(text("time") ?? "at an unknown time")", details + [log])
    }

    private func text(_ member: String) -> String? { record[member]?.string }

    // MARK: - Kinds

    private var push: [Branch] {
        var branches = [Branch("by \(who)"), Branch(place)]
        if let proved = authenticated(record["builder"]) { branches.append(Branch(proved)) }
        let said = ["revision", "source", "version", "created"].compactMap { name in text(name).map { (name, $0) } }
        for (name, value) in said { branches.append(Branch("\(name, .faint) \(value)")) }
        return branches
    }

    private var place: Line {
        let tags = (record["tags"]?.array ?? []).compactMap(\.string)
        let repository: Line = "to \(text("repository") ?? "some repository")"
        guard !tags.isEmpty else { return repository + ", under its digest only" }
        var line = repository + " as " + Line.list(tags, most: 20)
        for previous in record["previous"]?.object?.members ?? []
        where previous.value.string != text("digest") {
            line = line + ", where \(previous.key) was \(Self.short(previous.value.string ?? ""))"
        }
        return line
    }

    private var build: [Branch] {
        let fields = record["fields"]
        var branches = [Branch(signature), Branch(builder)]
        if let revision = fields?["revision"]?.string {
            branches.append(Branch("\("revision", .faint) \(revision)\(revisionEvidence)"))
        }
        if let source = fields?["source"]?.string { branches.append(Branch("\("source", .faint) \(source)")) }
        if let time { branches.append(Branch(time)) }
        if let run = fields?["invocation"]?.string { branches.append(Branch("\("run", .faint) \(run)")) }
        for remark in (fields?["remarks"]?.array ?? []).compactMap(\.string) {
            branches.append(Branch("\(remark, .doubtful)"))
        }
        return branches + carrier + [actor]
    }

    private var evidence: [Branch] {
        let type: [Branch] = text("predicateType").map { [Branch("\("type", .faint) \($0)")] } ?? []
        return type + [Branch(signature)] + carrier + [actor]
    }

    private var tagMove: [Branch] {
        let (tag, previous) = (text("tag") ?? "?", text("previous").map(Self.short) ?? "something else")
        let target = text("digest").map(Self.short) ?? "this"
        return [Branch("\(text("repository") ?? ""):\(tag) moved from \(previous) to \(target)"), actor]
    }

    private var deleted: String {
        let what = text("deleted") ?? "something"
        return what + (text("tag").map { " \($0)" } ?? "") + (text("repository").map { " in \($0)" } ?? "")
    }

    // MARK: - Parts

    /// Who signed, as the server judges it.
    private var signature: Line {
        let keys = (record["verification"]?["keyids"]?.array ?? []).compactMap { $0.string?.prefix(12) }
        switch record["verification"]?["signature"]?.string {
        case "valid": return "\("signature valid", .good) by key \(keys.joined(separator: ", "))"
        case "untrusted": return "\("signature untrusted: by no key that the server knows", .doubtful)"
        case "invalid": return "\("✘ signature invalid: the key it names did not make it", .bad)"
        case "unsigned": return "\("unsigned: anybody may have written this", .doubtful)"
        default: return "\("signature unknown", .doubtful)"
        }
    }

    private var builder: Line {
        guard let id = record["fields"]?["builder"]?["id"]?.string else {
            return "\("builder", .faint) \("not named", .doubtful)"
        }
        if let proved = authenticated(record["fields"]?["builder"]) { return proved }
        guard record["verification"]?["builderAllowed"] == true else {
            return "\("builder", .faint) \(id), \("claimed: no signature that may speak for it", .doubtful)"
        }
        return "\("builder", .faint) \(id), \("allowed for the key", .good)"
    }

    /// The builder whom an issuer vouched for; nil for every other.
    private func authenticated(_ builder: JSONValue?) -> Line? {
        guard let builder, builder["authenticated"] == true, let id = builder["id"]?.string else { return nil }
        let issuer = builder["issuer"]?.string ?? "an issuer without a name"
        return "\("builder", .faint) \(id), \("authenticated by \(issuer)", .good)"
    }

    private var revisionEvidence: Line {
        let evidence: Line =
            switch record["fields"]?["revisionEvidence"]?.string {
            case "resolved": ", \("fetched by the builder itself", .faint)"
            case "hint": ", \("as the builder's client said", .faint)"
            default: ""
            }
        return record["fields"]?["dirty"] == true ? evidence + ", \("with uncommitted changes", .doubtful)" : evidence
    }

    private var time: Line? {
        switch (record["fields"]?["startedOn"]?.string, record["fields"]?["finishedOn"]?.string) {
        case (let start?, let end?): "\("ran", .faint) \(start) to \(end)"
        case (let start?, nil): "\("started", .faint) \(start)"
        case (nil, let end?): "\("finished", .faint) \(end)"
        case (nil, nil): nil
        }
    }

    private var carrier: [Branch] {
        text("carriedBy").map { [Branch("\("attached by", .faint) \($0)")] } ?? []
    }

    private var actor: Branch { Branch("\("sent by", .faint) \(who)") }

    private var who: Line {
        let actor = record["actor"]
        let name: Line = actor?["principal"]?.string.map { "\($0, .strong)" } ?? "somebody without a name"
        let address: Line = actor?["clientAddress"]?.string.map { " from \($0)" } ?? ""
        let program: Line = actor?["userAgent"]?.string.map { " with \($0)" } ?? ""
        return name + address + program
    }

    /// Where the leaf is, and whether that was checked.
    private var log: Branch {
        guard let id = record["id"]?.int64 else { return Branch("\("not in the log", .bad)") }
        let index = record["log"]?["index"]?.int64 ?? id
        let position: Line =
            logSize.map { size in
                index < size
                    ? "in the log at index \(index) of \(size)" : "in the log after the \(size) of the checkpoint"
            } ?? "in the log at index \(index)"
        return Branch("record \(id), \(position), \(proof(of: id))")
    }

    private func proof(of id: Int64) -> Line {
        switch checks?[id] {
        case nil: "\("proof not checked", .faint)"
        case .holds(let size): "\("✔ proof checked in the tree of \(size)", .good)"
        case .fails(let reason): "\("✘ proof wrong: \(reason)", .bad)"
        }
    }

    /// A digest as it is told from a few others.
    private static func short(_ digest: String) -> String {
        let parts = digest.split(separator: ":", maxSplits: 1)
        return parts.count == 2 ? "\(parts[0]):\(parts[1].prefix(12))" : digest
    }
}
