/// Who makes a request, and with what.
package struct Caller: Sendable {
    /// Who it is; nil for somebody who did not say.
    package let principal: Principal?
    /// The groups that the principal is in.
    package let groups: Set<String>
    /// The job whose build platform an issuer vouches for; nil for everybody else.
    package let workload: Workload?
    /// What the key of a robot is limited to; nil for everybody else, and for a robot whom the rules alone limit.
    package let grants: [Grant]?
    /// What changes when the key of a robot does; nil for everybody else.
    let version: String?
    /// When what was proved ends, in seconds since 1970-01-01 UTC; nil for what does not end by itself.
    let expiry: Int64?
    /// What the token at hand is limited to; nil for credentials that have no limit of their own.
    package private(set) var scopes: [Scope]?

    /// A caller whose credentials have been checked.
    package init(
        _ principal: Principal, groups: Set<String> = [], workload: Workload? = nil, grants: [Grant]? = nil,
        version: String? = nil, expiry: Int64? = nil, scopes: [Scope]? = nil
    ) {
        self.version = version
        self.expiry = expiry
        self.principal = principal
        self.groups = groups
        self.workload = workload
        self.grants = grants
        self.scopes = scopes
    }

    private init() {
        principal = nil
        groups = []
        workload = nil
        grants = nil
        version = nil
        expiry = nil
    }

    /// Somebody who did not say who they are.
    package static let anonymous = Caller()

    /// The same caller with no more than a token allows.
    package func limited(to scopes: [Scope]) -> Caller {
        var caller = self
        caller.scopes = scopes
        return caller
    }

    /// The same caller with everything that the rules allow.
    package var unlimited: Caller {
        var caller = self
        caller.scopes = nil
        return caller
    }
}

extension Caller: CustomStringConvertible {
    /// For logs and explanations.
    package var description: String { principal?.description ?? "anonymous" }
}
