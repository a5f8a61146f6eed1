import Dispatch
import LinuxIO
import Synchronization
import Testing

private struct Refusal: Error, Equatable {
    var number: Int
}

@Suite struct `Work on lanes` {
    @Test func `comes back with its value`() async {
        #expect(await Lanes(count: 1).next().run { 42 } == 42)
    }

    @Test func `comes back with its error, of its type`() async {
        let lane = Lanes(count: 1).next()
        do throws(Refusal) {
            let value: Int = try await lane.run { () throws(Refusal) -> Int in throw Refusal(number: 7) }
            Issue.record("it gave \(value)")
        } catch {
            #expect(error.number == 7)
        }
    }

    @Test func `of one key is done in order`() async {
        let lane = Lanes(count: 4).lane(of: "an upload")
        let seen = Mutex<[Int]>([])
        let pending = (0..<1000).map { number in lane.start { seen.withLock { $0.append(number) } } }
        for each in pending { try? await each.value }
        #expect(seen.withLock { $0 } == Array(0..<1000))
    }

    @Test func `of one key always goes to the same lane`() async {
        let lanes = Lanes(count: 8)
        // Both would block for ever on one lane if the second overtook the first, or if the key led elsewhere.
        let first = DispatchSemaphore(value: 0)
        let second = Mutex(false)
        let blocked = lanes.lane(of: "key").start { first.wait() }
        let behind = lanes.lane(of: "key").start { second.withLock { $0 = true } }
        #expect(!second.withLock { $0 })
        first.signal()
        try? await blocked.value
        try? await behind.value
        #expect(second.withLock { $0 })
    }

    @Test func `of several lanes goes on side by side`() async throws {
        let lanes = Lanes(count: 3)
        #expect(lanes.count == 3)
        let (one, two) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        // Each waits for the other: it ends only if both run at the same time.
        let first = lanes.next().start { () -> DispatchTimeoutResult in
            one.signal()
            return two.wait(timeout: .now() + 120)
        }
        let second = lanes.next().start { () -> DispatchTimeoutResult in
            two.signal()
            return one.wait(timeout: .now() + 120)
        }
        #expect(try await first.value == .success)
        #expect(try await second.value == .success)
    }

    @Test func `goes to each lane in turn when it belongs to nothing`() async throws {
        let lanes = Lanes(count: 4)
        let gate = DispatchSemaphore(value: 0)
        let arrived = DispatchSemaphore(value: 0)
        let blocked = (0..<4).map { _ in
            lanes.next().start { () -> Void in
                arrived.signal()
                gate.wait()
            }
        }
        // All four are on their lanes before any has ended.
        let all = await Lanes(count: 1).next().run {
            (0..<4).allSatisfy { _ in arrived.wait(timeout: .now() + 120) == .success }
        }
        #expect(all)
        for _ in 0..<4 { gate.signal() }
        for each in blocked { try await each.value }
    }

    @Test func `may be awaited before it is done`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let lane = Lanes(count: 1).next()
        let pending = lane.start { () -> Int in
            gate.wait()
            return 5
        }
        async let value = pending.value
        gate.signal()
        #expect(try await value == 5)
    }

    @Test func `may be awaited after it is done`() async throws {
        let lane = Lanes(count: 1).next()
        let pending = lane.start { 6 }
        await lane.run {}  // behind it on the same lane, so it is done
        #expect(try await pending.value == 6)
    }

    @Test(arguments: [true, false])
    func `that fails gives its error to whoever awaits it`(_ isDone: Bool) async {
        let lane = Lanes(count: 1).next()
        let pending = lane.start { () throws -> Int in throw Refusal(number: 8) }
        if isDone { await lane.run {} }
        var failure: Refusal?
        do { _ = try await pending.value } catch { failure = error as? Refusal }
        #expect(failure == Refusal(number: 8))
    }

    @Test func `is finished even for a caller that was cancelled`() async {
        let gate = DispatchSemaphore(value: 0)
        let lane = Lanes(count: 1).next()
        let task = Task {
            await lane.run { () -> Int in
                gate.wait()
                return 9
            }
        }
        task.cancel()
        gate.signal()
        #expect(await task.value == 9)
    }

    @Test func `brings its caller back to the loop it came from`() async throws {
        let lanes = Lanes(count: 2)
        let places = try await withLoop { loop -> [Bool] in
            var places: [Bool] = []
            for _ in 0..<100 {
                let onLane = await lanes.next().run { loop.isCurrent }
                places += [!onLane, loop.isCurrent]
            }
            return places
        }
        #expect(places.count == 200)
        #expect(places.allSatisfy { $0 })
    }
}
