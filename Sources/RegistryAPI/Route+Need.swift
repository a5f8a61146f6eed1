import Access
import HTTPTypes
import OCI
import TransparencyLog

/// What somebody must be allowed to make a request.
enum Need: Equatable {
    /// Nothing: it tells nobody anything about a repository.
    case nothing
    /// To be somebody, if anybody is asked who they are: clients find out here how to log in.
    case login
    /// A permission in a repository; in the whole registry where there is none.
    case permission(Permission, in: RepositoryName?)
    /// A permission in some repository. The answer shows, or the change is made to, only what it holds for.
    case somewhere(Permission)
    /// A permission in every repository: the answer sums them all up.
    case everywhere(Permission)
}

extension Need {
    /// Whether it is a permission in some repository, whichever.
    var isAnywhere: Bool { if case .somewhere = self { true } else { false } }
}

extension Need: CustomStringConvertible {
    /// Completes "… may not".
    var description: String {
        switch self {
        case .nothing, .login: "use this registry"
        case .permission(let permission, let repository?): "\(permission.words) in \(repository)"
        case .permission(let permission, nil): "\(permission.words) here"
        case .somewhere(let permission): "\(permission.words) in any repository"
        case .everywhere(let permission): "\(permission.words) in every repository"
        }
    }
}

extension Permission {
    fileprivate var words: String {
        switch self {
        case .pull: "pull"
        case .push: "push"
        case .delete: "delete"
        case .provenanceRead: "read provenance"
        case .provenanceWrite: "write provenance"
        case .ledger: "read the entries of the log"
        case .admin: "administer"
        }
    }
}

extension Route {
    /// What a request must be allowed. The one place that says so: a route cannot be without.
    func need(for method: HTTPRequest.Method) -> Need {
        switch self {
        // Sizes, hashes and signatures tell nothing of what is hashed, and witnesses have no account.
        case .checkpoint, .timestamp, .stampedCheckpoint, .logKeys, .consistency, .tile(.hashes): .nothing
        case .health, .readiness, .token: .nothing
        case .ping: .login
        case .catalog: .somewhere(.pull)
        case .tags(let name), .referrers(let name, _): .permission(.pull, in: name)
        case .manifest(let name, _):
            switch method {
            case .put: .permission(.push, in: name)
            case .delete: .permission(.delete, in: name)
            default: .permission(.pull, in: name)
            }
        case .blob(let name, _): .permission(method == .delete ? .delete : .pull, in: name)
        case .uploads(let name), .upload(let name, _): .permission(.push, in: name)
        case .provenanceList: .somewhere(method == .post ? .provenanceWrite : .provenanceRead)
        case .provenance, .record, .proof, .archive, .attestations: .somewhere(.provenanceRead)
        case .archivistaUpload, .rekorEntries: .somewhere(.provenanceWrite)
        case .facets, .archivistaDownload: .everywhere(.provenanceRead)
        case .export, .tile(.entries): .permission(.ledger, in: nil)
        case .robots, .robot: .permission(.admin, in: nil)
        }
    }
}
