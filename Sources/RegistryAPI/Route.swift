import HTTPTypes
import HTTPWire
import OCI
import RegistryCore

/// What a request is about: the last place that sees a path as text.
enum Route: Equatable {
    case ping
    case catalog
    case tags(RepositoryName)
    case manifest(RepositoryName, Reference)
    case blob(RepositoryName, Digest)
    case uploads(RepositoryName)
    case upload(RepositoryName, UploadID)
    case referrers(RepositoryName, Digest)
    case provenanceList
    case provenance(Digest)
    case health
    case readiness

    /// The end-points that have each method; for `405` and its `Allow`.
    var methods: [HTTPRequest.Method] {
        switch self {
        case .ping, .catalog, .tags, .referrers, .provenanceList, .provenance, .health, .readiness: [.get, .head]
        case .manifest: [.get, .head, .put, .delete]
        case .blob: [.get, .head, .delete]
        case .uploads: [.post]
        case .upload: [.get, .head, .patch, .put, .delete]
        }
    }

    /// A fixed name for logs and metrics; never what a client typed.
    var name: String {
        switch self {
        case .ping: "ping"
        case .catalog: "catalog"
        case .tags: "tags"
        case .manifest: "manifest"
        case .blob: "blob"
        case .uploads: "uploads"
        case .upload: "upload"
        case .referrers: "referrers"
        case .provenanceList: "provenance-list"
        case .provenance: "provenance"
        case .health: "healthz"
        case .readiness: "readyz"
        }
    }

    /// - Throws: the problem of a path that is malformed, or that no end-point has.
    init(_ target: RequestTarget) throws(Problem) {
        let segments = target.segments
        // Nothing here has a name outside ASCII, and comparing arbitrary Unicode can be made slow by a client.
        guard segments.allSatisfy({ $0.utf8.allSatisfy { $0 < 0x80 } }) else {
            throw segments.count > 2 ? Problem(400, .nameInvalid, "names here are ASCII") : Self.notFound
        }
        switch segments.first {
        case "v2": self = try Self.registry(segments.dropFirst())
        case "provenance" where segments.count == 1: self = .provenanceList
        case "provenance" where segments.count == 2: self = .provenance(try Self.digest(segments[1]))
        case "healthz" where segments.count == 1: self = .health
        case "readyz" where segments.count == 1: self = .readiness
        default: throw Self.notFound
        }
    }

    private static let notFound = Problem(404, .unsupported, "there is nothing at this path")

    /// Read from the right, because a repository may be named after an end-point: `a/blobs/manifests/b`.
    private static func registry(_ segments: ArraySlice<String>) throws(Problem) -> Route {
        guard let last = segments.last else { return .ping }
        if segments.count == 1 {
            guard last == "_catalog" else { throw notFound }
            return .catalog
        }
        let rest = segments.dropLast()
        let name = rest.dropLast()
        switch rest.last {
        case "tags" where last == "list" && !name.isEmpty: return .tags(try repository(name))
        case "manifests" where !name.isEmpty: return .manifest(try repository(name), try reference(last))
        case "blobs" where last == "uploads" && !name.isEmpty: return .uploads(try repository(name))
        case "blobs" where !name.isEmpty: return .blob(try repository(name), try digest(last))
        case "referrers" where !name.isEmpty: return .referrers(try repository(name), try digest(last))
        case "uploads" where name.last == "blobs" && name.count > 1:
            let repository = try repository(name.dropLast())
            guard let id = UploadID(parsing: last) else { throw Problem(UploadError.unknownUpload) }
            return .upload(repository, id)
        default: throw notFound
        }
    }

    private static func repository(_ segments: ArraySlice<String>) throws(Problem) -> RepositoryName {
        do {
            return try RepositoryName(parsing: segments.joined(separator: "/"))
        } catch {
            throw Problem(400, .nameInvalid, "\(error)")
        }
    }

    private static func reference(_ text: String) throws(Problem) -> Reference {
        do {
            return try Reference(parsing: text)
        } catch {
            throw Problem(400, text.contains(":") ? .digestInvalid : .nameInvalid, "\(error)")
        }
    }

    static func digest(_ text: String) throws(Problem) -> Digest {
        do {
            return try Digest(parsing: text)
        } catch {
            throw Problem(400, .digestInvalid, "\(error)")
        }
    }
}
