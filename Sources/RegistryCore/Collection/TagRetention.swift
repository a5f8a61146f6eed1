package import OCI

/// Which tags of a repository stay.
///
/// A tag goes when a rule lets it go and none keeps it, so who sets a number and an age keeps what either of them keeps. A tag that
/// belongs to a digest (the signature of an image) stays: it changes with what it belongs to.
package struct TagRetention: Sendable {
    /// How many of the newest tags stay; nil when their number does not matter.
    package var last: Int?
    /// How long a tag stays after it was last set, in milliseconds; nil when that does not matter.
    package var age: Int64?
    /// How long a tag stays after it was last set or its manifest pulled, in milliseconds; nil when that does not matter.
    package var unused: Int64?
    /// How many of the highest semantic versions stay; nil when versions do not matter. Says nothing of other tags.
    package var versions: Int?
    /// Tags that stay in any case, and are not counted.
    package var kept: [TagPattern]
    /// Whether tags of manifests stay that a trusted key has signed.
    package var keepsSigned: Bool

    /// nil when every tag stays.
    package init?(
        last: Int? = nil, age: Int64? = nil, unused: Int64? = nil, versions: Int? = nil, kept: [TagPattern] = [],
        keepsSigned: Bool = false
    ) {
        guard last != nil || age != nil || unused != nil || versions != nil else { return nil }
        self.last = last
        self.age = age
        self.unused = unused
        self.versions = versions
        self.kept = kept
        self.keepsSigned = keepsSigned
    }

    /// Those of the tags of a repository that go at the time `now`, oldest first. Whether they are signed has yet to be looked at.
    func expired(_ tags: [TagRow], at now: Int64) -> [TagRow] {
        let counted = tags.filter { row in !row.tag.belongsToDigest && !kept.contains { $0.matches(row.tag) } }
        let newestFirst = counted.sorted { ($0.updated, $0.tag.rawValue) > ($1.updated, $1.tag.rawValue) }
        let highest = highestVersions(of: counted)
        return newestFirst.enumerated().filter { place, row in
            var verdicts: [Bool] = []
            if let last { verdicts.append(place >= last) }
            if let age { verdicts.append(row.updated <= now - age) }
            if let unused { verdicts.append(max(row.updated, row.mayBePulled) <= now - unused) }
            if versions != nil, let version = SemanticVersion(row.tag) { verdicts.append(!highest.contains(version)) }
            return !verdicts.isEmpty && verdicts.allSatisfy(\.self)
        }.map(\.element).reversed()
    }

    private func highestVersions(of tags: [TagRow]) -> Set<SemanticVersion> {
        guard let versions else { return [] }
        return Set(Set(tags.compactMap { SemanticVersion($0.tag) }).sorted(by: >).prefix(versions))
    }
}

/// A tag of a repository, as a collection sees it.
struct TagRow: Sendable, Equatable {
    let tag: Tag
    let digest: Digest
    /// When it was last set, in milliseconds since 1970-01-01 UTC.
    let updated: Int64
    /// When its manifest was last pulled, at least; 0 for never.
    let pulled: Int64

    /// How far back a time of a pull may be that is not written anew, in milliseconds.
    static let pullPrecision: Int64 = 3_600_000
    /// When its manifest was last pulled, at most.
    var mayBePulled: Int64 { pulled == 0 ? 0 : pulled + Self.pullPrecision }
}
