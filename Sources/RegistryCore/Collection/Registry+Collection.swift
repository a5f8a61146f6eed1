import Glibc
import LinuxIO
import OCI

extension Registry {
    /// Links that are ended in one transaction: others that write wait for it.
    private static let linksAtOnce = 100
    /// How many times manifests of a repository are looked through: when an index has gone, its platforms may be next.
    private static let mostPasses = 8

    /// Removes what nothing needs: expired uploads, tags that the rules let go, manifests that the rules do not keep, blobs that no manifest of their
    /// repository names, bytes that no repository has, and files that no row names.
    ///
    /// Runs beside pushes and pulls. What a client has pushed, mounted or found by `HEAD` stays for the time of grace after
    /// that, and what a manifest names is never touched. Rows go first, durably and each with its record; files follow.
    /// A crash in between leaves files that the next collection finds. Only one runs at a time.
    ///
    /// - Parameter report: told of each thing that has gone.
    /// - Throws: `CollectionError`, what the stores throw, and `CancellationError`; what has gone until then stays gone.
    @discardableResult
    package func collect(
        _ rules: CollectionRules, report: (Garbage) -> Void = { _ in }
    ) async throws -> CollectionSummary {
        guard let lock = try await aside({ [blobs] in try blobs.lockForRemoval() }) else {
            throw CollectionError.beingCopied
        }
        defer { withExtendedLifetime(lock) {} }
        try await writePulls()
        var summary = CollectionSummary()
        func count(_ garbage: [Garbage]) {
            for item in garbage {
                summary.add(item)
                report(item)
            }
        }
        summary.uploads = try await dropAllExpiredUploads()
        let search = GarbageSearch(in: self, rules: rules, at: now)
        try await search.forEachRepository { repository in
            count(try await remove(search.expiredTags(of: repository), of: repository))
            for _ in 0..<Self.mostPasses {
                var hasChanged = false
                try await search.forEachManifest(in: repository) { entries in
                    let garbage = try await remove(
                        entries, of: repository, pushedBefore: search.pushedBefore(in: repository.name))
                    hasChanged = hasChanged || !garbage.isEmpty
                    count(garbage)
                }
                guard hasChanged else { break }
            }
            try await search.forEachBlob(in: repository) { links, records in
                for start in stride(from: 0, to: links.count, by: Self.linksAtOnce) {
                    let some = Array(links[start..<min(start + Self.linksAtOnce, links.count)])
                    count(
                        try await remove(
                            some, of: repository, unnamedAt: records, leasedBefore: search.leasedBefore))
                }
            }
        }
        count(try await removeForgottenFiles())
        return summary
    }

    private func dropAllExpiredUploads() async throws -> Int {
        var total = 0
        while true {
            let dropped = try await dropExpiredUploads()
            total += dropped
            if dropped < Self.sweptAtOnce { return total }
        }
    }

    private func remove(_ tags: [TagRow], of repository: RepositoryRow) async throws -> [Garbage] {
        var garbage: [Garbage] = []
        for start in stride(from: 0, to: tags.count, by: Self.linksAtOnce) {
            let some = tags[start..<min(start + Self.linksAtOnce, tags.count)]
            garbage += try await ledger.write { transaction in
                try some.compactMap { try transaction.collect($0, of: repository) }
            }
        }
        return garbage
    }

    private func remove(
        _ entries: [ManifestEntry], of repository: RepositoryRow, pushedBefore time: Int64?
    ) async throws -> [Garbage] {
        guard let time else { return [] }
        return try await ledger.write { transaction in
            try entries.compactMap { try transaction.collect($0, of: repository, pushedBefore: time) }
        }
    }

    private func remove(
        _ links: [BlobLink], of repository: RepositoryRow, unnamedAt records: Int64, leasedBefore time: Int64
    ) async throws -> [Garbage] {
        let garbage = try await ledger.write { transaction in
            try transaction.collect(links, of: repository, unnamedAt: records, leasedBefore: time)
        }
        for item in garbage where item.freesBytes { _ = try await removeFile(of: item.digest) }
        return garbage
    }

    /// Removes the file of a blob unless a row names it; false when it stays.
    private func removeFile(of digest: Digest) async throws -> Bool {
        let (blobs, ledger) = (blobs, ledger)
        return try await aside {
            do {
                return try blobs.removeFile(of: digest) { try ledger.readAnew { try $0.needsFile(of: digest) } }
            } catch let error as SystemError where error.code == ENOENT {
                // A small blob has none.
                return false
            }
        }
    }

    /// Removes files in blobs/ that no row names: what was left by a process that died between files and rows.
    private func removeForgottenFiles() async throws -> [Garbage] {
        var garbage: [Garbage] = []
        for folder in BlobStore.folders {
            try Task.checkCancellation()
            let (blobs, ledger) = (blobs, ledger)
            let forgotten = try await aside {
                let stored = try blobs.storedBlobs(in: folder)
                return try ledger.readAnew { reader in try stored.filter { try !reader.needsFile(of: $0) } }
            }
            for digest in forgotten {
                let size = try await aside { try blobs.fileSize(of: digest) } ?? 0
                guard try await removeFile(of: digest) else { continue }
                garbage.append(Garbage(.file, digest, size: size, in: nil, freesBytes: true))
            }
        }
        return garbage
    }
}

/// Why nothing is collected.
package enum CollectionError: Error, Equatable, CustomStringConvertible {
    /// A backup is being made, and has seen the rows of files that would go.
    case beingCopied

    /// A sentence.
    package var description: String { "a backup of this data folder is being made: nothing is removed meanwhile" }
}
