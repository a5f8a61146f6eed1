import Attestation
import HTTPServing
import HTTPTypes
import HTTPWire
import OCI
import RegistryCore
import TransparencyLog

extension API {
    /// `GET /provenance/<digest>`: what is known of a manifest, an index, a config or a layer.
    ///
    /// 404 only for a digest that was never seen; one that was seen and has no records has an empty list of them.
    func traceDigest(_ digest: Digest, _ request: AdmittedRequest) async throws -> Response {
        let target = request.head.target
        let count = try pageSize(target.queryItems, name: "limit")
        let after = try cursor(target.queryItems)
        let visible = request.traceable
        @Sendable func answer(within limits: TraceLimits) throws -> Response {
            guard let trace = try registry.trace(digest, in: visible, after: after, count: count, within: limits) else {
                throw Problem(404, .manifestUnknown, "\(digest) was never seen here")
            }
            var document = document(of: trace)
            document["next"] = trace.records.next.map { .string("\($0)") } ?? .null
            var response = Response.json(.object(document))
            link(&response, to: trace.records.next, target)
            return response
        }
        // What may be seen is looked up for each repository that has it.
        guard visible.isAll else { return try await registry.aside { try answer(within: .whole) } }
        do { return try answer(within: .quick) } catch is TraceLimits.Exceeded {
            return try await registry.aside { try answer(within: .whole) }
        }
    }

    /// `GET /provenance?repository=&revision=&label=&builder=&kind=&since=&until=`: records that match, oldest first.
    func listRecords(_ request: AdmittedRequest) async throws -> Response {
        let target = request.head.target
        let count = try pageSize(target.queryItems, name: "limit")
        let (filter, after) = (try filter(target.queryItems), try cursor(target.queryItems))
        let visible = request.traceable
        return try await registry.aside {
            let page = try registry.records(matching: filter, in: visible, after: after, count: count)
            var document: JSONObject = ["records": .array(page.entries.map { .object(self.document(of: $0)) })]
            document["next"] = page.next.map { .string("\($0)") } ?? .null
            var response = Response.json(.object(document))
            link(&response, to: page.next, target)
            return response
        }
    }

    // MARK: - Questions

    private static let filters: Set = [
        "repository", "revision", "builder", "source", "base", "predicateType", "label", "kind", "since", "until",
        "limit", "cursor",
    ]

    private func filter(_ query: QueryItems) throws -> RecordFilter {
        var seen: Set<String> = []
        for item in query {
            // A condition that is silently ignored would make an auditor believe a wrong answer.
            guard Self.filters.contains(where: { $0.utf8.elementsEqual(item.name.utf8) }) else {
                throw Problem(
                    400, .unsupported, "unknown parameter; known are \(Self.filters.sorted().joined(separator: ", "))")
            }
            guard seen.insert(item.name).inserted else {
                throw Problem(400, .unsupported, "\(item.name) may be asked for once only")
            }
        }
        var filter = RecordFilter()
        if let text = query.first("repository") {
            do { filter.repository = try RepositoryName(parsing: text) } catch {
                throw Problem(400, .nameInvalid, "\(error)")
            }
        }
        if let text = query.first("kind") {
            guard let kind = RecordKind.allCases.first(where: { $0.rawValue.utf8.elementsEqual(text.utf8) }) else {
                let known = RecordKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem(400, .unsupported, "kind must be one of \(known)")
            }
            filter.kind = kind
        }
        filter.revision = query.first("revision").map(Self.commit)
        filter.builder = query.first("builder")
        filter.source = query.first("source").map(Registry.sourceRepository)
        filter.predicateType = query.first("predicateType")
        filter.base = try query.first("base").map { try Route.digest($0) }
        if let text = query.first("label") {
            let bytes = text.utf8
            guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else {
                throw Problem(400, .unsupported, "label must be <key>=<value>")
            }
            filter.label = (
                String(decoding: bytes[..<equals], as: UTF8.self),
                String(decoding: bytes[bytes.index(after: equals)...], as: UTF8.self)
            )
        }
        filter.since = try query.first("since").map { try time($0, "since") }
        filter.until = try query.first("until").map { try time($0, "until") }
        return filter
    }

    /// Leaves and statements write `gitCommit:7fd1…` or `sha1:7fd1…`; records have the hash alone.
    private static func commit(_ text: String) -> String {
        for prefix in ["gitCommit:", "sha1:", "sha256:"] where text.utf8.starts(with: prefix.utf8) {
            return String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
        }
        return text
    }

    private func cursor(_ query: QueryItems) throws -> Int64 {
        try query.first("cursor").map { try number($0, "cursor") } ?? -1
    }

    private func time(_ text: String, _ name: String) throws -> Int64 {
        guard let time = Timestamp(parsing: text) else {
            throw Problem(400, .unsupported, "\(name) must be a time such as 2026-01-31T12:00:00Z")
        }
        // Records have whole milliseconds, so the next one divides them as the time itself does.
        return time.seconds * 1000 + (Int64(time.nanoseconds) + 999_999) / 1_000_000
    }

    private func link(_ response: inout Response, to next: Int64?, _ target: RequestTarget) {
        guard let next else { return }
        var items = target.queryItems.filter { !$0.name.utf8.elementsEqual("cursor".utf8) }
        items.append(("cursor", "\(next)"))
        response.fields[.link] = LinkHeader.next(path: target.path, query: items)
    }

    // MARK: - Answers

    func document(of trace: Trace) -> JSONObject {
        var document: JSONObject = ["subject": .string("\(trace.digest)")]
        document["kind"] = .string(trace.manifest?.kind.rawValue ?? "blob")
        document["mediaType"] = trace.manifest.map { .string($0.mediaType.rawValue) }
        document["repositories"] = .array(trace.repositories.map { .string($0) })
        document["tags"] = .array(trace.tags.map { ["repository": .string($0.repository), "tag": .string($0.tag)] })
        if let manifest = trace.manifest, manifest.kind == .index {
            let platforms = manifest.manifests.filter { trace.attestations.isEmpty || $0.platform?.os != "unknown" }
            document["tree"] = [
                "index": .string("\(trace.digest)"),
                "platforms": .array(platforms.map { platform($0, trace) }),
            ]
        }
        document["trace"] = lineage(of: trace)
        document["summary"] = summary(of: trace)
        document["containedIn"] = .array(
            trace.containers.map { ["manifest": .string("\($0.manifest)"), "role": .string($0.role)] })
        document["records"] = .array(trace.records.entries.map { .object(self.document(of: $0)) })
        document["asOf"] = trace.checkpoint.map { checkpoint in
            [
                "origin": .string(checkpoint.origin), "size": .integer(checkpoint.size),
                "root": .string(checkpoint.root.base64), "checkpoint": "/checkpoint",
            ]
        }
        return document
    }

    /// Images that one answer names as derived; `derivedCount` counts them all.
    private static let mostDerivedShown = 100

    /// Source and revision as the best record has them, what it was built on, and what was built on it.
    private func lineage(of trace: Trace) -> JSONValue {
        let best =
            trace.history.last { $0.kind == RecordKind.build.rawValue && $0.revision != nil }
            ?? trace.history.last { $0.kind == RecordKind.push.rawValue }
        return [
            "source": best?.json["fields"]?["source"] ?? best?.json["source"] ?? .null,
            "revision": best?.revision.map { .string($0) } ?? .null,
            "baseImages": .array(
                trace.bases.map { base in
                    var entry: JSONObject = ["evidence": .array(base.evidence.map { .string($0.rawValue) })]
                    entry["name"] = base.name.map { .string($0) }
                    entry["digest"] = base.digest.map { .string("\($0)") }
                    entry["manifest"] = base.manifest.map { .string("\($0)") }
                    return .object(entry)
                }),
            "derivedCount": .integer(Int64(trace.derived.count)),
            "derived": .array(
                trace.derived.prefix(Self.mostDerivedShown).map { image in
                    [
                        "digest": .string("\(image.digest)"),
                        "evidence": .array(image.evidence.map { .string($0.rawValue) }),
                    ]
                }),
        ]
    }

    /// Whether a trusted key vouches for it, and what contradicts itself.
    private func summary(of trace: Trace) -> JSONValue {
        func hasValid(_ kind: RecordKind) -> Bool {
            trace.history.contains { record in
                record.kind == kind.rawValue && record.json["verification"]?["signature"] == "valid"
            }
        }
        return [
            "signed": .bool(hasValid(.signature)), "provenance": .bool(hasValid(.build)),
            "conflicts": .array(
                trace.conflicts.map { conflict in
                    [
                        "field": .string(conflict.field), "label": .string(conflict.label),
                        "attested": .string(conflict.attested), "record": .integer(conflict.record),
                    ]
                }),
        ]
    }

    /// One entry of an index, with the five fields of its newest push.
    private func platform(_ descriptor: Descriptor, _ trace: Trace) -> JSONValue {
        var entry: JSONObject = ["manifest": .string("\(descriptor.digest)")]
        entry["platform"] = descriptor.platform.map(\.json)
        entry["attestations"] = trace.attestations[descriptor.digest].map { .array($0.map { "\($0)" }) }
        guard let push = trace.children[descriptor.digest] else { return .object(entry) }
        entry["record"] = .integer(push.id)
        entry["time"] = .string(Self.text(of: push.time))
        entry["builder"] = Self.builder(of: push)
        for name in ["revision", "source", "version", "labels"] { entry[name] = push.json[name] }
        return .object(entry)
    }
}
