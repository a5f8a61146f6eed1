import Glibc
import LinuxIO
import OCI

/// Looks for whatever contradicts itself in a data folder: in the catalogue, between it and the log, between it and the bytes.
///
/// Reads every byte that is stored, so it takes as long as that takes. Uploads and pushes may go on meanwhile: what goes away while it is
/// looked at is no fault.
package struct StoreVerification<Source: LedgerSource> {
    private let source: Source
    private let root: String

    /// - Parameter root: the data folder.
    package init(in source: Source, root: String) {
        self.source = source
        self.root = root
    }

    /// Compares everything.
    ///
    /// - Parameters:
    ///   - progress: told now and then how many blobs of how many have been read.
    ///   - report: told of each fault, in a sentence.
    package func run(progress: (Int, Int) -> Void = { _, _ in }, report: (String) -> Void) async throws {
        let root = root
        let found = try await source.readAside { reader in
            try reader.contradictions { try BlobStore.read($0, size: Int($1), in: root) }
        }
        for fault in found { report(fault) }
        try await checkBlobs(progress, report)
    }

    private func checkBlobs(_ progress: (Int, Int) -> Void, _ report: (String) -> Void) async throws {
        let root = root
        let total = try await source.readAside { try $0.blobCount() }
        var (key, done) = (Int64(0), 0)
        while true {
            try Task.checkCancellation()
            let after = key
            let page = try await source.readAside { try $0.storedBlobs(after: after, limit: 100) }
            guard let last = page.last else { return }
            for blob in page {
                progress(done, total)
                done += 1
                let content = try await source.readAside { try $0.blobContent(of: blob) }
                let fault = try await source.aside { try blob.fault(content: content, in: root) { _ in } }
                guard let fault, try await source.readAside({ try $0.hasBlob(blob.key) }) else { continue }
                report("blob \(blob.digest) \(fault)")
            }
            key = last.key
        }
    }
}

extension Registry {
    /// What contradicts itself in the ledger, or between it and the files, a sentence each; empty when all is well.
    package func verify() async throws -> [String] {
        var found: [String] = []
        try await StoreVerification(in: self, root: blobs.root).run { found.append($0) }
        return found
    }
}

/// A blob by its row.
struct BlobRow: Sendable {
    let key: Int64
    let digest: Digest
    let size: Int64
    /// Whether the bytes are a file in blobs/, and not in the database.
    let isFile: Bool

    /// Compares the bytes with the digest.
    ///
    /// - Parameters:
    ///   - content: the bytes of a blob that is not a file; nil when its row is gone.
    ///   - root: the data folder.
    ///   - pace: told of each piece of a file, in bytes, once it was read.
    /// - Returns: what is wrong with them; nil when nothing is.
    /// - Throws: when they cannot be read for a reason that is not theirs.
    func fault(content: [UInt8]?, in root: String, pace: (Int) throws -> Void) throws -> BlobFault? {
        let found: (digest: Digest, size: Int64)
        if isFile {
            do {
                found = try BlobStore.hash(digest, in: root, pace: pace)
            } catch let error as SystemError {
                guard let fault = BlobFault(error) else { throw error }
                return fault
            }
        } else {
            guard let content else { return nil }
            found = (Digest(digest.algorithm, of: content), Int64(content.count))
        }
        if found.size != size { return .otherSize(found.size, wanted: size) }
        return found.digest == digest ? nil : .otherContent
    }
}

/// What is wrong with the bytes of a blob.
enum BlobFault: Sendable, Equatable, CustomStringConvertible {
    case missing
    case unreadable
    case otherSize(Int64, wanted: Int64)
    case otherContent

    /// nil for what says nothing of the bytes.
    init?(_ error: SystemError) {
        switch error.code {
        case ENOENT: self = .missing
        case EIO: self = .unreadable
        default: return nil
        }
    }

    var description: String {
        switch self {
        case .missing: "has no file"
        case .unreadable: "cannot be read from the disk"
        case .otherSize(let size, let wanted): "has \(size) bytes instead of \(wanted)"
        case .otherContent: "is damaged"
        }
    }
}
