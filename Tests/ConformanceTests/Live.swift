import OCI
import RegistryCore
import RegistryTesting
import Testing

/// A registry and a server for one test, on a folder and a port of their own.
///
/// When the test is over the server is stopped and every invariant of what it stored is checked again, so that no test
/// has to remember to.
struct Live: SuiteTrait, TestTrait, TestScoping {
    @TaskLocal private static var current: TestServer?

    private let limits: RegistryLimits
    private let policy: RepositoryPolicy
    let isRecursive = true

    fileprivate init(limits: RegistryLimits, policy: RepositoryPolicy) {
        self.limits = limits
        self.policy = policy
    }

    /// The server of the test that runs.
    static var server: TestServer {
        guard let current else { preconditionFailure("the test or its suite needs the trait .live") }
        return current
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        let policy = policy
        let store = try TestRegistry(limits: limits, rule: { _ in policy })
        let server = try TestServer(store, limits: limits)
        do {
            try await Self.$current.withValue(server) { try await function() }
        } catch {
            await server.stop()
            throw error
        }
        try await server.end()
    }
}

extension Trait where Self == Live {
    /// Each test has a server of its own.
    static var live: Live { .live() }

    /// Each test has a server of its own, with these limits and this policy for every repository.
    static func live(limits: RegistryLimits = RegistryLimits(), policy: RepositoryPolicy = RepositoryPolicy()) -> Live {
        Live(limits: limits, policy: policy)
    }
}

extension RegistryLimits {
    /// Pages of this many entries, so that few entries make several.
    static func page(of count: Int) -> RegistryLimits {
        var limits = RegistryLimits()
        limits.page = count
        return limits
    }
}

extension TestServer {
    /// Stops serving, checks every invariant of the store, and closes it.
    func end() async throws {
        await stop()
        #expect(try await store.registry.verify() == [])
        await store.close()
    }
}
