package import OCI

/// One page of a list, and where the next begins.
package struct Page<Entry: Sendable, Key: Sendable>: Sendable {
    package let entries: [Entry]
    /// The key to ask the next page after; nil when this is the last.
    package let next: Key?

    /// Makes a page of at most `limit` entries out of one more than that.
    init(_ entries: [Entry], limit: Int, key: (Entry) -> Key) {
        self.entries = Array(entries.prefix(limit))
        next = entries.count > limit ? self.entries.last.map(key) : nil
    }

    /// A page that is cut already.
    init(_ entries: [Entry], next: Key?) {
        self.entries = entries
        self.next = next
    }
}

extension Registry {
    /// Repositories that hold a manifest, in the order of their bytes.
    ///
    /// - Parameters:
    ///   - visible: those of which it tells. When these are not all, it may take long: called through `aside`.
    ///   - count: entries wanted; more than the limit gives the limit, and 0 an empty page.
    package func repositories(
        in visible: RepositorySelection = .all, after last: String?, count: Int?
    ) throws -> Page<String, String> {
        let limit = min(count ?? limits.page, limits.page)
        let names = try ledger.read { reader in
            var (found, last) = ([String](), last)
            while true {
                let names = try reader.repositories(after: last, limit: limit + 1)
                found += names.filter { visible.contains($0) }
                guard found.count <= limit, names.count > limit else { return found }
                last = names.last
            }
        }
        return Page(names, limit: limit) { $0 }
    }

    /// Tags of a repository, in the order of their bytes; `last` need not exist.
    package func tags(
        of repository: RepositoryName, after last: String?, count: Int?
    ) throws -> Page<String, String> {
        let limit = min(count ?? limits.page, limits.page)
        let tags = try ledger.read { reader in
            guard try reader.hasRepository(repository) else { throw RegistryError.unknownRepository(repository) }
            return try reader.tags(of: repository, after: last, limit: limit + 1)
        }
        return Page(tags, limit: limit) { $0 }
    }

    /// Manifests whose subject is `subject`; none is an answer, also in a repository that does not exist.
    package func referrers(
        to subject: Digest, in repository: RepositoryName, artifactType: String?, after key: Int64
    ) throws -> Page<StoredReferrer, Int64> {
        let limit = limits.page
        let found = try ledger.read {
            try $0.referrers(
                to: subject, in: repository, artifactType: artifactType, after: key, limit: limit + 1)
        }
        var bytes = 0
        let fitting = found.prefix(limit).prefix { referrer in
            bytes += referrer.descriptor.utf8.count
            return bytes <= limits.referrersPage || bytes == referrer.descriptor.utf8.count
        }
        return Page(Array(found.prefix(fitting.count + 1)), limit: fitting.count) { $0.key }
    }
}
