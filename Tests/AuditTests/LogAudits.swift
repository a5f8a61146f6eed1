import OCI
import RegistryCore
import RegistryTesting
import Testing
import TransparencyLog

/// The log of a live server, checked by programs that we did not write. Whatever they accept, they refuse after one byte.
@Suite(.enabled(if: PythonTools.isAvailable, "aics-tlog is needed"), .timeLimit(.minutes(20)))
struct `The log of a live server` {
    @Test func `is verified by aics-tlog, with its witness and offline`() async throws {
        let audited = try await AuditedServer()
        let folder = audited.folder
        for number in 0..<300 {
            _ = try audited.post(audited.envelope(about: Digest(.sha256, of: [7]), invocation: number))
        }
        let old = try await audited.witnessed(299)
        folder.write(old.bytes, to: "old.note")
        let envelope = try audited.envelope(about: Digest(.sha256, of: [8]))
        let record = try audited.post(envelope)
        let newest = try await audited.witnessed(record)
        #expect(newest.checkpoint.size > 600, "each signature has a leaf of its own besides")

        let checkpoint = try await audited.tlog("verify-checkpoint", "--tiles", audited.url)
        #expect(checkpoint.status == 0, "\(checkpoint.text)")
        let quorum = ["--witness-key", audited.witness.key, "--quorum", "1"]
        let witnessed = try await audited.run(
            "aics-tlog",
            ["verify-checkpoint", "--tiles", audited.url, "--vkey-file", "\(folder.path)/keys.txt"] + quorum)
        #expect(witnessed.status == 0, "\(witnessed.text)")

        folder.write(envelope, to: "envelope.json")
        folder.write(try Self.payload(of: envelope), to: "statement.json")
        let inclusion = try await audited.tlog(
            "verify-inclusion", "--tiles", audited.url, "--index", "\(record)", "--envelope",
            "\(folder.path)/envelope.json", "--body", "\(folder.path)/statement.json", "--bundle-out",
            "\(folder.path)/made.json")
        #expect(inclusion.status == 0, "\(inclusion.text)")
        let consistency = try await audited.tlog(
            "verify-consistency", "--tiles", audited.url, "--old-checkpoint", "\(folder.path)/old.note")
        #expect(consistency.status == 0, "\(consistency.text)")

        folder.write(try audited.server.request("GET", "/provenance/records/\(record)/proof").body, to: "bundle.json")
        for name in ["made.json", "bundle.json"] {
            let bundle = try await audited.tlog("verify-bundle", "--offline", "--bundle", "\(folder.path)/\(name)")
            #expect(bundle.status == 0, "\(name): \(bundle.text)")
        }
        let offline = try await audited.run(
            "aics-tlog",
            ["verify-bundle", "--offline", "--bundle", "\(folder.path)/bundle.json", "--vkey-file"]
                + ["\(folder.path)/keys.txt"] + quorum)
        #expect(offline.status == 0, "\(offline.text)")
        try await refuse(audited, record: record, old: old)
        await audited.stop()
    }

    /// The same checks again, each with one byte changed.
    private func refuse(_ audited: AuditedServer, record: Int64, old: SignedCheckpoint) async throws {
        let folder = audited.folder
        folder.write(Self.changed(try audited.server.request("GET", "/checkpoint").body, at: 25), to: "bad.note")
        let checkpoint = try await audited.tlog("verify-checkpoint", "--note", "\(folder.path)/bad.note")
        #expect(checkpoint.status == 1, "\(checkpoint.text)")
        folder.write(Self.changed(folder.read("statement.json"), at: 100), to: "bad.json")
        let inclusion = try await audited.tlog(
            "verify-inclusion", "--tiles", audited.url, "--index", "\(record)", "--envelope",
            "\(folder.path)/envelope.json", "--body", "\(folder.path)/bad.json", "--bundle-out",
            "\(folder.path)/never.json")
        #expect(inclusion.status == 1, "\(inclusion.text)")
        let other = try await audited.tlog(
            "verify-inclusion", "--tiles", audited.url, "--index", "\(record)", "--leaf", "\(folder.path)/bad.json")
        #expect(other.status == 1, "\(other.text)")
        folder.write(Self.changed(old.bytes, at: 30), to: "old.note")
        let consistency = try await audited.tlog(
            "verify-consistency", "--tiles", audited.url, "--old-checkpoint", "\(folder.path)/old.note")
        #expect(consistency.status == 1, "\(consistency.text)")
        let bundle = try #require(try JSONValue(parsing: folder.read("bundle.json")).object)
        for member in ["entry_bytes", "checkpoint_note", "body_or_ct"] {
            var changed = bundle
            let text = try #require(bundle[member]?.string)
            changed[member] = .string(String(decoding: Self.changed(Array(text.utf8), at: 60), as: UTF8.self))
            folder.write(JSONValue.object(changed).serialized(), to: "bad.json")
            let result = try await audited.tlog("verify-bundle", "--offline", "--bundle", "\(folder.path)/bad.json")
            #expect(result.status != 0, "\(member): \(result.text)")
        }
    }

    @Test func `is time-stamped, as openssl finds`() async throws {
        let audited = try await AuditedServer()
        _ = try audited.post(audited.envelope(about: Digest(.sha256, of: [9])))
        var answer = try audited.server.request("GET", "/checkpoint/tsr")
        while answer.status != 200 {
            try await Task.sleep(for: .milliseconds(100))
            answer = try audited.server.request("GET", "/checkpoint/tsr")
        }
        #expect(answer["Content-Type"] == "application/timestamp-reply")
        let stamped = try audited.server.request("GET", "/checkpoint/stamped").body
        try SignedCheckpoint(parsing: stamped).verify(by: audited.logKey)
        let good = try await audited.authority.verify(answer.body, of: stamped, isToken: false)
        #expect(good.0, "\(good.1)")
        let bad = try await audited.authority.verify(answer.body, of: Self.changed(stamped, at: 40), isToken: false)
        #expect(!bad.0, "\(bad.1)")
        await audited.stop()
    }

    @Test func `is a Rekor to clients of Sigstore`() async throws {
        let audited = try await AuditedServer()
        let record = try audited.post(audited.envelope(about: Digest(.sha256, of: [9])))
        let bundle = try audited.server.request("GET", "/provenance/records/\(record)/proof?format=sigstore")
        #expect(bundle.status == 200 && bundle["Content-Type"] == "application/vnd.dev.sigstore.bundle.v0.3+json")
        let entry = try #require(
            try JSONValue(parsing: bundle.body)["verificationMaterial"]?["tlogEntries"]?.array?.first)
        let root = TrustedRoot(logs: [
            TrustedRoot.Log(key: audited.logKey, url: "https://\(AuditedServer.origin)", start: "2026-01-01T00:00:00Z")
        ])
        audited.folder.write(root.json.serialized(), to: "root.json")
        #expect(try await sigstoreAccepts(entry.serialized(), audited))
        var moved = try #require(entry.object)
        moved["canonicalizedBody"] = .string(
            Self.changed(Array((entry["canonicalizedBody"]?.string ?? "").utf8), at: 200).text)
        #expect(try await !sigstoreAccepts(JSONValue.object(moved).serialized(), audited))
        await audited.stop()
    }

    /// Whether sigstore's own check of a log entry passes: inclusion, checkpoint, key.
    private func sigstoreAccepts(_ entry: [UInt8], _ audited: AuditedServer) async throws -> Bool {
        audited.folder.write(entry, to: "entry.json")
        let script = """
            import sys
            from sigstore._internal.trust import KeyringPurpose
            from sigstore.models import TransparencyLogEntry
            from sigstore.models import TrustedRoot
            from sigstore_models.rekor.v1 import TransparencyLogEntry as T
            root = TrustedRoot.from_file(sys.argv[1])
            entry = T.from_json(open(sys.argv[2]).read())
            TransparencyLogEntry(entry)._verify(root.rekor_keyring(KeyringPurpose.VERIFY))
            """
        let (root, file) = ("\(audited.folder.path)/root.json", "\(audited.folder.path)/entry.json")
        let result = try await audited.run("python", ["-c", script, root, file])
        if result.status != 0 { print(result.text.suffix(600)) }
        return result.status == 0
    }

    private static func payload(of envelope: [UInt8]) throws -> [UInt8] {
        let text = try #require(try JSONValue(parsing: envelope)["payload"]?.string)
        return try #require(Base64.decode(text.utf8))
    }

    /// The bytes with another one at a place, which stays a letter or digit where it was one.
    static func changed(_ bytes: [UInt8], at place: Int) -> [UInt8] {
        var bytes = bytes
        bytes[place] = bytes[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        return bytes
    }
}

extension [UInt8] {
    fileprivate var text: String { String(decoding: self, as: UTF8.self) }
}
