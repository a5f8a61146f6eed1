import Access
import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import OCI
import RegistryCore

/// A request with who makes it, which may be made.
struct AdmittedRequest {
    /// The request as it came.
    let request: Request
    /// What of the registry the caller may see and do.
    let access: CallerAccess
    /// What allowed or denied it; nil where nobody is asked, or nothing is needed.
    let ground: AccessGround?

    /// Method, target and fields.
    var head: RequestHead { request.head }
    /// The body, received only as far as somebody reads it.
    var body: any RequestBody { request.body }
    /// Who makes it.
    var caller: Caller { access.caller }

    init(_ request: Request, by access: CallerAccess, ground: AccessGround?) {
        self.request = request
        self.access = access
        self.ground = ground
    }

    /// The repositories whose content the caller may have.
    var pullable: RepositorySelection { access.repositories(for: .pull) }
    /// Those of whose history the caller may know.
    var traceable: RepositorySelection { access.repositories(for: .provenanceRead) }
    /// Those for whose content the caller may speak.
    var attestable: RepositorySelection { access.repositories(for: .provenanceWrite) }

    /// Who asks, as records name them.
    var actor: Actor {
        Actor(
            principal: caller.principal?.description, clientAddress: request.peer.host,
            userAgent: head.fields[.userAgent].map { String(decoding: $0.utf8.prefix(512), as: UTF8.self) },
            workload: caller.workload.map {
                Actor.Workload(issuer: $0.issuer, subject: $0.subject, builder: $0.builder)
            },
            ground: ground, isAdministrator: access.allows(.admin, in: nil))
    }
}

/// What one caller may do, by the rules.
struct CallerAccess: Sendable {
    let caller: Caller
    let policy: AccessPolicy

    /// The same caller with everything that the rules allow.
    var unlimited: CallerAccess { CallerAccess(caller: caller.unlimited, policy: policy) }

    /// Whether the caller may do it in the repository; with nil, in the whole registry.
    func allows(_ permission: Permission, in repository: RepositoryName?) -> Bool {
        policy.allows(permission, in: repository, to: caller)
    }

    /// The repositories in which the caller may do it.
    func repositories(for permission: Permission) -> RepositorySelection {
        // A token for the catalogue is for looking through everything that its owner may see.
        let caller = caller.scopes?.cover(permission, in: nil) == true ? caller.unlimited : caller
        if policy.allowsEverywhere(permission, to: caller) { return .all }
        let policy = policy
        return .some { policy.allows(permission, in: $0, to: caller) }
    }
}
