/// The version that a tag says it is (Semantic Versioning 2.0.0), with or without a `v` before it, in the order of precedence.
///
/// Tags have no `+`, so none has build metadata.
package struct SemanticVersion: Hashable, Sendable, Comparable {
    /// One of the identifiers of a pre-release: numbers come before names (§11.4.3).
    private enum Identifier: Hashable, Comparable {
        case number(UInt64)
        case name(String)
    }

    /// Major, minor and patch.
    private let core: [UInt64]
    /// Empty for a release, which comes after all of its pre-releases.
    private let preRelease: [Identifier]

    /// nil for a tag that is no version: `latest`, `1.2`, `1.02.3`.
    package init?(_ tag: Tag) {
        let text = tag.rawValue.drop { $0 == "v" }
        guard text.utf8.count >= tag.rawValue.utf8.count - 1 else { return nil }
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let core = parts[0].split(separator: ".", omittingEmptySubsequences: false).map { Self.number($0) }
        guard core.count == 3, !core.contains(nil) else { return nil }
        self.core = core.compactMap(\.self)
        guard parts.count == 2 else {
            preRelease = []
            return
        }
        let identifiers = parts[1].split(separator: ".", omittingEmptySubsequences: false).map { Self.identifier($0) }
        guard !identifiers.contains(nil) else { return nil }
        preRelease = identifiers.compactMap(\.self)
    }

    /// The order of §11.
    package static func < (left: Self, right: Self) -> Bool {
        guard left.core == right.core else { return left.core.lexicographicallyPrecedes(right.core) }
        guard !left.preRelease.isEmpty else { return false }
        guard !right.preRelease.isEmpty else { return true }
        return left.preRelease.lexicographicallyPrecedes(right.preRelease)
    }

    /// A number without zeros before it (§2). One past 64 bits is none.
    private static func number(_ text: Substring) -> UInt64? {
        guard isNumber(text), text.utf8.count == 1 || text.utf8.first != UInt8(ascii: "0") else { return nil }
        return UInt64(text)
    }

    private static func identifier(_ text: Substring) -> Identifier? {
        guard !isNumber(text) else { return number(text).map { .number($0) } }
        // What else a tag may have is no part of an identifier (§9).
        guard !text.isEmpty, !text.utf8.contains(UInt8(ascii: "_")) else { return nil }
        return .name(String(text))
    }

    private static func isNumber(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
