package import OCI
package import RegistryCore

/// Moves the repositories of a source into a target, each with its blobs first and then its manifests.
///
/// What is there already is left as it is, so that it can be repeated after it was interrupted, and when the source has more.
/// A tag that points elsewhere in the target is moved, unless it is to be kept.
package struct Importer {
    private let source: any ImageSource
    private let target: any ImageTarget
    private let limits: RegistryLimits
    private let keepsTags: Bool

    /// - Parameters:
    ///   - limits: those of the target.
    ///   - keepsTags: whether a tag that points elsewhere in the target stays there.
    package init(
        from source: any ImageSource, to target: any ImageTarget, limits: RegistryLimits, keepsTags: Bool = false
    ) {
        self.source = source
        self.target = target
        self.limits = limits
        self.keepsTags = keepsTags
    }

    /// Moves everything that can be moved.
    ///
    /// - Parameters:
    ///   - selects: which repositories are meant.
    ///   - names: whether it is told of what is no repository at all, which is idle when only some are meant.
    /// - Throws: when the source cannot be listed or the target takes nothing more, for example because the disk is full.
    package func run(
        selecting selects: (RepositoryName) -> Bool = { _ in true }, namingOthers names: Bool = true, events: MoveEvents
    ) async throws -> MoveReport {
        var report = MoveReport()
        let skip = { (skipped: Skipped, report: inout MoveReport) in
            report.add(skipped)
            events.skipped(skipped)
        }
        let repositories = try source.repositories { if names { skip($0, &report) } }.filter(selects)
        for (index, name) in repositories.enumerated() {
            let place = "(\(index + 1) of \(repositories.count) repositories)"
            var work = RepositoryImport(
                name, place, from: source, to: target, limits: limits, keepsTags: keepsTags, events: events,
                report: report)
            try await work.run()
            report = work.report
        }
        return report
    }
}

/// The import of one repository.
private struct RepositoryImport {
    /// What became of a blob.
    private enum BlobOutcome: Sendable {
        case there, linked
        case copied(Int64)
        /// The source has it not; whether that matters depends on who names it.
        case absent(String)
        case refused(String)
    }

    /// What became of a manifest.
    private struct ManifestOutcome: Sendable {
        var isMoved = false
        var tags: [Tag] = []
        var keptTags = 0
        var skipped: [Skipped] = []
    }

    /// Blobs and manifests that are on their way at the same time: the target commits together what comes together.
    private static let width = 8

    private let name: RepositoryName
    /// Which of all it is, for the progress.
    private let place: String
    private let source: any ImageSource
    private let target: any ImageTarget
    private let limits: RegistryLimits
    private let keepsTags: Bool
    private let events: MoveEvents
    private(set) var report: MoveReport

    init(
        _ name: RepositoryName, _ place: String, from source: any ImageSource, to target: any ImageTarget,
        limits: RegistryLimits, keepsTags: Bool, events: MoveEvents, report: MoveReport
    ) {
        self.name = name
        self.place = place
        self.source = source
        self.target = target
        self.limits = limits
        self.keepsTags = keepsTags
        self.events = events
        self.report = report
    }

    private mutating func skip(_ skipped: Skipped) {
        report.add(skipped)
        events.skipped(skipped)
    }

    mutating func run() async throws {
        var unlisted: [Skipped] = []
        let listing = source.listing(of: name) { unlisted.append($0) }
        for skipped in unlisted { skip(skipped) }
        var listed: [Digest: [Tag]] = [:]
        for digest in listing.manifests { listed[digest] = [] }
        for (tag, digest) in listing.tags.sorted(by: { $0.key < $1.key }) { listed[digest, default: []].append(tag) }
        let order = try ManifestOrder(listed, of: name, in: source, for: target, limits: limits)
        for (digest, reason) in order.refused {
            skip(Skipped(.manifest, digest, in: name, because: reason))
            for tag in listed[digest] ?? [] { skip(tagSkipped(tag, with: digest)) }
        }
        try await moveBlobs(of: order.entries, and: listing.blobs)
        let count = report.manifests
        try await moveManifests(order.entries, listed)
        if report.manifests != count { report.repositories += 1 }
    }

    private func tagSkipped(_ tag: Tag, with digest: Digest) -> Skipped {
        Skipped(.tag, tag, in: name, because: "it points at \(digest), which was left out")
    }

    // MARK: - Blobs

    private mutating func moveBlobs(of entries: [ManifestOrder.Entry], and listed: Set<Digest>) async throws {
        var isNeeded: [Digest: Bool] = [:]
        for digest in listed { isNeeded[digest] = false }
        for blob in entries.lazy.flatMap(\.blobs) where !blob.isForeign { isNeeded[blob.digest] = true }
        for blob in entries.lazy.flatMap(\.blobs) where blob.isForeign && isNeeded[blob.digest] == nil {
            isNeeded[blob.digest] = false
        }
        let (name, source, target) = (name, source, target)
        let digests = isNeeded.keys.sorted()
        try await inParallel(digests, step: "importing blobs of \(name) \(place)") { digest in
            try await Self.move(digest, of: name, from: source, to: target)
        } done: { work, digest, outcome in
            work.count(outcome, of: digest, isNeeded: isNeeded[digest] ?? false)
        }
    }

    private mutating func count(_ outcome: BlobOutcome, of digest: Digest, isNeeded: Bool) {
        switch outcome {
        case .there: report.blobs.there += 1
        case .linked: report.blobs.moved += 1
        case .copied(let size):
            report.blobs.moved += 1
            report.bytes += size
        case .absent(let reason):
            // Whoever cleans up such a directory takes the content and leaves the links.
            if isNeeded { skip(Skipped(.blob, digest, in: name, because: reason)) }
        case .refused(let reason): skip(Skipped(.blob, digest, in: name, because: reason))
        }
    }

    /// A blob that the source does not give to this repository is not linked either, although the target may have it: to
    /// name it is not to own it.
    private static func move(
        _ digest: Digest, of name: RepositoryName, from source: any ImageSource, to target: any ImageTarget
    ) async throws -> BlobOutcome {
        do {
            if try target.hasBlob(digest, in: name) { return .there }
            let file = try source.openBlob(digest, in: name)
            if try await target.linkBlob(digest, to: name) { return .linked }
            try await target.putBlob(file, as: digest, to: name)
            return .copied(file.size)
        } catch let error as SourceError {
            return error.isAbsence ? .absent("\(error)") : .refused("\(error)")
        } catch UploadError.digestMismatch(_, let computed) {
            return .refused("it is damaged: its content hashes to \(computed)")
        } catch UploadError.tooLarge(let limit) {
            return .refused("it has more than \(limit) bytes, which is the limit here")
        }
    }

    // MARK: - Manifests

    private mutating func moveManifests(_ entries: [ManifestOrder.Entry], _ tags: [Digest: [Tag]]) async throws {
        let (name, source, target, limits, keepsTags) = (name, source, target, limits, keepsTags)
        var rest = entries[...]
        while !rest.isEmpty {
            // As many as do not need each other.
            var together: Set<Digest> = []
            let batch = rest.prefix { entry in
                guard together.isDisjoint(with: entry.needs) else { return false }
                together.insert(entry.digest)
                return true
            }
            rest = rest.dropFirst(batch.count)
            try await inParallel(Array(batch), step: "importing manifests of \(name) \(place)") { entry in
                try await Self.move(
                    entry, tags[entry.digest] ?? [], of: name, from: source, to: target, limits: limits,
                    keepsTags: keepsTags)
            } done: { work, entry, outcome in
                work.count(outcome, of: entry, tags: tags[entry.digest] ?? [])
            }
        }
    }

    private mutating func count(_ outcome: ManifestOutcome, of entry: ManifestOrder.Entry, tags: [Tag]) {
        for skipped in outcome.skipped { skip(skipped) }
        if entry.isThere {
            report.manifests.there += 1
        } else if outcome.isMoved {
            report.manifests.moved += 1
        }
        let left = outcome.skipped.count { $0.kind == .tag }
        report.tags.moved += outcome.tags.count
        report.keptTags += outcome.keptTags
        report.tags.there += tags.count - outcome.tags.count - outcome.keptTags - left
    }

    /// Pushes a manifest with the tags that do not point at it yet; nothing when there is nothing to change.
    private static func move(
        _ entry: ManifestOrder.Entry, _ tags: [Tag], of name: RepositoryName, from source: any ImageSource,
        to target: any ImageTarget, limits: RegistryLimits, keepsTags: Bool
    ) async throws -> ManifestOutcome {
        var outcome = ManifestOutcome()
        var rest: [Tag] = []
        for tag in tags {
            switch try target.digest(of: tag, in: name) {
            case entry.digest: continue
            case .some where keepsTags: outcome.keptTags += 1
            default: rest.append(tag)
            }
        }
        var isThere = entry.isThere
        while !isThere || !rest.isEmpty {
            let some = Array(rest.prefix(limits.tagsPerPush))
            do {
                try await target.put(source.push(of: entry.digest, to: name, tags: some, limits: limits))
                rest.removeFirst(some.count)
                outcome.tags += some
                isThere = true
            } catch RegistryError.immutableTag(let tag, let digest) {
                rest.removeAll { $0 == tag }
                outcome.skipped.append(
                    Skipped(.tag, tag, in: name, because: "it is immutable here and points at \(digest)"))
            } catch {
                guard let reason = (error as? SourceError).map({ "\($0)" }) ?? (error as? RegistryError)?.reason else {
                    throw error
                }
                if !isThere { outcome.skipped.append(Skipped(.manifest, entry.digest, in: name, because: reason)) }
                outcome.skipped += rest.map { tag in
                    Skipped(.tag, tag, in: name, because: "it points at \(entry.digest), which was left out")
                }
                break
            }
        }
        outcome.isMoved = isThere && !entry.isThere
        return outcome
    }

    // MARK: - Several at once

    /// Runs `body` on all items, some at a time, and `done` here with each result.
    private mutating func inParallel<Item: Sendable, Outcome: Sendable>(
        _ items: [Item], step: String, _ body: @escaping @Sendable (Item) async throws -> Outcome,
        done: (inout RepositoryImport, Item, Outcome) -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: (Item, Outcome).self) { group in
            var (rest, finished) = (items[...], 0)
            for item in rest.prefix(Self.width) { group.addTask { (item, try await body(item)) } }
            rest = rest.dropFirst(Self.width)
            while let (item, outcome) = try await group.next() {
                done(&self, item, outcome)
                finished += 1
                events.progress(step, finished, items.count)
                if let item = rest.popFirst() { group.addTask { (item, try await body(item)) } }
            }
        }
    }
}

extension RegistryError {
    /// Digests that one reason names.
    private static var mostNamed: Int { 3 }

    /// Why a registry does not take one manifest, as a sentence that is safe to show; nil when it takes nothing more at all.
    var reason: String? {
        switch self {
        case .invalidManifest(let error): "\(error)"
        case .missingContent(let digests): "it names \(Self.list(digests)), which is not here"
        case .missingForeignLayers(let digests):
            "it names the foreign layer \(Self.list(digests)), which is not here and which the repository requires"
        case .refusedURL(let layer, let url): "layer \(layer) may not be fetched from \(url.quoted(limit: 200))"
        case .digestMismatch(_, let computed): "it is damaged: its content hashes to \(computed)"
        case .tooManyReferences(let count, let limit): "it names \(count) things, and at most \(limit) are taken"
        case .immutableTag(let tag, let digest): "the tag \(tag) is immutable here and points at \(digest)"
        case .protectedTag(let tag): "the tag \(tag) is protected here"
        case .tooManyTags(let limit): "at most \(limit) tags are taken at once"
        case .quotaExceeded(let usage, let needed): usage.refusal(of: needed)
        case .unknownRepository, .unknownBlob, .unknownManifest, .alreadyErased, .storage: nil
        }
    }

    private static func list(_ digests: [Digest]) -> String {
        let named = digests.prefix(mostNamed).map(\.description).joined(separator: ", ")
        return digests.count > mostNamed ? "\(named) and \(digests.count - mostNamed) more" : named
    }
}
