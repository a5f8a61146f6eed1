import HTTPTypes
import HTTPWire
import OCI
import RegistryCore
import TransparencyLog

/// What a request is about: the last place that sees a path as text.
enum Route: Equatable {
    case ping
    case catalog
    case tags(RepositoryName)
    case manifest(RepositoryName, Reference)
    case blob(RepositoryName, Digest)
    case uploads(RepositoryName)
    case upload(RepositoryName, UploadSession)
    case referrers(RepositoryName, Digest)
    case provenanceList
    case provenance(Digest)
    case record(Int64)
    case proof(Int64)
    case facets
    case export
    case archive(Digest)
    case attestations(Digest)
    case checkpoint
    case timestamp
    case stampedCheckpoint
    case tile(TileResource)
    case logKeys
    case consistency
    case archivistaUpload
    case archivistaDownload(gitoid: String)
    case rekorEntries
    case token
    case robots
    case robot(RobotName)
    case health
    case readiness

    /// The end-points that have each method; for `405` and its `Allow`.
    var methods: [HTTPRequest.Method] {
        switch self {
        case .ping, .catalog, .tags, .referrers, .provenance, .record, .proof, .facets, .export, .archive,
            .attestations,
            .checkpoint, .timestamp, .stampedCheckpoint, .tile, .logKeys, .consistency, .archivistaDownload, .health,
            .readiness:
            [.get, .head]
        case .provenanceList, .token, .robots: [.get, .head, .post]
        case .robot: [.get, .head, .delete]
        case .archivistaUpload, .rekorEntries: [.post]
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
        case .record: "record"
        case .proof: "proof"
        case .facets: "facets"
        case .export: "export"
        case .archive: "archive"
        case .attestations: "attestations"
        case .checkpoint: "checkpoint"
        case .timestamp: "timestamp"
        case .stampedCheckpoint: "stamped-checkpoint"
        case .tile: "tile"
        case .logKeys: "log-keys"
        case .consistency: "consistency"
        case .archivistaUpload: "archivista-upload"
        case .archivistaDownload: "archivista-download"
        case .rekorEntries: "rekor-entries"
        case .token: "token"
        case .robots: "robots"
        case .robot: "robot"
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
        case "provenance": self = try Self.provenance(segments.dropFirst())
        case "attestations" where segments.count == 2: self = .attestations(try Self.digest(segments[1]))
        case "checkpoint", "tile", "log": self = try Self.log(segments)
        // Rekor v2 serves its log, and takes entries, below this prefix.
        case "api" where segments.dropFirst().first == "v2":
            self =
                segments.dropFirst(2).elementsEqual(["log", "entries"])
                ? .rekorEntries : try Self.log(Array(segments.dropFirst(2)))
        case "upload", "v1", "download": self = try Self.archivista(segments)
        case "token" where segments.count == 1: self = .token
        case "robots" where segments.count == 1: self = .robots
        case "robots" where segments.count == 2:
            guard let name = RobotName(segments[1]) else {
                throw Problem(404, .unsupported, "no robot can have this name")
            }
            self = .robot(name)
        case "healthz" where segments.count == 1: self = .health
        case "readyz" where segments.count == 1: self = .readiness
        default: throw Self.notFound
        }
    }

    private static let notFound = Problem(404, .unsupported, "there is nothing at this path")

    private static func provenance(_ segments: ArraySlice<String>) throws(Problem) -> Route {
        let segments = Array(segments)
        switch (segments.first, segments.count) {
        case (nil, _): return .provenanceList
        case ("_facets", 1): return .facets
        case ("export", 1): return .export
        case ("records", 2): return .record(try index(segments[1]))
        case ("records", 3) where segments[2] == "proof": return .proof(try index(segments[1]))
        case (let digest?, 1): return .provenance(try Self.digest(digest))
        case (let digest?, 2) where segments[1] == "archive": return .archive(try Self.digest(digest))
        default: throw notFound
        }
    }

    /// c2sp.org/tlog-tiles, below the root of the host.
    private static func log(_ segments: [String]) throws(Problem) -> Route {
        switch (segments.first, segments.count) {
        case ("checkpoint", 1): return .checkpoint
        case ("checkpoint", 2) where segments[1] == "tsr": return .timestamp
        case ("checkpoint", 2) where segments[1] == "stamped": return .stampedCheckpoint
        case ("log", 2) where segments[1] == "keys": return .logKeys
        case ("log", 2) where segments[1] == "consistency": return .consistency
        case ("tile", _):
            do { return .tile(try TileResource(parsing: segments.joined(separator: "/"))) } catch {
                throw Problem(404, .unsupported, "\(error)")
            }
        default: throw notFound
        }
    }

    /// The two paths that Archivista's clients use, with and without its version.
    private static func archivista(_ segments: [String]) throws(Problem) -> Route {
        let segments = segments.first == "v1" ? Array(segments.dropFirst()) : segments
        switch (segments.first, segments.count) {
        case ("upload", 1): return .archivistaUpload
        case ("download", 2): return .archivistaDownload(gitoid: segments[1])
        default: throw notFound
        }
    }

    private static func index(_ text: String) throws(Problem) -> Int64 {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let index = Int64(text) else {
            throw Problem(400, .unsupported, "a record is named by its number")
        }
        return index
    }

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
            guard let session = UploadSession(parsing: last) else { throw Problem(UploadError.unknownUpload) }
            return .upload(repository, session)
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
