import Glibc
import OCI
import RegistryCore
import RegistryTesting

/// A server, or a command, in front of a disk with faults.
struct Tortured: Sendable {
    let program: Program
    let port: UInt16

    /// Starts `waybill serve`, and waits until it listens; nil when it ends instead, or does not come so far in three minutes.
    static func serve(_ layer: FaultLayer?, data: String, _ settings: String = "") async -> Tortured? {
        let shell = (layer?.shell ?? ":") + "\n" + settings
        let arguments = ["serve", "--data", data, "--listen", "127.0.0.1:0"]
        guard
            let program = try? Program(
                "/bin/sh", ["-c", "\(shell)\nexec \"$0\" \"$@\"", WaybillProgram.path] + arguments)
        else { return nil }
        let watchdog = Task {
            try await Task.sleep(for: .seconds(180))
            program.signal(SIGKILL)
        }
        defer { watchdog.cancel() }
        guard let line = try? await program.line(containing: "listening") else { return nil }
        let digits = line.split(separator: "://127.0.0.1:").last?.prefix { $0.isNumber }
        return Tortured(program: program, port: UInt16(digits ?? "") ?? 0)
    }

    /// Stops it in order; gives its exit code. What does not end in three minutes is killed.
    func stop() async -> Int32 {
        program.signal(SIGTERM)
        let watchdog = Task {
            try await Task.sleep(for: .seconds(180))
            program.signal(SIGKILL)
        }
        defer { watchdog.cancel() }
        return await program.end().status
    }

    func kill() async {
        program.signal(SIGKILL)
        _ = await program.end()
    }
}

/// What happens to a server while its disk fails.
enum Scenario: String, CaseIterable, Sendable {
    /// From an empty folder, through every kind of request, to the second start.
    case life
    /// A new key for the log, and what follows.
    case rotation
    /// A collection beside deletes and pushes.
    case collection

    /// Whether it goes on from a folder that `prepare` has filled.
    var hasBase: Bool { self != .life }

    static let kept = Fixture.image(seed: 900, layers: 1)
    static let dropped = (0..<3).map { Fixture.image(seed: 910 + UInt64($0), layers: 1) }

    /// Fills a folder on a good disk, and says in `book` with what.
    static func prepare(_ layer: FaultLayer, data: String, _ book: Book) async -> Bool {
        guard let server = await Tortured.serve(layer, data: data) else { return false }
        let client = Client(layer: layer, book: book, port: server.port, allowed: [])
        let done = await Worker.run {
            client.push(kept, to: "app", tags: ["kept"], .start)
            for image in dropped { client.push(image, to: "app", tags: ["t\(image.digest.hex.prefix(8))"], .start) }
            client.look(.start)
            return book.counts.refused.isEmpty
        }
        return await server.stop() == 0 && done
    }

    /// Runs to its end, or until the process dies. Gives the server if it lives.
    func run(_ layer: FaultLayer, data: String, _ book: Book, allowed: Set<Int>) async -> Tortured? {
        switch self {
        case .life: await Self.live(layer, data, book, allowed)
        case .rotation: await Self.rotate(layer, data, book, allowed)
        case .collection: await Self.collect(layer, data, book, allowed)
        }
    }

    // MARK: - Life

    private static func live(
        _ layer: FaultLayer, _ data: String, _ book: Book, _ allowed: Set<Int>
    ) async -> Tortured? {
        layer.step = .start
        guard let server = await Tortured.serve(layer, data: data) else { return nil }
        let client = Client(layer: layer, book: book, port: server.port, allowed: allowed)
        await Worker.run { requests(client) }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<3 {
                group.addTask {
                    await Worker.run {
                        for index in 0..<2 {
                            let image = Fixture.image(seed: UInt64(300 + number * 10 + index), layers: 1)
                            client.push(image, to: "team/\(number)", tags: ["v\(index)", "latest"], .together)
                        }
                    }
                }
            }
        }
        client.look(.together)
        layer.step = .stop
        _ = await server.stop()
        layer.step = .restart
        guard let next = await Tortured.serve(layer, data: data) else { return nil }
        let again = Client(layer: layer, book: book, port: next.port, allowed: allowed)
        await Worker.run {
            again.push(Fixture.image(seed: 400, layers: 1), to: "app", tags: ["again"], .restart)
            again.look(.restart)
        }
        return next
    }

    private static func requests(_ client: Client) {
        let (first, second, third) = (
            Fixture.image(seed: 101, layers: 1), Fixture.image(seed: 102, layers: 1),
            Fixture.image(seed: 103, layers: 1)
        )
        client.push(blob: first.config, to: "app", .smallBlob)
        client.look(.smallBlob, at: Digest(.sha256, of: first.config))
        let chunked = Fixture.bytes(150_000, seed: 104)
        upload(chunked, client)
        client.push(blob: first.layers[0], to: "app", .largeBlob)
        client.look(.largeBlob, at: Digest(.sha256, of: first.layers[0]))
        let digest = Digest(.sha256, of: chunked)
        client.ask(
            .mount, "POST", "/v2/other/blobs/uploads/?mount=\(digest)&from=app",
            changes: [Change(.blob("other", digest), "\(digest)")])
        client.look(.mount, at: digest, in: "other")
        client.put(first, to: "app", tags: ["v1"], .manifest)
        client.look(.manifest)
        client.push(second, to: "app", tags: ["v1", "old"], .tagMove)
        client.look(.tagMove, at: Digest(.sha256, of: second.layers[0]))
        client.ask(
            .tagDelete, "DELETE", "/v2/app/manifests/old", changes: [Change(.tag("app", "old"), nil)], status: 202)
        client.look(.tagDelete)
        client.push(third, to: "app", tags: ["gone"], .manifestDelete)
        client.delete(manifest: third, from: "app", tags: ["gone"], .manifestDelete)
        client.look(.manifestDelete)
        client.ask(
            .blobDelete, "DELETE", "/v2/other/blobs/\(digest)", changes: [Change(.blob("other", digest), nil)],
            status: 202)
        client.look(.blobDelete, at: digest)
        client.post(
            [UInt8](#"{"subjects":["\#(first.digest)"]}"#.utf8), as: "application/vnd.waybill.build-record.v1+json",
            about: first.digest, .record)
        client.look(.record)
        client.post(
            statement(about: second.digest, padding: 300_000), as: "application/vnd.in-toto+json", about: second.digest,
            kind: "attestation", .largeRecord)
        client.look(.largeRecord)
        leaveOpen(Fixture.bytes(60_000, seed: 105), client)
    }

    private static func upload(_ content: [UInt8], _ client: Client) {
        let digest = Digest(.sha256, of: content)
        client.book.know(content, as: digest)
        let begun = client.ask(.begin, "POST", "/v2/app/blobs/uploads/", status: 202)
        guard let location = begun?["Location"] else { return }
        client.ask(.chunk, "PATCH", location, body: Array(content[..<100_000]), status: 202)
        // A chunk that was refused may have been kept in part: where to go on is asked, as the specification has it.
        guard let range = (try? client.request("GET", location))?["Range"],
            let last = Int(range.drop { $0 != "-" }.dropFirst())
        else { return }
        let rest = Array(content[(last == 0 ? 0 : last + 1)...])
        client.ask(.chunk, "PATCH", location, body: rest, status: 202)
        // Without a body, as Docker does, so that it can be repeated.
        client.ask(
            .commit, "PUT", "\(location)?digest=\(digest)", body: [],
            changes: [Change(.blob("app", digest), "\(digest)")])
        client.look(.commit, at: digest)
    }

    private static func leaveOpen(_ content: [UInt8], _ client: Client) {
        guard let location = client.ask(.begin, "POST", "/v2/open/blobs/uploads/", status: 202)?["Location"],
            client.ask(.chunk, "PATCH", location, body: content, status: 202)?.status == 202
        else { return }
        client.book.leave(upload: location, heard: client.layer.sequence, bytes: content.count)
    }

    private static func statement(about digest: Digest, padding: Int) -> [UInt8] {
        let pad = String(repeating: "waybill ", count: padding / 8)
        return [UInt8](
            #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"app","digest":{"sha256":"\#(digest.hex)"}}],"#
                .utf8)
            + [UInt8](#""predicateType":"https://example.com/notes/v1","predicate":{"notes":"\#(pad)"}}"#.utf8)
    }

    // MARK: - Key rotation

    private static func rotate(
        _ layer: FaultLayer, _ data: String, _ book: Book, _ allowed: Set<Int>
    ) async -> Tortured? {
        layer.step = .rotate
        let begin = layer.sequence
        let command = #"exec "$0" ledger rotate-key --data "$1""#
        let result = try? await Program.run(
            "/bin/sh", ["-c", "\(layer.shell)\n\(command)", WaybillProgram.path, data])
        let isDone = result?.status == 0
        book.add(
            Book.Event(
                step: .rotate, begin: begin, end: layer.sequence, isAcknowledged: isDone,
                changes: [Change(.keys, "2")]))
        book.count {
            if isDone {
                $0.acknowledged += 1
            } else if (result?.status ?? -9) < 0 {
                $0.unanswered += 1
            } else {
                $0.refused[result.map { Int($0.status) } ?? 0, default: 0] += 1
            }
        }
        layer.step = .restart
        guard let server = await Tortured.serve(layer, data: data) else { return nil }
        let client = Client(layer: layer, book: book, port: server.port, allowed: allowed)
        await Worker.run {
            client.push(Fixture.image(seed: 500, layers: 1), to: "app", tags: ["rotated"], .restart)
            client.look(.restart)
        }
        return server
    }

    // MARK: - Collection

    private static func collect(
        _ layer: FaultLayer, _ data: String, _ book: Book, _ allowed: Set<Int>
    ) async -> Tortured? {
        layer.step = .collection
        let settings = "export WAYBILL_GC_INTERVAL=100ms WAYBILL_GC_GRACE=0ms"
        guard let server = await Tortured.serve(layer, data: data, settings) else { return nil }
        // A blob that no manifest names yet may be collected before one does.
        let client = Client(layer: layer, book: book, port: server.port, allowed: allowed.union([400, 404]))
        await Worker.run {
            for image in dropped {
                // From now on a collection may take them.
                book.add(
                    Book.Event(
                        step: .collection, begin: layer.sequence, end: .max, isAcknowledged: false,
                        changes: image.blobs.map { Change(.blob("app", Digest(.sha256, of: $0)), nil) }))
                client.delete(manifest: image, from: "app", tags: ["t\(image.digest.hex.prefix(8))"], .collection)
                client.look(.collection)
            }
            let fresh = Fixture.image(seed: 600, layers: 1)
            for image in [fresh, dropped[0]] {
                for _ in 0..<5 where !client.push(image, to: "app", tags: ["new"], .collection, collected: true) {
                    if (try? client.request("GET", "/v2/")) == nil { return }
                }
            }
            client.look(.collection)
        }
        let path = "/v2/app/blobs/\(Digest(.sha256, of: dropped[2].layers[0]))"
        _ = await eventually(seconds: 3) {
            guard let status = try? client.request("HEAD", path).status else { return true }
            return status == 404
        }
        layer.step = .stop
        _ = await server.stop()
        layer.step = .restart
        return await Tortured.serve(layer, data: data)
    }
}
