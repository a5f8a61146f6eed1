import Glibc
import LinuxIO
import OCI
import RegistryTesting
import Testing

@testable import RegistryCore

@Suite struct `A copy of a data folder` {
    @Test func `that ends before its database is there has no key with which a server would begin the log anew`()
        async throws
    {
        let store = try TestRegistry()
        try await store.registry.store([1, 2, 3], in: "app")
        try Disk().makeFolder("\(store.folder.path)/keys", in: store.folder.path)
        try SecretFile("ledger.key", in: "\(store.folder.path)/keys").write([1])
        let (target, fault) = (TemporaryFolder(), FaultSwitch())
        let copy = FolderCopy(from: store.folder.path, to: target.path, disk: fault.disk)
        fault.fail(.rename)
        #expect(throws: SystemError.self) { try copy.run { _ in } }
        #expect(access("\(target.path)/waybill.db", F_OK) != 0 && access("\(target.path)/keys/ledger.key", F_OK) != 0)
        fault.fail(nil)
        _ = try copy.run { _ in }
        #expect(access("\(target.path)/waybill.db", F_OK) == 0 && access("\(target.path)/keys/ledger.key", F_OK) == 0)
    }
}
