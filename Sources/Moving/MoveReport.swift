/// What was moved, and what was not.
package struct MoveReport: Sendable {
    /// Things of one kind that are where they should be.
    package struct Count: Sendable, Equatable {
        /// Those that have come there.
        package var moved = 0
        /// Those that were there before.
        package var there = 0
    }

    /// Reasons that are kept; more are counted only.
    package static let mostKept = 10_000

    /// Repositories of which something is there.
    package var repositories = 0
    /// Manifests; in each repository for itself.
    package var manifests = Count()
    /// Tags; in each repository for itself.
    package var tags = Count()
    /// Tags that were left where they are although the source has them elsewhere.
    package var keptTags = 0
    /// Blobs; in each repository for itself.
    package var blobs = Count()
    /// Bytes of blobs that were copied. What several repositories share is copied once.
    package var bytes: Int64 = 0
    /// What was left out, in the order in which it was found.
    package private(set) var skipped: [Skipped] = []
    /// How much was left out, also what is not kept.
    package private(set) var skippedCount = 0

    /// Nothing so far.
    package init() {}

    mutating func add(_ skipped: Skipped) {
        skippedCount += 1
        if self.skipped.count < Self.mostKept { self.skipped.append(skipped) }
    }
}

/// Who is told while something is moved.
package struct MoveEvents {
    /// Told at once of what is left out.
    package var skipped: (Skipped) -> Void
    /// Told often how far a step is.
    package var progress: (_ step: String, _ done: Int, _ total: Int) -> Void

    /// Tells these.
    package init(
        skipped: @escaping (Skipped) -> Void = { _ in }, progress: @escaping (String, Int, Int) -> Void = { _, _, _ in }
    ) {
        self.skipped = skipped
        self.progress = progress
    }
}
