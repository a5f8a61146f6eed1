package import OCI

/// Which tags of a repository stay.
///
/// A tag goes when every rule that is set would let it go, so who sets a number and an age keeps what either of them keeps. A tag that
/// belongs to a digest (the signature of an image) stays: it changes with what it belongs to.
package struct TagRetention: Sendable {
    /// How many of the newest tags stay; nil for all.
    package var last: Int?
    /// How long a tag stays after it was last set, in milliseconds; nil for ever.
    package var age: Int64?
    /// Tags that stay in any case, and are not counted.
    package var kept: [TagPattern]

    /// nil when every tag stays.
    package init?(last: Int?, age: Int64?, kept: [TagPattern]) {
        guard last != nil || age != nil else { return nil }
        (self.last, self.age, self.kept) = (last, age, kept)
    }

    /// Those of the tags of a repository that go at the time `now`, oldest first.
    func expired(_ tags: [TagRow], at now: Int64) -> [TagRow] {
        let counted = tags.filter { row in !row.tag.belongsToDigest && !kept.contains { $0.matches(row.tag) } }
        let newestFirst = counted.sorted { ($0.updated, $0.tag.rawValue) > ($1.updated, $1.tag.rawValue) }
        let old = newestFirst.dropFirst(last ?? 0).filter { row in age.map { row.updated <= now - $0 } ?? true }
        return old.reversed()
    }
}

/// A tag of a repository, as a collection sees it.
struct TagRow: Sendable, Equatable {
    let tag: Tag
    let digest: Digest
    /// When it was last set, in milliseconds since 1970-01-01 UTC.
    let updated: Int64
}
