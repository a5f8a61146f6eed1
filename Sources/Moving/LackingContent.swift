import OCI

/// What manifests of a repository name and the repository does not have.
///
/// A layout keeps the content of all its repositories in one place, and to name something is not to own it. So an export says
/// what each has not, in annotations of its list, or an import would give it what others have.
struct LackingContent: Sendable {
    private static let prefix = "vnd.waybill.lacks/"

    private var digests: [RepositoryName: Set<Digest>] = [:]

    /// Nobody lacks anything.
    init() {}

    /// Reads what `annotations` wrote; what is none of it is passed over.
    init(_ annotations: JSONObject) {
        for member in annotations.members where member.key.hasPrefix(Self.prefix) {
            guard let name = try? RepositoryName(parsing: member.key.dropFirst(Self.prefix.count)) else { continue }
            for text in (member.value.string ?? "").split(separator: ",") {
                if let digest = try? Digest(parsing: text) { add(digest, to: name) }
            }
        }
    }

    /// For the list of a layout.
    var annotations: [String: String] {
        Dictionary(
            uniqueKeysWithValues: digests.map { name, digests in
                ("\(Self.prefix)\(name)", digests.sorted().map(\.description).joined(separator: ","))
            })
    }

    mutating func add(_ digest: Digest, to repository: RepositoryName) {
        digests[repository, default: []].insert(digest)
    }

    func contains(_ digest: Digest, in repository: RepositoryName) -> Bool {
        digests[repository]?.contains(digest) ?? false
    }
}
