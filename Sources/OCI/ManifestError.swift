/// Why some bytes are not a manifest we store.
///
/// A path says where in the document, as in `layers[3].digest`; the empty path is the document itself.
package enum ManifestError: Error, Equatable {
    case notJSON(JSONError)
    case unsupportedMediaType(MediaType)
    case mediaTypeMismatch(contentType: MediaType, body: MediaType)
    case missing(path: String)
    case invalid(path: String, reason: String)
    case schemaVersion(found: String)
    /// Two clients could read the same bytes as different manifests.
    case ambiguous(reason: String)
}

extension ManifestError: CustomStringConvertible {
    /// One sentence, safe to show and to log whatever the manifest was.
    package var description: String {
        switch self {
        case .notJSON(let error): "the manifest is not JSON: \(error)"
        case .unsupportedMediaType(let type) where type.isDockerSchema1: Self.schema1IsGone
        case .unsupportedMediaType(let type): "the media type \(type.rawValue.quoted()) is not that of a manifest"
        case .mediaTypeMismatch(let contentType, let body):
            "the Content-Type is \(contentType.rawValue.quoted()), the manifest's mediaType \(body.rawValue.quoted())"
        case .missing(let path): "the manifest has no \(path)"
        case .invalid(let path, let reason): "\(path.isEmpty ? "the manifest" : path) \(reason)"
        case .schemaVersion("1"): Self.schema1IsGone
        case .schemaVersion(let found): "schemaVersion must be 2, not \(found.quoted(limit: 24))"
        case .ambiguous(let reason): "the manifest is ambiguous: \(reason)"
        }
    }

    private static var schema1IsGone: String {
        "Docker schema 1 manifests are no longer supported; push the image again with a current client"
    }
}
