import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Synchronization
import Testing
import TransparencyLog

/// What clients of a log that is killed again and again were told, for good.
private final class Receipts: Sendable {
    struct State {
        /// The hash of each leaf that was acknowledged, by its index.
        var leaves: [Int64: String] = [:]
        /// Every checkpoint that anybody saw.
        var checkpoints: [SignedCheckpoint] = []
        var inThisRound = 0
    }

    let state = Mutex(State())
}

@Suite(.enabled(if: PythonTools.isAvailable, "aics-tlog is needed"), .timeLimit(.minutes(20)))
struct `A log whose server is killed` {
    private static let rounds = 100
    private static let clients = 3
    private let folder = TemporaryFolder()

    /// 100 times `kill -9` while records come in: no two checkpoints disagree, and no acknowledged leaf is lost or moved.
    @Test func `a hundred times never contradicts itself`() async throws {
        let receipts = Receipts()
        for round in 0..<Self.rounds {
            let server = try await WaybillServer(data: folder.path)
            receipts.state.withLock { $0.inThisRound = 0 }
            let limit = Int.random(in: 1...12)
            await withTaskGroup(of: Void.self) { group in
                for client in 0..<Self.clients {
                    group.addTask {
                        await Worker.run {
                            Self.post(to: server, name: "\(round)-\(client)", receipts, killedAfter: limit)
                        }
                    }
                }
            }
            await server.kill()
        }
        try await check(receipts.state.withLock { $0 })
    }

    /// Posts records until the server is gone, which it is when so many were acknowledged.
    private static func post(to server: WaybillServer, name: String, _ receipts: Receipts, killedAfter limit: Int) {
        guard let connection = try? server.connect() else { return }
        for number in 0..<1000 {
            let subject = Digest(.sha256, of: Array("\(name)-\(number)".utf8))
            let body = Array("{\"subjects\":[\"\(subject)\"],\"builder\":\"https://ci.example.com/\(name)\"}".utf8)
            let type = [("Content-Type", "application/vnd.waybill.build-record.v1+json")]
            guard let answer = try? connection.request("POST", "/provenance", type, body: body), answer.status == 201,
                let log = (try? JSONValue(parsing: answer.body))?["log"], let index = log["index"]?.int64,
                let hash = log["leafHash"]?.string
            else { return }
            let note = try? connection.request("GET", "/checkpoint")
            let isLast = receipts.state.withLock { state in
                state.leaves[index] = hash
                if let note, let checkpoint = try? SignedCheckpoint(parsing: note.body) {
                    state.checkpoints.append(checkpoint)
                }
                state.inThisRound += 1
                return state.inThisRound == limit
            }
            if isLast { server.program.signal(SIGKILL) }
        }
    }

    private func check(_ receipts: Receipts.State) async throws {
        #expect(receipts.leaves.count >= Self.rounds)
        let server = try await WaybillServer(data: folder.path)
        let key = try #require(
            try JSONValue(parsing: server.request("GET", "/log/keys").body)["vkeys"]?.array?.first?["vkey"]?.string)
        folder.write(Array("\(key)\n".utf8), to: "keys.txt")
        let log = try VerifierKey(parsing: key)
        var roots: [Int64: TreeHash] = [:]
        for checkpoint in receipts.checkpoints {
            try checkpoint.verify(by: log)
            let (size, root) = (checkpoint.checkpoint.size, checkpoint.checkpoint.root)
            #expect(roots.updateValue(root, forKey: size) ?? root == root, "two checkpoints of size \(size)")
        }
        let connection = try server.connect()
        for (index, hash) in receipts.leaves {
            let bundle = try JSONValue(parsing: connection.request("GET", "/provenance/records/\(index)/proof").body)
            let entry = try #require(bundle["entry_bytes"]?.string.flatMap { Base64.decodeForURL($0.utf8) })
            #expect(TreeHash.leaf(of: entry).hex == hash, "leaf \(index) is another one than was acknowledged")
        }
        try await checkGrowth(of: receipts.checkpoints, on: server)
        #expect(await server.stop() == 0)
        let audit = try await WaybillProgram.run("ledger", "verify", "--data", folder.path)
        #expect(audit.status == 0, "\(audit.text)")
        #expect(try await TestRegistry(folder: folder).registry.verify() == [])
    }

    /// Twelve of the checkpoints that were seen, from all over the time, and a program that we did not write.
    private func checkGrowth(of checkpoints: [SignedCheckpoint], on server: WaybillServer) async throws {
        let sorted = checkpoints.sorted { $0.checkpoint.size < $1.checkpoint.size }
        for step in 0..<12 {
            let old = sorted[sorted.count * step / 12]
            folder.write(old.bytes, to: "old.note")
            let result = try await Program.run(
                PythonTools.path("aics-tlog"),
                [
                    "verify-consistency", "--tiles", "http://\(server.address)/", "--vkey-file",
                    "\(folder.path)/keys.txt", "--old-checkpoint", "\(folder.path)/old.note",
                ])
            #expect(result.status == 0, "from \(old.checkpoint.size): \(result.text)")
        }
    }
}
