package import OCI

/// Looks for what a collection may remove, in small steps, each on a state of the database of its own: pushes go on meanwhile.
///
/// What it finds is only likely to be garbage. Whoever removes it asks again in the transaction that does.
package struct GarbageSearch<Source: LedgerSource> {
    private let source: Source
    private let rules: CollectionRules
    private let now: Int64

    /// Looks for what may go at the time `now`, in milliseconds since 1970-01-01 UTC.
    package init(in source: Source, rules: CollectionRules, at now: Int64) {
        self.source = source
        self.rules = rules
        self.now = now
    }

    /// Leases and pushes after this keep what they are of.
    var leasedBefore: Int64 { now - rules.grace }

    func pushedBefore(in repository: RepositoryName) -> Int64? {
        rules.untagged(in: repository).map { now - $0 }
    }

    /// Everything that would leave a repository now, for who wants to know beforehand. What only a tag or a manifest holds that goes itself
    /// is not told of: a manifest that goes leases its blobs anew, so these follow in a later collection.
    ///
    /// - Parameter report: told of each thing.
    package func dryRun(report: (Garbage) -> Void) async throws {
        try await forEachRepository { repository in
            for tag in try await expiredTags(of: repository) { report(Garbage(tag, in: repository.name)) }
            try await forEachManifest(in: repository) { entries in
                for entry in entries {
                    report(Garbage(.manifest, entry.digest, size: entry.size, in: repository.name, freesBytes: false))
                }
            }
            try await forEachBlob(in: repository) { links, _ in
                for link in links {
                    let isShared = try await source.readAside { reader in
                        try reader.isLinked(link.blob, elsewhereThan: repository.key)
                            || reader.isEvidenceFile(link.digest)
                    }
                    report(Garbage(.blob, link.digest, size: link.size, in: repository.name, freesBytes: !isShared))
                }
            }
        }
    }

    /// Every repository, in the order of their rows.
    func forEachRepository(_ body: (RepositoryRow) async throws -> Void) async throws {
        var last: Int64 = 0
        while true {
            try Task.checkCancellation()
            let key = last
            let page = try await source.readAside { try $0.repositories(after: key, limit: 100) }
            for repository in page { try await body(repository) }
            guard let next = page.last else { return }
            last = next.key
        }
    }

    /// Tags of a repository that its rule lets go.
    func expiredTags(of repository: RepositoryRow) async throws -> [TagRow] {
        guard let retention = rules.retention(repository.name) else { return [] }
        var tags: [TagRow] = []
        while true {
            try Task.checkCancellation()
            let last = tags.last?.tag
            let page = try await source.readAside {
                try $0.tags(of: repository.key, after: last, limit: collectionPage)
            }
            guard !page.isEmpty else { break }
            tags += page
        }
        let expired = retention.expired(tags, at: now)
        guard retention.keepsSigned else { return expired }
        return try await source.readAside { reader in try expired.filter { try !reader.isSigned($0.digest) } }
    }

    /// Manifests of a repository that nothing needs, some at a time; none when the rules keep them.
    func forEachManifest(in repository: RepositoryRow, _ body: ([ManifestEntry]) async throws -> Void) async throws {
        guard let pushedBefore = pushedBefore(in: repository.name) else { return }
        var last: Int64? = 0
        while let key = last {
            try Task.checkCancellation()
            let (found, next) = try await source.readAside { reader in
                let page = try reader.entries(of: repository.key, after: key, limit: collectionPage)
                let found = try page.filter {
                    try $0.pushed <= pushedBefore && reader.holder(of: $0, in: repository.key) == nil
                }
                return (found, page.last?.manifest)
            }
            if !found.isEmpty { try await body(found) }
            last = next
        }
    }

    /// Blobs of a repository that none of its manifests names and nobody counts on, some at a time, each time with the number of
    /// records that there were when no manifest named them.
    func forEachBlob(
        in repository: RepositoryRow, _ body: (_ links: [BlobLink], _ records: Int64) async throws -> Void
    ) async throws {
        let records = try await source.readAside { try $0.recordCount() }
        var marks: DigestMarks?
        var last: Int64? = 0
        while let key = last {
            try Task.checkCancellation()
            let page = try await source.readAside {
                try $0.links(of: repository.key, after: key, limit: collectionPage)
            }
            let old = page.filter { $0.leased <= leasedBefore }
            if !old.isEmpty {
                // What the manifests name is only looked up where a blob is old enough to go.
                let named = if let marks { marks } else { try await self.named(in: repository) }
                marks = named
                let found = old.filter { !named.contains($0.digest) }
                if !found.isEmpty { try await body(found, records) }
            }
            last = page.last?.blob
        }
    }

    private func named(in repository: RepositoryRow) async throws -> DigestMarks {
        var marks = DigestMarks()
        var last: Int64? = 0
        while let key = last {
            try Task.checkCancellation()
            let (digests, next) = try await source.readAside { reader in
                var digests: [Digest] = []
                let next = try reader.forEachNamed(in: repository.key, after: key, manifests: collectionPage / 10) {
                    digests.append($0)
                }
                return (digests, next)
            }
            for digest in digests { marks.insert(digest) }
            last = next
        }
        return marks
    }

    /// What becomes of a digest in each repository that has it, and why.
    ///
    /// - Returns: nothing when no repository has it.
    package func explain(_ digest: Digest) async throws -> [Explanation] {
        let (leasedBefore, rules, now) = (leasedBefore, rules, now)
        return try await source.readAside { reader in
            var explanations: [Explanation] = []
            for repository in try reader.repositories(with: digest) {
                if let entry = try reader.entry(digest, of: repository.key) {
                    var kept = try reader.holder(of: entry, in: repository.key)
                    if kept == nil {
                        kept =
                            rules.untagged(in: repository.name).map { time in
                                entry.pushed + time <= now ? nil : .leased(until: entry.pushed + time)
                            } ?? .untaggedIsKept
                    }
                    explanations.append(Explanation(repository: repository.name, kind: .manifest, kept: kept))
                }
                if let link = try reader.link(of: digest, in: repository.key) {
                    let names = try reader.manifests(naming: digest, in: repository.key)
                    let kept: KeptBecause? =
                        !names.isEmpty
                        ? .named(by: names)
                        : link.leased > leasedBefore ? .leased(until: link.leased + rules.grace) : nil
                    explanations.append(Explanation(repository: repository.name, kind: .blob, kept: kept))
                }
            }
            return explanations
        }
    }
}

/// Rows that a collection reads at a time: a millisecond or two.
private let collectionPage = 1000
