import Glibc
import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `A server in its sandbox` {
    private let folder = TemporaryFolder()

    /// What the kernel says of each thread: whether it has given up privileges for good, which Landlock asks for, and whether a
    /// filter stands before its calls.
    private func confinement(of server: WaybillServer) throws -> Set<[String]> {
        let tasks = "/proc/\(server.program.identifier)/task"
        let list = try #require(opendir(tasks))
        defer { closedir(list) }
        var found: Set<[String]> = []
        while let entry = readdir(list) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.first != ".", let file = fopen("\(tasks)/\(name)/status", "re") else { continue }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = fread(&bytes, 1, bytes.count, file)
            let text = String(decoding: bytes.prefix(count), as: UTF8.self)
            let lines = text.split(separator: "\n")
            let values = ["NoNewPrivs:", "Seccomp:"].map { key in lines.first { $0.hasPrefix(key) }?.suffix(1) ?? "" }
            found.insert(values.map(String.init))
        }
        return found
    }

    @Test func `has confined every one of its threads, unless it was told not to`() async throws {
        let server = try await WaybillServer(data: "\(folder.path)/a")
        #expect(try server.request("GET", "/v2/").status == 200)
        #expect(try confinement(of: server) == [["1", "2"]])
        #expect(await server.stop() == 0)
        let open = try await WaybillServer(data: "\(folder.path)/b", shell: "export WAYBILL_SANDBOX=false")
        #expect(try confinement(of: open) == [["0", "0"]])
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
