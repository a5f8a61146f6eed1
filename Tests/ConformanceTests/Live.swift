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
    private let trust: TrustedBuilders
    let isRecursive = true

    fileprivate init(limits: RegistryLimits, policy: RepositoryPolicy, trust: TrustedBuilders) {
        self.limits = limits
        self.policy = policy
        self.trust = trust
    }

    /// The server of the test that runs.
    static var server: TestServer {
        guard let current else { preconditionFailure("the test or its suite needs the trait .live") }
        return current
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        let (limits, policy, trust) = (limits, policy, trust)
        try await Slots.shared.withSlot {
            let store = try TestRegistry(limits: limits, trust: trust, rule: { _ in policy })
            let server = try TestServer(store, limits: limits, loopCount: 1)
            do {
                try await Self.$current.withValue(server) { try await function() }
            } catch {
                await server.stop()
                throw error
            }
            try await server.end()
        }
    }
}

/// Lets only a few tests have a server at a time: all would start at once, and each loop and lane needs a thread, of
/// which Dispatch gives a process 255.
actor Slots {
    static let shared = Slots()

    private var free = 8
    private var waiting: [CheckedContinuation<Void, Never>] = []

    nonisolated func withSlot<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        await take()
        do {
            let value = try await body()
            await give()
            return value
        } catch {
            await give()
            throw error
        }
    }

    private func take() async {
        guard free == 0 else { return free -= 1 }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func give() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}

extension Trait where Self == Live {
    /// Each test has a server of its own.
    static var live: Live { .live() }

    /// Each test has a server of its own, with these limits, this policy for every repository, and these trusted builders.
    static func live(
        limits: RegistryLimits = RegistryLimits(), policy: RepositoryPolicy = RepositoryPolicy(),
        trust: TrustedBuilders = TrustedBuilders()
    ) -> Live {
        Live(limits: limits, policy: policy, trust: trust)
    }
}

extension RegistryLimits {
    /// Pages of this many entries, so that few entries make several.
    static func page(of count: Int) -> RegistryLimits {
        var limits = RegistryLimits()
        limits.page = count
        return limits
    }

    /// So many uploads at a time in one repository.
    static func uploads(atMost count: Int) -> RegistryLimits {
        var limits = RegistryLimits()
        limits.uploadsPerRepository = count
        return limits
    }

    /// Attestations and build records of this many bytes.
    static func evidence(of count: Int) -> RegistryLimits {
        var limits = RegistryLimits()
        limits.evidence = count
        return limits
    }

    /// Pages of referrers of this many bytes.
    static func referrersPage(of count: Int) -> RegistryLimits {
        var limits = RegistryLimits()
        limits.referrersPage = count
        return limits
    }
}

/// Runs a test that puts its own server together, in its turn.
///
/// The test ends each server that it starts with `end()`.
func live(_ body: @Sendable () async throws -> Void) async throws {
    try await Slots.shared.withSlot(body)
}

extension TestServer {
    /// Stops serving, checks every invariant of the store, and closes it.
    func end() async throws {
        await stop()
        #expect(try await store.registry.verify() == [])
        await store.close()
    }
}

/// An upload session that has the form of one and was never given to anybody.
let neverGiven = "01234567-89ab-4cde-8f01-23456789abcd.1767225600000.sha256." + String(repeating: "0a", count: 32)
