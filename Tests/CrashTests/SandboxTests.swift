import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `A server in its sandbox` {
    private let folder = TemporaryFolder()

    /// What the kernel says of each thread: whether it has given up privileges for good, which Landlock asks for.
    private func confinedThreads(of server: WaybillServer) throws -> Set<String> {
        let tasks = "/proc/\(server.program.identifier)/task"
        let list = try #require(opendir(tasks))
        defer { closedir(list) }
        var found: Set<String> = []
        while let entry = readdir(list) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.first != ".", let file = fopen("\(tasks)/\(name)/status", "re") else { continue }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = fread(&bytes, 1, bytes.count, file)
            let text = String(decoding: bytes.prefix(count), as: UTF8.self)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("NoNewPrivs:") })
            found.insert(String(line.suffix(1)))
        }
        return found
    }

    @Test func `has confined every one of its threads, unless it was told not to`() async throws {
        let server = try await WaybillServer(data: "\(folder.path)/a")
        #expect(try server.request("GET", "/v2/").status == 200)
        #expect(try confinedThreads(of: server) == ["1"])
        #expect(await server.stop() == 0)
        let open = try await WaybillServer(data: "\(folder.path)/b", shell: "export WAYBILL_SANDBOX=false")
        #expect(try confinedThreads(of: open) == ["0"])
        #expect(await open.stop() == 0)
    }

    @Test func `writes where a link from its data folder leads`() async throws {
        for path in ["data", "disk"] { mkdir("\(folder.path)/\(path)", 0o700) }
        symlink("\(folder.path)/disk", "\(folder.path)/data/blobs")
        let server = try await WaybillServer(data: "\(folder.path)/data")
        let layer = Fixture.bytes(30_000)
        let path = "/v2/app/blobs/uploads/?digest=\(Digest(.sha256, of: layer))"
        #expect(try server.request("POST", path, body: layer).status == 201)
        #expect(await server.stop() == 0)
    }
}
