import Glibc
import OCI
import RegistryCore
import RegistryTesting
import TransparencyLog

/// Compares what a server has with what its clients were told.
struct Inspection: Sendable {
    let port: UInt16
    let book: Book
    /// The last change of the disk that is there; `.max` for all of them.
    let cut: UInt64
    /// Whether what was never made durable is gone as well: then an upload that is open may have lost bytes.
    let isPowerCut: Bool

    /// What is lost, came back or contradicts itself; each begins with one of these words in capitals.
    func findings() -> [String] {
        var findings: [String] = []
        let expectations = book.expectations(at: cut)
        for (thing, expected) in expectations.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            let found: String?
            do { found = try value(of: thing, &findings) } catch {
                findings.append("LOST \(expected.step.name): \(thing) cannot be read: \(error)")
                continue
            }
            guard !expected.values.contains(found) else { continue }
            let word = found == nil ? "LOST" : expected.values == [nil] ? "CAME BACK" : "CHANGED"
            findings.append("\(word) \(expected.step.name): \(thing) is \(found?.prefix(80) ?? "nothing")")
        }
        do {
            try checkImages(expectations, &findings)
            try checkCheckpoints(&findings)
            try checkUploads(&findings)
        } catch { findings.append("CONTRADICTION: cannot be inspected: \(error)") }
        return findings
    }

    private func get(_ path: String, _ fields: [(String, String)] = []) throws -> TestResponse {
        try TestConnection(port: port, timeout: 120).request("GET", path, fields + [("Connection", "close")])
    }

    /// What a thing is now; nil when it is not there.
    private func value(of thing: Thing, _ findings: inout [String]) throws -> String? {
        switch thing {
        case .blob(let repository, let digest):
            return try content(at: "/v2/\(repository)/blobs/\(digest)", digest, &findings)
        case .manifest(let repository, let digest):
            return try content(at: "/v2/\(repository)/manifests/\(digest)", digest, &findings)
        case .tag(let repository, let tag):
            let answer = try get("/v2/\(repository)/manifests/\(tag)")
            guard answer.status == 200 else { return try absent(answer) }
            return "\(Digest(.sha256, of: answer.body))"
        case .history(let digest, let kind, let repository):
            let answer = try get("/provenance/\(digest)")
            guard answer.status == 200 else { return try absent(answer) }
            let records = try JSONValue(parsing: answer.body)["records"]?.array ?? []
            let isThere = records.contains { record in
                record["kind"]?.string == kind && (repository == nil || record["repository"]?.string == repository)
            }
            return isThere ? "there" : nil
        case .record(let id):
            let answer = try get("/provenance/records/\(id)")
            guard answer.status == 200 else { return try absent(answer) }
            return String(decoding: try JSONValue(parsing: answer.body).serialized(), as: UTF8.self)
        case .keys:
            let keys = try JSONValue(parsing: get("/log/keys").body)["vkeys"]?.array?.count ?? 0
            return keys == 1 ? nil : "\(keys)"
        }
    }

    private func content(at path: String, _ digest: Digest, _ findings: inout [String]) throws -> String? {
        let answer = try get(path)
        guard answer.status == 200 else { return try absent(answer) }
        if answer.body != book.contents[digest] { findings.append("WRONG BYTES: \(path)") }
        return "\(digest)"
    }

    private func absent(_ answer: TestResponse) throws -> String? {
        guard answer.status == 404 else { throw Unexpected(status: answer.status, text: answer.text) }
        return nil
    }

    struct Unexpected: Error {
        let status: Int
        let text: String
    }

    /// A manifest that is there has its record and, unless somebody deleted one, its blobs.
    private func checkImages(_ expectations: [Thing: Book.Expectation], _ findings: inout [String]) throws {
        for case .manifest(let repository, let digest) in expectations.keys {
            guard try get("/v2/\(repository)/manifests/\(digest)").status == 200 else { continue }
            var rest: [String] = []
            if try value(of: .history(digest, kind: "push", repository: repository), &rest) == nil {
                findings.append("CONTRADICTION: \(repository) has \(digest) without a record of its push")
            }
            for blob in book.images[digest] ?? []
            where try get("/v2/\(repository)/blobs/\(blob)").status != 200 {
                findings.append("CONTRADICTION: \(repository) has \(digest) without its blob \(blob)")
            }
        }
    }

    /// Every checkpoint that was handed out is one of this log, at its size, and the log has only grown since.
    private func checkCheckpoints(_ findings: inout [String]) throws {
        let heard = book.checkpoints(at: cut)
        guard !heard.isEmpty else { return }
        let now = try SignedCheckpoint(parsing: get("/checkpoint").body).checkpoint
        for (old, step) in heard.map({ ($0.checkpoint.checkpoint, $0.step) }) {
            guard old.size <= now.size else {
                findings.append(
                    "LOST \(step.name): checkpoint \(old.size) was handed out, and the log ends at \(now.size)")
                continue
            }
            let answer = try get("/checkpoint?size=\(old.size)")
            let again = try? SignedCheckpoint(parsing: answer.body).checkpoint
            if again?.root != old.root || again?.origin != old.origin {
                findings.append("CONTRADICTION \(step.name): the log has another root at size \(old.size)")
            }
            let proof = try JSONValue(parsing: get("/log/consistency?old=\(old.size)&new=\(now.size)").body)["proof"]
            let hashes = proof?.array?.compactMap { $0.string.flatMap { TreeHash(base64: Array($0.utf8)[...]) } } ?? []
            do {
                try ConsistencyProof(from: old.size, to: now.size, hashes: hashes).verify(
                    oldRoot: old.root, newRoot: now.root)
            } catch { findings.append("CONTRADICTION \(step.name): size \(old.size) is not continued: \(error)") }
        }
    }

    /// What an upload has received is there when only the process ended, and can be gone on from in any case.
    private func checkUploads(_ findings: inout [String]) throws {
        for (location, _, bytes) in book.uploads(at: cut) {
            let answer = try get(location)
            let isKept = answer.status == 204 && answer["Range"] == "0-\(bytes - 1)"
            if !isPowerCut, !isKept {
                findings.append("LOST \(Step.chunk.name): \(answer.status) \(answer["Range"] ?? "") for an open upload")
            }
            if isPowerCut, answer.status != 204, answer.status != 404 {
                findings.append("CONTRADICTION \(Step.chunk.name): \(answer.status) for an open upload")
            }
        }
    }
}

/// Looks at a folder that was left behind, with a server on a good disk and then without one.
enum Aftermath {
    /// Starts a server on `data`, compares, and pushes something new. What it finds is told; what it pushes is in the book.
    ///
    /// - Parameter layer: writes down what the server does from now on; without it the server is stopped in order and the
    ///   whole folder checked, which must not be used again.
    static func inspect(
        _ data: String, _ book: Book, cut: UInt64, isPowerCut: Bool, layer: FaultLayer?, seed: UInt64
    ) async -> [String] {
        layer?.step = .restart
        guard let server = await Tortured.serve(layer, data: data) else {
            let words = try? await WaybillProgram.run("serve", "--data", data, "--listen", "127.0.0.1:0")
            return ["CONTRADICTION: the server does not start again: \(words?.text.suffix(300) ?? "")"]
        }
        let inspection = Inspection(port: server.port, book: book, cut: cut, isPowerCut: isPowerCut)
        var findings = await Worker.run { inspection.findings() }
        let image = Fixture.image(seed: seed, layers: 1)
        if let layer {
            let client = Client(layer: layer, book: book, port: server.port, allowed: [])
            let isPushed = await Worker.run {
                defer { client.look(.restart) }
                return client.push(image, to: "after", tags: ["v"], .restart)
            }
            if !isPushed { findings.append("CONTRADICTION: nothing can be pushed after the restart") }
            await server.kill()
            return findings
        }
        if await !Worker.run({ push(image, to: server.port) }) {
            findings.append("CONTRADICTION: nothing can be pushed after the restart")
        }
        let status = await server.stop()
        if status != 0 { findings.append("CONTRADICTION: the server ends with \(status)") }
        return findings + (await verify(data))
    }

    private static func push(_ image: Fixture.Image, to port: UInt16) -> Bool {
        func ask(_ method: String, _ path: String, _ type: String, _ body: [UInt8]) -> Int? {
            let connection = try? TestConnection(port: port, timeout: 120)
            let fields = [("Content-Type", type), ("Connection", "close")]
            return try? connection?.request(method, path, fields, body: body).status
        }
        for blob in image.blobs {
            let path = "/v2/after/blobs/uploads/?digest=\(Digest(.sha256, of: blob))"
            guard ask("POST", path, "application/octet-stream", blob) == 201 else { return false }
        }
        return ask("PUT", "/v2/after/manifests/v", MediaType.ociManifest.rawValue, image.manifest) == 201
    }

    /// What `waybill ledger verify` and the check of every invariant say of a folder that nobody uses.
    static func verify(_ data: String) async -> [String] {
        var findings: [String] = []
        let result = try? await WaybillProgram.run("ledger", "verify", "--data", data)
        if result?.status != 0 { findings.append("CONTRADICTION: ledger verify: \(result?.text.prefix(300) ?? "")") }
        do {
            let folder = TemporaryFolder()
            // What it is given is removed with it; the folder itself is moved in.
            rmdir(folder.path)
            guard rename(data, folder.path) == 0 else {
                return findings + ["CONTRADICTION: the folder cannot be moved"]
            }
            let registry = try TestRegistry(folder: folder)
            findings += try await registry.registry.verify().map { "CONTRADICTION: \($0)" }
            await registry.close()
        } catch { findings.append("CONTRADICTION: the folder cannot be opened: \(error)") }
        return findings
    }
}
