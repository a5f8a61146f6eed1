import LinuxIO
import OCI

extension Registry {
    /// What contradicts itself in the ledger, or between it and the files; empty when all is well.
    ///
    /// Reads every byte that is stored, so it takes as long as that takes. Uploads and pushes may go on meanwhile.
    package func verify() async throws -> [String] {
        var found = try ledger.readAnew { reader in
            try reader.contradictions { try self.blobs.read($0, size: Int($1)) }
        }
        var key: Int64 = 0
        while true {
            let blobs = try ledger.readAnew { try $0.linkedBlobs(after: key, limit: 1000) }
            guard let last = blobs.last else { return found }
            for blob in blobs {
                let content = try ledger.readAnew { try $0.blobContent(key: blob.key) }
                if let fault = await fault(in: blob.digest, size: blob.size, content) { found.append(fault) }
            }
            key = last.key
        }
    }

    /// - Parameter content: the bytes of a small blob; nil when they are a file.
    private func fault(in digest: Digest, size: Int64, _ content: [UInt8]?) async -> String? {
        let blobs = blobs
        return await readLanes.next().run {
            do {
                let (computed, count) =
                    try content.map { (Digest(digest.algorithm, of: $0), Int64($0.count)) } ?? blobs.digest(of: digest)
                if count != size { return "blob \(digest) has \(count) bytes instead of \(size)" }
                return computed == digest ? nil : "blob \(digest) is damaged"
            } catch {
                return "blob \(digest) cannot be read: \(error)"
            }
        }
    }
}
