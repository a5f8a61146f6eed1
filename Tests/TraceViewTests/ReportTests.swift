import OCI
import Testing
import TraceView

@Suite struct `The chain of an image` {
    @Test func `is a tree for people`() throws {
        let expected = """
            http://127.0.0.1:5000/team/app:v1
            ├─ image sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
            ├─ in team/app:v1, other/app (without a tag)
            ├─ build record signed by a trusted key
            ├─ records
            │  ├─ build 2026-01-31T11:59:30.000Z
            │  │  ├─ signature valid by key 8d4a0c9be8aa
            │  │  ├─ builder https://ci.example.com/runners/1, allowed for the key
            │  │  ├─ revision 0123456789abcdef0123456789abcdef01234567, fetched by the builder itself
            │  │  ├─ source git+https://git.example.com/team/app
            │  │  ├─ ran 2026-01-31T11:55:00Z to 2026-01-31T11:59:00Z
            │  │  ├─ run https://ci.example.com/runs/8841
            │  │  ├─ sent by somebody without a name
            │  │  └─ record 597, in the log at index 597 of 600, proof not checked
            │  └─ push 2026-01-31T12:00:00.250Z
            │     ├─ by alice from 127.0.0.1 with skopeo/1.9.3
            │     ├─ to team/app as v1, latest, where v1 was sha256:dddddddddddd
            │     ├─ revision 0123456789abcdef0123456789abcdef01234567
            │     ├─ version 1.4.2
            │     ├─ created 2026-01-31T11:59:00Z
            │     └─ record 598, in the log at index 598 of 600, proof not checked
            ├─ built on
            │  └─ docker.io/library/debian:13 sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
            │     ├─ provenance: a build record names it among what was used
            │     ├─ annotation: the image says so of itself
            │     └─ rootfs-prefix: the image begins with all its layers
            ├─ labels
            │  ├─ org.opencontainers.image.version = 1.4.2
            │  ├─ team = blue
            │  ├─ and 2 more
            │  └─ team: config says red, manifest says blue
            ├─ 2 images are built on it
            ├─ contained in
            │  └─ sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc (as manifest)
            └─ log registry.example.com, 600 records, no proof checked
            """
        let lines = try Answers.report(Answers.image()).tree.lines()
        #expect(lines == expected.split(separator: "\n").map(String.init))
    }

    @Test func `of an index has a branch for each platform`() throws {
        let tree = try Answers.report(Answers.multi, platforms: [Answers.image: Answers.image()]).tree
        #expect(tree["no trusted signature about the index itself; each platform has its own records"] != nil)
        let platforms = try #require(tree["platforms"])
        #expect(
            platforms.branches.map(\.line.text) == [
                "linux/amd64 \(Answers.image)", "linux/arm64/v8 \(Answers.arm)",
                "no platform named \(Answers.digest("f"))",
            ])
        #expect(platforms["linux/amd64"]?["records"]?.branches.count == 2)
        #expect(platforms["linux/amd64"]?["attestations in \(Answers.digest("e"))"] != nil)
        #expect(platforms["linux/amd64"]?["contained in"] == nil, "the index is above it")
        #expect(platforms["linux/arm64"]?["pushed in record 12, 2026-01-01T00:00:00.000Z"] != nil)
        #expect(platforms["no platform"]?["no record of its own"] != nil)
    }

    @Test(arguments: [
        ("valid", true, Style.good, "signature valid by key 8d4a0c9be8aa"),
        ("valid", false, .doubtful, "claimed: no signature that may speak for it"),
        ("untrusted", false, .doubtful, "signature untrusted: by no key that the server knows"),
        ("unsigned", false, .doubtful, "unsigned: anybody may have written this"),
        ("invalid", false, .bad, "✘ signature invalid: the key it names did not make it"),
    ])
    func `says what the signature of a build record is worth`(
        _ signature: String, _ isAllowed: Bool, _ style: Style, _ text: String
    ) throws {
        let report = try Answers.report(Answers.image(records: [Answers.build(signature, allowed: isAllowed)]))
        #expect(report.tree.texts.contains { $0.contains(text) })
        #expect(report.tree.styles(of: String(text.prefix(15))).contains(style))
        #expect(report.hasConflict == (signature == "invalid"))
    }

    @Test func `shows a conflict in red, before anything else is said of the image`() throws {
        let conflict: JSONValue = [
            "field": "revision", "label": "1234567", "attested": .string(Answers.revision), "record": 597,
        ]
        let report = try Answers.report(Answers.image(conflicts: [conflict]))
        #expect(report.hasConflict)
        let branch = try #require(report.tree["✘ conflict: revision"])
        #expect(
            branch.texts.dropFirst() == ["the image says 1234567", "record 597 says \(Answers.revision)"])
        #expect(report.tree.branches.firstIndex(of: branch) == 2)
        #expect(report.tree.styles(of: "conflict") == [.bad])
        #expect(branch.lines(isColoured: true)[0] == "\u{1B}[1;31m✘ conflict: revision\u{1B}[0m")
        let part = try Answers.report(
            Answers.multi, platforms: [Answers.image: Answers.image(conflicts: [conflict])])
        #expect(part.hasConflict)
        #expect(try !Answers.report(Answers.image()).hasConflict)
    }

    @Test func `says what came of the proofs`() throws {
        let good = try Answers.report(Answers.image(), checks: [597: .holds(size: 600), 598: .holds(size: 601)])
        #expect(!good.hasWrongProof)
        #expect(
            good.tree.texts.contains(
                "record 598, in the log at index 598 of 600, ✔ proof checked in the tree of 601"))
        #expect(good.tree.texts.last == "log registry.example.com, 600 records, ✔ all 2 proofs checked")
        let bad = try Answers.report(
            Answers.image(), checks: [597: .holds(size: 600), 598: .fails(reason: "the root is another")])
        #expect(bad.hasWrongProof)
        #expect(bad.tree.texts.contains { $0.hasSuffix("✘ proof wrong: the root is another") })
        #expect(bad.tree.texts.last == "log registry.example.com, 600 records, ✘ 1 of 2 proofs are wrong")
        #expect(bad.tree.styles(of: "✘") == [.bad, .bad])
    }

    @Test func `puts the records of all pages together`() throws {
        let conflict: JSONValue = ["field": "revision", "label": "x", "attested": "y", "record": 598]
        let report = try Answers.report(
            Answers.image(records: [Answers.build()]), Answers.image(records: [Answers.push], conflicts: [conflict]))
        #expect(report.tree["records"]?.branches.count == 2)
        #expect(report.tree["built on"]?.branches.count == 1)
        #expect(report.hasConflict)
        #expect(report.json(proofs: nil)["documents"]?.array?.count == 2)
    }

    @Test func `tells of tags that moved, deletions and what else there may be`() throws {
        let records: [JSONValue] = [
            [
                "id": 1, "kind": "tag", "repository": "app", "tag": "v1", "previous": .string(Answers.base),
                "digest": .string(Answers.image), "log": ["index": 1],
            ],
            ["id": 2, "kind": "delete", "deleted": "tag", "tag": "v1", "repository": "app", "log": ["index": 2]],
            [
                "id": 3, "kind": "attestation", "predicateType": "https://spdx.dev/Document",
                "verification": ["signature": "untrusted"], "carriedBy": .string(Answers.arm), "log": ["index": 3],
            ], ["id": 700, "kind": "new-kind", "log": ["index": 700]],
        ]
        let texts = try Answers.report(Answers.image(records: records)).tree.texts
        for text in [
            "app:v1 moved from sha256:dddddddddddd to sha256:aaaaaaaaaaaa", "deleted tag v1 in app",
            "type https://spdx.dev/Document", "attached by \(Answers.arm)", "new-kind at an unknown time",
            "record 700, in the log after the 600 of the checkpoint, proof not checked",
        ] {
            #expect(texts.contains(text), "\(text)")
        }
    }

    @Test(arguments: [JSONValue.null, [], "x", 1, [:], ["records": ["x", [:]], "trace": 1, "asOf": 2, "tree": [1]]])
    func `is shown as far as it is there`(_ page: JSONValue) throws {
        let answer = try #require(TraceAnswer(pages: [page]))
        let digest = try Digest(parsing: Answers.image)
        let report = TraceReport(name: "x", digest: digest, answer: answer)
        #expect(!report.tree.lines(width: 40, isColoured: true).isEmpty)
        #expect(TraceAnswer(pages: []) == nil)
    }

    @Test func `is one JSON object with the documents as they came`() throws {
        let report = try Answers.report(Answers.multi, platforms: [Answers.image: Answers.image()])
        let json = report.json(proofs: [["record": 598, "holds": true]])
        #expect(json["image"] == "http://127.0.0.1:5000/team/app:v1" && json["digest"]?.string == Answers.index)
        #expect(json["documents"] == [Answers.multi, Answers.image()])
        #expect(json["proofs"] == [["record": 598, "holds": true]])
        #expect(report.json(proofs: nil)["proofs"] == nil)
    }
}
