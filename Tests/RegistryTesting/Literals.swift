package import OCI

extension RepositoryName: ExpressibleByStringLiteral {
    /// A name that a test has written itself.
    public init(stringLiteral text: String) {
        do { self = try RepositoryName(parsing: text) } catch { preconditionFailure("\(error)") }
    }
}

extension Tag: ExpressibleByStringLiteral {
    /// A tag that a test has written itself.
    public init(stringLiteral text: String) {
        do { self = try Tag(parsing: text) } catch { preconditionFailure("\(error)") }
    }
}
