import LinuxIO
import OCI
import RegistryTesting
import Testing

@testable import RegistryCore

@Suite struct `Robots of a registry` {
    private let clock = ManualClock(1_000_000)

    private func name(_ text: String = "ci") throws -> RobotName { try #require(RobotName(text)) }

    @Test func `are different with each key, also when the clock stands still`() async throws {
        let store = try TestRegistry(clock: clock.wallClock)
        let registry = store.registry
        let first = try await registry.createRobot(name(), secretHash: [1], scopes: [], expires: nil, by: Actor())
        _ = try await registry.revokeRobot(name(), by: Actor())
        let second = try await registry.createRobot(name(), secretHash: [2], scopes: [], expires: nil, by: Actor())
        #expect(first.created == second.created && first.version != second.version)
        #expect(try registry.activeRobot(secretHash: [1]) == nil && registry.activeRobot(secretHash: [2]) == second)
        #expect(try await store.registry.verify() == [])
    }

    @Test func `are there after a restart, and so is what became of them`() async throws {
        let folder = TemporaryFolder()
        let store = try TestRegistry(folder: folder, clock: clock.wallClock)
        for (robot, hash) in [("ci", UInt8(1)), ("old", 2)] {
            _ = try await store.registry.createRobot(
                name(robot), secretHash: [hash], scopes: ["team/**:pull"], expires: nil, by: Actor())
        }
        _ = try await store.registry.revokeRobot(name("old"), by: Actor())
        try await store.registry.noteUses(ofRobots: ["ci": 1_000_001, "nobody": 1])
        await store.ledger.close()
        let reopened = try TestRegistry(folder: folder, clock: clock.wallClock)
        let again = reopened.registry
        let robots = try again.robots(after: nil, count: nil).entries
        #expect(robots.map(\.name) == ["ci", "old"] && robots.map(\.lastUse) == [1_000_001, nil])
        #expect(robots.map { $0.state(at: 1_000_002) } == [.active, .revoked])
        #expect(
            try again.activeRobot(named: "old") == nil && again.activeRobot(named: "ci")?.scopes == ["team/**:pull"])
        #expect(try await reopened.registry.verify() == [])
    }

    @Test func `end by themselves, and make room for another of the name`() async throws {
        let store = try TestRegistry(clock: clock.wallClock)
        let registry = store.registry
        _ = try await registry.createRobot(name(), secretHash: [1], scopes: [], expires: 1_000_500, by: Actor())
        await #expect(throws: RobotError.exists(try name())) {
            try await registry.createRobot(name(), secretHash: [2], scopes: [], expires: nil, by: Actor())
        }
        clock.advance(by: 500)
        #expect(try registry.activeRobot(secretHash: [1]) == nil)
        await #expect(throws: RobotError.expiresInThePast) {
            try await registry.createRobot(name(), secretHash: [2], scopes: [], expires: 1_000_500, by: Actor())
        }
        #expect(try registry.robot(name()).state(at: 1_000_500) == .expired, "nothing was lost")
        _ = try await registry.createRobot(name(), secretHash: [2], scopes: [], expires: nil, by: Actor())
        await #expect(throws: RobotError.tooManyScopes(limit: 64)) {
            try await registry.createRobot(
                name("many"), secretHash: [3], scopes: Array(repeating: "a:pull", count: 65), expires: nil, by: Actor())
        }
        #expect(try await store.registry.verify() == [])
    }

    @Test(arguments: ["", "Ci", "a b", "-a", "a-", "a..b", "a/b", "é", String(repeating: "a", count: 65)])
    func `are not called so`(_ text: String) {
        #expect(RobotName(text) == nil)
    }
}
