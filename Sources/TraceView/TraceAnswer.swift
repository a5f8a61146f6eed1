package import OCI

/// What a server knows of one digest, in one page or several.
///
/// The documents are read as leniently as they are shown: what is missing or has another type than expected is not there.
package struct TraceAnswer: Sendable {
    /// The documents as they came; at least one.
    package let pages: [JSONValue]
    /// All records, oldest first.
    package let records: [JSONValue]

    /// Puts pages together, of which there must be one.
    package init?(pages: [JSONValue]) {
        guard !pages.isEmpty else { return nil }
        self.pages = pages
        records = pages.flatMap { $0["records"]?.array ?? [] }
    }

    /// What is the same on every page.
    subscript(member: String) -> JSONValue? { pages[0][member] }

    /// `index`, `image`, `artifact` or `blob`.
    package var kind: String { self["kind"]?.string ?? "content" }

    /// The platform manifests of an index.
    package var platforms: [JSONValue] { self["tree"]?["platforms"]?.array ?? [] }

    /// What contradicts itself, as far as the server found it.
    package var conflicts: [JSONValue] { merged { $0["summary"]?["conflicts"]?.array ?? [] } }

    /// Whether a signature names a key that did not make it.
    package var hasInvalidSignature: Bool { records.contains { $0["verification"]?["signature"] == "invalid" } }

    /// What it was built on.
    var bases: [JSONValue] { merged { $0["trace"]?["baseImages"]?.array ?? [] } }

    /// How many images were built on it.
    var derivedCount: Int64 { pages.compactMap { $0["trace"]?["derivedCount"]?.int64 }.max() ?? 0 }

    /// The newest push.
    var push: JSONValue? { records.last { $0["kind"] == "push" } }

    /// Leaves of the log at the time of the answer.
    var logSize: Int64? { pages.compactMap { $0["asOf"]?["size"]?.int64 }.max() }

    /// Whether some page has this in its summary.
    func summary(has member: String) -> Bool { pages.contains { $0["summary"]?[member] == true } }

    private func merged(_ values: (JSONValue) -> [JSONValue]) -> [JSONValue] {
        pages.flatMap(values).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
