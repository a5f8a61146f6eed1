package import OCI

extension BuildRecord {
    /// Reads a build record in plain JSON, which a CI job can write without any tool.
    ///
    /// The media type is `application/vnd.waybill.build-record.v1+json`. Only `subjects` must be there:
    /// ```json
    /// {
    ///   "subjects": ["sha256:c0ffee…"],
    ///   "builder": "https://ci.example.com/runners/hosted@v1",
    ///   "startedOn": "2026-01-01T00:00:00Z",
    ///   "finishedOn": "2026-01-01T00:02:11Z",
    ///   "revision": {"gitCommit": "7fd1a60b…"},
    ///   "source": "git+https://git.example.com/team/app@refs/heads/main",
    ///   "labels": {"org.opencontainers.image.version": "1.4.2"},
    ///   "config": {"sha256": "…"},
    ///   "lockfile": {"sha256": "…"},
    ///   "environment": {"os": "debian 12"},
    ///   "invocation": "https://ci.example.com/team/app/runs/8841"
    /// }
    /// ```
    /// Unlike provenance, which other people define, this refuses what it does not understand: an unknown member, a wrong
    /// type, a moment in the future of `now`. Its author is there to correct it.
    package init(
        parsingPlain bytes: [UInt8], now: Timestamp, limits: JSONLimits = .default
    ) throws(AttestationError) {
        let plain = PlainRecord(fields: try Fields(parsing: bytes, limits: limits), range: TimestampRange(now: now))
        try plain.refuseUnknownMembers()
        self.init(subjects: try plain.subjects())
        builder = try plain.text("builder")
        startedOn = try plain.timestamp("startedOn")
        finishedOn = try plain.timestamp("finishedOn")
        revision = try plain.revision()
        source = try plain.text("source")?.withoutCredentials
        labels = try plain.map("labels")
        config = try plain.digests("config")
        lockfile = try plain.digests("lockfile")
        environment = try plain.map("environment")
        invocation = try plain.webURL("invocation")
        try plain.checkOrder(startedOn, finishedOn)
    }
}

/// The members of a plain record, each read by the rule for its type.
private struct PlainRecord {
    let fields: Fields
    let range: TimestampRange

    private static let names: Set = [
        "subjects", "builder", "startedOn", "finishedOn", "revision", "source", "labels", "config", "lockfile",
        "environment", "invocation",
    ]

    func refuseUnknownMembers() throws(AttestationError) {
        for member in fields.object.members where !Self.names.contains(member.key) {
            throw .invalid(path: "", reason: "has the unknown member \(member.key.quoted(limit: 32))")
        }
    }

    func subjects() throws(AttestationError) -> [Statement.Subject] {
        guard let elements = try fields.array("subjects"), !elements.isEmpty else { throw .missing(path: "subjects") }
        guard elements.count <= Statement.mostSubjects else {
            throw fields.invalid("subjects", "must not have more than \(Statement.mostSubjects) elements")
        }
        var subjects: [Statement.Subject] = []
        for (index, element) in elements.enumerated() {
            subjects.append(Statement.Subject(digests: DigestSet(try digest(element, at: "subjects[\(index)]"))))
        }
        return subjects
    }

    private func digest(_ json: JSONValue, at path: String) throws(AttestationError) -> Digest {
        guard let text = json.string else { throw fields.invalid(path, "must be a string") }
        do { return try Digest(parsing: text) } catch { throw fields.invalid(path, "is refused: \(error)") }
    }

    func text(_ key: String) throws(AttestationError) -> String? {
        guard let text = try fields.string(key), !text.isEmpty else { return nil }
        guard text.utf8.count <= BuildRecord.Limits.text else {
            throw fields.invalid(key, "must not be longer than \(BuildRecord.Limits.text) bytes")
        }
        return text
    }

    func webURL(_ key: String) throws(AttestationError) -> String? {
        guard let text = try text(key) else { return nil }
        guard text.isWebURL else { throw fields.invalid(key, "must be an http or https URL") }
        return text.withoutCredentials
    }

    func timestamp(_ key: String) throws(AttestationError) -> Timestamp? {
        guard let text = try text(key) else { return nil }
        guard let timestamp = Timestamp(parsing: text) else {
            throw fields.invalid(key, "must be an RFC 3339 timestamp")
        }
        guard range.contains(timestamp) else { throw fields.invalid(key, "is in the future or before the year 2000") }
        return timestamp
    }

    func checkOrder(_ startedOn: Timestamp?, _ finishedOn: Timestamp?) throws(AttestationError) {
        guard let startedOn, let finishedOn, finishedOn < startedOn else { return }
        throw fields.invalid("finishedOn", "is before startedOn")
    }

    func digests(_ key: String) throws(AttestationError) -> DigestSet? {
        guard fields[key] != nil else { return nil }
        return try DigestSet(fields, key)
    }

    func revision() throws(AttestationError) -> Revision? {
        guard let values = try digests("revision")?.values else { return nil }
        guard values.count == 1, let commit = values["gitCommit"],
            let revision = Revision(commit: commit, evidence: .stated)
        else { throw fields.invalid("revision", "must have the one member gitCommit") }
        return revision
    }

    func map(_ key: String) throws(AttestationError) -> [String: String] {
        guard let object = try fields.fields(key) else { return [:] }
        var map: [String: String] = [:]
        for member in object.object.members {
            guard let text = member.value.string else {
                throw object.invalid(member.key.quoted(limit: 32), "must be a string")
            }
            map[member.key] = text
        }
        guard map.byteCount <= BuildRecord.Limits.labels else {
            throw fields.invalid(key, "must not be larger than \(BuildRecord.Limits.labels) bytes")
        }
        return map
    }
}
