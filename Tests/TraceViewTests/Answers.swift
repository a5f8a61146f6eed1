import OCI
import TraceView

/// What a server might answer, each test changing what it is about.
enum Answers {
    static let image = digest("a")
    static let arm = digest("b")
    static let index = digest("c")
    static let base = digest("d")
    static let revision = "0123456789abcdef0123456789abcdef01234567"
    static let key = "8d4a0c9be8aa5d1d6d2ba5c8b0eeb9e3d7ef7a35f0a2b9c2a1ad6d3a7b1c4e5f"

    static func digest(_ digit: String) -> String { "sha256:\(String(repeating: digit, count: 64))" }

    static let push: JSONValue = [
        "id": 598, "kind": "push", "time": "2026-01-31T12:00:00.250Z", "repository": "team/app",
        "digest": .string(image),
        "actor": ["principal": "alice", "clientAddress": "127.0.0.1", "userAgent": "skopeo/1.9.3"],
        "tags": ["v1", "latest"], "previous": ["v1": .string(base), "latest": .string(image)],
        "revision": .string(revision), "version": "1.4.2", "created": "2026-01-31T11:59:00Z",
        "labels": ["org.opencontainers.image.version": "1.4.2", "team": "blue"], "labelsOmitted": 2,
        "labelsConflict": ["team": ["config": "red", "manifest": "blue"]],
        "log": ["index": 598, "proof": "/provenance/records/598/proof"],
    ]

    static func build(_ signature: String = "valid", allowed: Bool = true) -> JSONValue {
        [
            "id": 597, "kind": "build", "time": "2026-01-31T11:59:30.000Z", "digest": .string(image),
            "actor": ["principal": .null, "clientAddress": .null, "userAgent": .null],
            "verification": [
                "signature": .string(signature), "keyids": [.string(key)], "trusted": true,
                "builderAllowed": .bool(allowed),
            ],
            "fields": [
                "builder": ["id": "https://ci.example.com/runners/1", "claimed": .bool(!allowed)],
                "revision": .string(revision), "revisionEvidence": "resolved",
                "source": "git+https://git.example.com/team/app", "startedOn": "2026-01-31T11:55:00Z",
                "finishedOn": "2026-01-31T11:59:00Z", "invocation": "https://ci.example.com/runs/8841", "labels": [:],
            ],
            "log": ["index": 597],
        ]
    }

    /// An answer about an image.
    static func image(
        records: [JSONValue] = [build(), push], conflicts: [JSONValue] = [], _ more: JSONObject = [:]
    ) -> JSONValue {
        var document: JSONObject = [
            "subject": .string(image), "kind": "image", "repositories": ["other/app", "team/app"],
            "tags": [["repository": "team/app", "tag": "v1"]],
            "trace": [
                "baseImages": [
                    [
                        "name": "docker.io/library/debian:13", "digest": .string(base),
                        "evidence": ["provenance", "annotation", "rootfs-prefix"], "manifest": .string(base),
                    ]
                ], "derivedCount": 2,
            ],
            "summary": ["signed": false, "provenance": true, "conflicts": .array(conflicts)],
            "containedIn": [["manifest": .string(index), "role": "manifest"]], "records": .array(records),
            "asOf": ["origin": "registry.example.com", "size": 600, "root": "", "checkpoint": "/checkpoint"],
        ]
        for member in more.members { document[member.key] = member.value }
        return .object(document)
    }

    static let multi: JSONValue = [
        "subject": .string(index), "kind": "index", "repositories": ["team/app"],
        "tags": [["repository": "team/app", "tag": "v1"]],
        "tree": [
            "platforms": [
                [
                    "manifest": .string(image), "platform": ["architecture": "amd64", "os": "linux"], "record": 598,
                    "attestations": [.string(digest("e"))],
                ],
                [
                    "manifest": .string(arm), "platform": ["architecture": "arm64", "os": "linux", "variant": "v8"],
                    "record": 12, "time": "2026-01-01T00:00:00.000Z",
                ], ["manifest": .string(digest("f"))],
            ]
        ],
        "trace": ["baseImages": [], "derivedCount": 0],
        "summary": ["signed": false, "provenance": false, "conflicts": []], "containedIn": [], "records": [],
        "asOf": ["origin": "registry.example.com", "size": 600],
    ]

    /// The report on some answer.
    static func report(
        _ pages: JSONValue..., platforms: [String: JSONValue] = [:], checks: [Int64: ProofCheck]? = nil
    ) throws -> TraceReport {
        struct NoPage: Error {}
        guard let answer = TraceAnswer(pages: pages), let subject = pages[0]["subject"]?.string else { throw NoPage() }
        return TraceReport(
            name: "http://127.0.0.1:5000/team/app:v1", digest: try Digest(parsing: subject), answer: answer,
            platforms: platforms.compactMapValues { TraceAnswer(pages: [$0]) }, checks: checks)
    }
}

extension Branch {
    /// This and everything below it, as text.
    var texts: [String] { [line.text] + branches.flatMap(\.texts) }

    /// The styles of the parts that contain `text`.
    func styles(of text: String) -> [Style] {
        line.spans.filter { $0.text.contains(text) }.map(\.style) + branches.flatMap { $0.styles(of: text) }
    }
}
