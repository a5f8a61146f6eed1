import Dispatch
import Glibc
import LinuxIO
import RegistryTesting
import Synchronization
import Testing

@Suite struct `A loop` {
    @Test func `runs thousands of tasks that other threads begin`() async throws {
        let loop = try EventLoop(label: "test.loop")
        loop.start()
        defer { loop.stop() }
        let tally = Tally()
        await withDiscardingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    // Of the cooperative pool: so several threads knock at once.
                    await withDiscardingTaskGroup { inner in
                        for _ in 0..<1000 {
                            inner.addTask(executorPreference: loop) { tally.note(onLoop: loop.isCurrent) }
                        }
                    }
                }
            }
        }
        #expect(tally.onLoop == 8000)
        #expect(tally.elsewhere == 0)
    }

    @Test func `runs thousands of tasks that its own tasks begin`() async throws {
        let tally = Tally()
        try await withLoop { loop in
            await withDiscardingTaskGroup { group in
                for _ in 0..<5000 {
                    group.addTask(executorPreference: loop) {
                        await Task.yield()
                        tally.note(onLoop: loop.isCurrent)
                    }
                }
            }
        }
        #expect(tally.onLoop == 5000)
        #expect(tally.elsewhere == 0)
    }

    @Test func `keeps its tasks after every suspension`() async throws {
        let places = try await withLoop { loop -> [Bool] in
            var places = [loop.isCurrent]
            await Task.yield()
            places.append(loop.isCurrent)
            await withUnsafeContinuation { continuation in
                DispatchQueue.global().async { continuation.resume() }
            }
            places.append(loop.isCurrent)
            let child = await withTaskGroup(of: Bool.self) { group in
                group.addTask { loop.isCurrent }
                return await group.next() ?? false
            }
            places += [child, loop.isCurrent]
            try? await Task.sleep(for: .milliseconds(1))
            places.append(loop.isCurrent)
            return places
        }
        #expect(places == Array(repeating: true, count: 6))
    }

    @Test func `is not where other code runs`() async throws {
        let loop = try EventLoop(label: "test.loop")
        #expect(!loop.isCurrent)
        loop.start()
        _ = await Task(executorPreference: loop) { loop.isCurrent }.value
        #expect(!loop.isCurrent)
        loop.stop()
    }

    @Test func `waits for a source and runs jobs at the same time`() async throws {
        let heard = try await withLoop { loop -> Int in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            _ = try source.receiveEverything()
            let number = pair.far.number
            var turns = 0
            // Each byte is sent by another thread while this task waits.
            for _ in 0..<500 {
                DispatchQueue.global().async {
                    var byte: UInt8 = 1
                    _ = write(number, &byte, 1)
                }
                guard await source.wait(.readable) == .ready else { break }
                turns += try source.receiveEverything().count
            }
            _ = pair.far.number
            return turns
        }
        #expect(heard == 500)
    }

    @Test func `serves many sources at once`() async throws {
        let total = try await withLoop { loop in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<100 {
                    group.addTask { try await Self.pingPong(on: loop, rounds: 20, salt: index) }
                }
                return try await group.reduce(0, +)
            }
        }
        #expect(total == 100 * 20)
    }

    /// Two tasks that hand one byte to and fro.
    private static func pingPong(on loop: EventLoop, rounds: Int, salt: Int) async throws -> Int {
        let pair = try SocketPair()
        let source = try pair.watch(on: loop)
        defer { source.close() }
        var heard = 0
        for _ in 0..<rounds {
            try pair.tell("\(salt % 10)")
            var bytes = try source.receiveEverything()
            while bytes.isEmpty {
                guard await source.wait(.readable) == .ready else { return heard }
                bytes = try source.receiveEverything()
            }
            heard += bytes.count
            await Task.yield()
        }
        return heard
    }

    @Test(arguments: [true, false])
    func `hears of events however much its tasks have to do`(_ isPolite: Bool) async throws {
        let outcome = try await withLoop { loop -> EventSource.Outcome in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            _ = try source.receiveEverything()
            let busy = (0..<3).map { _ in
                Task(executorPreference: loop) {
                    while !Task.isCancelled { if isPolite { await loop.turn() } else { await Task.yield() } }
                }
            }
            defer { for task in busy { task.cancel() } }
            let number = pair.far.number
            DispatchQueue.global().async {
                var byte: UInt8 = 1
                _ = write(number, &byte, 1)
            }
            return await source.wait(.readable)
        }
        #expect(outcome == .ready)
    }

    @Test func `looks at its sources before a task goes on that waits for its turn`() async throws {
        let order = try await withLoop { loop -> [String] in
            let pair = try SocketPair()
            let source = Confined(try pair.watch(on: loop))
            defer { source.value.close() }
            _ = try source.value.receiveEverything()
            let order = Confined<[String]>([])
            async let woken: Void = {
                _ = await source.value.wait(.readable)
                order.value.append("woken")
            }()
            await Task.yield()  // it waits now
            try pair.tell()
            await loop.turn()
            order.value.append("turned")
            await woken
            return order.value
        }
        #expect(order == ["woken", "turned"])
    }

    @Test func `finishes what waits for its turn when it is stopped`() async throws {
        let loop = try EventLoop(label: "test.loop")
        loop.start()
        let turns = Task(executorPreference: loop) {
            for _ in 0..<20 { await loop.turn() }
            return 20
        }
        loop.stop()
        #expect(await turns.value == 20)
    }

    @Test func `finishes its jobs when it is stopped, and is gone`() async throws {
        weak var gone: EventLoop?
        let tally = Tally()
        do {
            let loop = try EventLoop(label: "test.loop")
            gone = loop
            loop.start()
            let tasks = (0..<500).map { _ in
                Task(executorPreference: loop) { tally.note(onLoop: true) }
            }
            for task in tasks { await task.value }
            loop.stop()
        }
        #expect(tally.onLoop == 500)
        #expect(await eventually { gone == nil })
    }

    @Test func `tells the time of its turn`() async throws {
        let (before, turn, after) = try await withLoop { loop -> (Instant, Instant, Instant) in
            let before = loop.now
            await withUnsafeContinuation { continuation in DispatchQueue.global().async { continuation.resume() } }
            return (before, loop.now, Instant.now)
        }
        #expect(before <= turn)
        #expect(turn <= after)
    }
}

/// Counts where code ran.
private final class Tally: Sendable {
    private let counts = Mutex((onLoop: 0, elsewhere: 0))

    func note(onLoop: Bool) {
        counts.withLock { if onLoop { $0.onLoop += 1 } else { $0.elsewhere += 1 } }
    }

    var onLoop: Int { counts.withLock { $0.onLoop } }
    var elsewhere: Int { counts.withLock { $0.elsewhere } }
}
