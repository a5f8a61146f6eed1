import Access
import OCI
import RegistryCore

extension Denial {
    /// What the registry refused to somebody whom the rules let in; nil for an error of another kind.
    init?(_ error: any Error, at route: Route, _ need: Need) {
        switch error {
        case RegistryError.immutableTag, RegistryError.protectedTag:
            self.init(need, route, ground: AccessGround(.tag))
        case EvidenceError.notAllowed(let digest):
            self.init(Permission.provenanceWrite.rawValue, in: nil, .digest(digest), ground: AccessGround(.subject))
        default: return nil
        }
    }

    /// What the rules refused.
    init(_ need: Need, _ route: Route, ground: AccessGround) {
        let reference: Reference? =
            switch route {
            case .manifest(_, let reference): reference
            case .blob(_, let digest): .digest(digest)
            default: nil
            }
        switch need {
        case .permission(let permission, let repository):
            self.init(permission.rawValue, in: repository, reference, ground: ground)
        case .somewhere(let permission), .everywhere(let permission):
            self.init(permission.rawValue, in: nil, reference, ground: ground)
        case .nothing, .login: self.init("login", in: nil, reference, ground: ground)
        }
    }
}

extension Denial: CustomStringConvertible {
    /// What makes it the same as another.
    package var description: String {
        "\(permission) \(repository?.rawValue ?? "") \(reference?.description ?? "")"
    }
}
