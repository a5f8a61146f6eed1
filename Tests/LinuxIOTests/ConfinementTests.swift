import Glibc
import RegistryTesting
import Testing

@testable import LinuxIO

@Suite struct `A thread that is confined` {
    private let folder = TemporaryFolder()

    /// What a thread of its own can do after it was confined to `inside`; 0 or the errno of each attempt.
    private func attempts(_ inside: String, _ outside: String) async throws -> [String: Int32]? {
        // A thread of Dispatch would go back to its pool.
        try await IdleThread.run { _ in
            let open = Glibc.open("\(outside)/open", O_WRONLY | O_CREAT, 0o600)
            defer { close(open) }
            guard try Confinement.confineWrites(to: [inside, "\(inside)/none"]) else { return nil }
            func code(_ result: CInt) -> Int32 { result < 0 ? errno : 0 }
            func make(_ path: String) -> Int32 {
                let file = Glibc.open(path, O_WRONLY | O_CREAT, 0o600)
                defer { if file >= 0 { close(file) } }
                return code(file)
            }
            var process = pid_t()
            var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
            defer { free(arguments[0]) }
            return [
                "make inside": make("\(inside)/a"), "rename inside": code(rename("\(inside)/a", "\(inside)/b")),
                "remove inside": code(unlink("\(inside)/b")), "make outside": make("\(outside)/a"),
                "write outside": make("\(outside)/there"), "remove outside": code(unlink("\(outside)/there")),
                "truncate outside": code(truncate("\(outside)/there", 0)),
                "write what is open": code(CInt(write(open, [1 as UInt8], 1))),
                "read": code(Glibc.open("/etc/passwd", O_RDONLY)),
                "run": posix_spawn(&process, "/bin/true", nil, nil, &arguments, nil),
            ]
        }
    }

    @Test func `is refused what no server needs, and goes on with the rest`() async throws {
        let codes: [String: Int32]? = try await IdleThread.run { _ -> [String: Int32]? in
            guard try Confinement.refuseNeedlessCalls() else { return nil }
            func code(_ result: CInt) -> Int32 { result < 0 ? errno : 0 }
            var process = pid_t()
            var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
            defer { free(arguments[0]) }
            // Neither would change anything if it were allowed.
            return [
                "run": posix_spawn(&process, "/bin/true", nil, nil, &arguments, nil),
                "move": code(chroot("/")), "work": code(access("/", F_OK)),
            ]
        }
        guard let codes else { return print("this kernel has no seccomp") }
        #expect(codes == ["run": EPERM, "move": EPERM, "work": 0])
        // The rest of the process goes on as before.
        #expect((chroot("/") == 0) == (getuid() == 0))
    }

    @Test func `writes where it may and nowhere else, reads everything and runs nothing`() async throws {
        let (inside, outside) = ("\(folder.path)/in", "\(folder.path)/out")
        for path in [inside, outside] { mkdir(path, 0o700) }
        _ = folder.write([1], to: "out/there")
        guard let codes = try await attempts(inside, outside) else { return print("this kernel has no Landlock") }
        let allowed: Set = ["make inside", "rename inside", "remove inside", "write what is open", "read"]
        for (attempt, code) in codes {
            #expect(code == (allowed.contains(attempt) ? 0 : EACCES), "\(attempt)")
        }
        // The rest of the process goes on as before.
        #expect(access("\(outside)/there", F_OK) == 0)
        _ = folder.write([1], to: "out/later")
        #expect(access("\(outside)/later", F_OK) == 0)
    }
}
