import LinuxIO
import RegistryTesting
import Synchronization
import Testing

@testable import RegistryCore

@Suite struct `Folders of the disk` {
    private let folder = TemporaryFolder()

    @Test func `are made with those above them, and each name is made durable`() throws {
        let steps = Mutex<[Disk.Step]>([])
        let disk = Disk { step in
            steps.withLock { $0.append(step) }
            return nil
        }
        try disk.makeFolders("\(folder.path)/a/b//c/")
        #expect(try disk.names(in: "\(folder.path)/a/b") == ["c"])
        // Also the second time: the first may have ended before it came to that.
        let parts = folder.path.split(separator: "/").count + 3
        #expect(steps.withLock { $0 } == Array(repeating: .synchronizeFolder, count: parts))
        try disk.makeFolders("\(folder.path)/a/b/c")
        #expect(steps.withLock { $0.count } == parts * 2)
    }

    @Test func `that are new fail when their names cannot be made durable, those that are old do not`() throws {
        let broken = Disk { _ in 5 }
        #expect(throws: SystemError(code: 5, call: "synchronizeFolder")) {
            try broken.makeFolders("\(folder.path)/a")
        }
        try broken.makeFolders("\(folder.path)/a")
        #expect(throws: SystemError.self) { try broken.makeFolder("\(folder.path)/a", in: folder.path) }
    }

    @Test func `are not made below a file`() throws {
        _ = try Disk().openForWriting("\(folder.path)/file")
        #expect(throws: SystemError(code: 20, call: "mkdir")) { try Disk().makeFolders("\(folder.path)/file/a") }
    }
}
