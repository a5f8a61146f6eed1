package import OCI

/// Why some bytes are not an envelope, a bundle, a statement, a signature's payload or a build record.
///
/// A path says where in the document, as in `subject[3].digest`; the empty path is the document itself.
package enum AttestationError: Error, Equatable {
    case notJSON(JSONError)
    case missing(path: String)
    case invalid(path: String, reason: String)
}

extension AttestationError: CustomStringConvertible {
    /// One sentence, safe to show and to log whatever the document was.
    package var description: String {
        switch self {
        case .notJSON(let error): "the document is not JSON: \(error)"
        case .missing(let path): "the document has no \(path)"
        case .invalid(let path, let reason): "\(path.isEmpty ? "the document" : path) \(reason)"
        }
    }
}
