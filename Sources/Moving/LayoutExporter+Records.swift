import LinuxIO
import OCI
import RegistryCore
import TransparencyLog

// What the registry can prove about the manifests, beside them in a folder of its own, which readers of layouts pass over.
extension LayoutExporter {
    /// Where `GET /provenance/<digest>/archive` has them too.
    private static var folder: String { "waybill" }

    /// Writes the proof of each record about each manifest, and the keys that they are checked with.
    mutating func writeRecords(in visible: RepositorySelection, quorum: Int) throws {
        let checkpoints = try archive.checkpoints(quorum: quorum)
        guard let size = checkpoints.last?.checkpoint.size else { return }
        // What is shown to others must not be lost here.
        try LayoutFolder.synchronizeFileSystem(of: data)
        let keys = try archive.read { try $0.logKeys() }.filter { $0.retired.map { $0 > size } ?? true }
        try writer.write(
            "\(Self.folder)/log.vkey", Array(keys.map { "\($0.key)\n" }.joined().utf8))
        var seen: Set<Int64> = []
        for (done, digest) in manifests.sorted().enumerated() {
            events.progress("exporting records", done, manifests.count)
            for record in try archive.records(about: digest, in: visible, treeSize: size)
            where seen.insert(record.id).inserted {
                let checkpoint = checkpoints.first { record.id < $0.checkpoint.size }
                if let checkpoint { try write(record, under: checkpoint) }
            }
        }
    }

    private mutating func write(_ record: StoredRecord, under checkpoint: SignedCheckpoint) throws {
        let data = data
        do {
            let proof = try archive.proof(of: record, under: checkpoint) { digest, size in
                let content: [UInt8]
                do throws(SystemError) { content = try BlobStore.read(digest, size: Int(size), in: data) } catch {
                    throw ContentError.unreadable(error)
                }
                guard Digest(digest.algorithm, of: content) == digest else { throw ContentError.damaged }
                return content
            }
            try writer.write("\(Self.folder)/records/\(record.id).json", proof.json.serialized())
        } catch let error as ContentError {
            skip(Skipped(.entry, "record \(record.id)", because: "its evidence cannot be proved: \(error)"))
        }
    }
}
