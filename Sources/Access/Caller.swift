/// Who makes a request, and with what.
package struct Caller: Sendable {
    /// Who it is; nil for somebody who did not say.
    package let principal: Principal?
    /// The groups that the principal is in.
    package let groups: Set<String>
    /// The build platform that the principal was proved to be, as records name it; nil unless an issuer vouches for it.
    package let builder: String?
    /// What the token at hand is limited to; nil for credentials that have no limit of their own.
    package let scopes: [Scope]?

    /// A caller whose credentials have been checked.
    package init(_ principal: Principal, groups: Set<String> = [], builder: String? = nil, scopes: [Scope]? = nil) {
        self.init(principal: principal, groups: groups, builder: builder, scopes: scopes)
    }

    private init(principal: Principal?, groups: Set<String>, builder: String?, scopes: [Scope]?) {
        self.principal = principal
        self.groups = groups
        self.builder = builder
        self.scopes = scopes
    }

    /// Somebody who did not say who they are.
    package static let anonymous = Caller(principal: nil, groups: [], builder: nil, scopes: nil)

    /// The same caller with no more than a token allows.
    package func limited(to scopes: [Scope]) -> Caller {
        Caller(principal: principal, groups: groups, builder: builder, scopes: scopes)
    }

    /// The same caller with everything that the rules allow.
    package var unlimited: Caller {
        Caller(principal: principal, groups: groups, builder: builder, scopes: nil)
    }
}

extension Caller: CustomStringConvertible {
    /// For logs and explanations.
    package var description: String { principal?.description ?? "anonymous" }
}
