import Glibc
import OCI
import RegistryTesting
import Testing

/// The database is copied by Litestream while it is written, and the rest of the data folder by anything that copies files.
@Suite(.timeLimit(.minutes(20)), .enabled(if: PythonTools.isAvailable)) struct `A registry whose disk is lost` {
    private let folder = TemporaryFolder()

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    private func litestream(_ arguments: String...) -> [String] {
        [arguments[0], "-config", path("litestream.yml")] + arguments.dropFirst()
    }

    private func waybill(_ arguments: String...) async throws -> Program.Result {
        try await Program.run(WaybillProgram.path, arguments)
    }

    /// As README.md has it, for the folders of this test.
    private func configure() {
        folder.write(
            Array(
                """
                dbs:
                  - path: \(path("data/waybill.db"))
                    replica:
                      type: file
                      path: \(path("replica"))
                      sync-interval: 100ms
                """.utf8), to: "litestream.yml")
    }

    /// What Litestream has copied so far, with the files of the data folder beside it.
    private func stage(_ name: String) async throws -> Bool {
        mkdir(path(name), 0o700)
        let copied = try await Program.run(
            "/bin/cp", ["-a", path("data/blobs"), path("data/keys"), path(name)])
        #expect(copied.status == 0, "\(copied.text)")
        unlink(path("\(name)/keys/checkpoint"))
        let database = litestream("restore", "-o", path("\(name)/waybill.db"), path("data/waybill.db"))
        let restored = try await Program.run(PythonTools.path("litestream"), database)
        return restored.status == 0
    }

    /// Whether the copy has an image by now.
    private func hasCopied(_ tag: String, as name: String) async throws -> Bool {
        guard try await stage(name) else { return false }
        let exported = try await waybill("export", "oci-layout", path("\(name)-out"), "--data", path(name), "--json")
        return exported.status == 0 && folder.read("\(name)-out/index.json").contains(Array(":\(tag)\"".utf8))
    }

    @Test func `is restored from Litestream's copy, with all that was copied, and goes on with its log`() async throws {
        configure()
        let server = try await WaybillServer(data: path("data"))
        let copying = try Program(PythonTools.path("litestream"), litestream("replicate"))
        for seed in 1...20 { try server.push(seed) }
        var tries = 0
        repeat { tries += 1 } while try await !hasCopied("v20", as: "try\(tries)") && tries < 200
        // Of these, some will be lost.
        for seed in 21...60 { try server.push(seed) }
        let newest = folder.write(try server.request("GET", "/checkpoint").body, to: "newest")
        copying.signal(SIGKILL)
        await server.kill()
        _ = await copying.end()
        #expect(try await stage("stage"))

        let restored = try await waybill("restore", path("stage"), "--data", path("restored"))
        #expect(restored.status == 0, "\(restored.text)")
        let verified = try await waybill("verify", "--data", path("restored"))
        #expect(verified.status == 0, "\(verified.text)")
        let again = try await WaybillServer(data: path("restored"))
        for seed in 1...20 { try again.expectImage(seed) }
        // Each of the others is there as a whole or not at all, and those that are there were pushed before those that are not.
        let kept = try (21...60).filter { try again.request("GET", "/v2/app/manifests/v\($0)").status == 200 }
        #expect(kept == Array((21...60).prefix(kept.count)))
        for seed in kept { try again.expectImage(seed) }
        try again.push(100)
        #expect(await again.stop() == 0)

        // With what the lost server has shown, it is known that pushes are missing.
        guard kept.count < 40 else { return }
        let refused = try await waybill(
            "restore", path("stage"), "--data", path("other"), "--checkpoint", newest)
        #expect(refused.status == 1 && refused.errors.contains("would fork the log"), "\(refused.text)")
    }
}
