/// Who makes a request, and with what.
package struct Caller: Sendable {
    /// Who it is; nil for somebody who did not say.
    package let principal: Principal?
    /// The groups that the principal is in.
    package let groups: Set<String>
    /// The job that an issuer vouches for; nil for everybody else.
    package let workload: Workload?
    /// What the key of a robot is limited to; nil for everybody else, and for a robot whom the rules alone limit.
    package let grants: [Grant]?
    /// What the token at hand is limited to; nil for credentials that have no limit of their own.
    package private(set) var scopes: [Scope]?

    /// A caller whose credentials have been checked.
    package init(
        _ principal: Principal, groups: Set<String> = [], workload: Workload? = nil, grants: [Grant]? = nil,
        scopes: [Scope]? = nil
    ) {
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
