import Glibc
import Testing

@testable import LinuxIO

@Suite struct `Waiting for a source` {
    @Test func `ends at once when nobody has looked yet`() async throws {
        let outcomes = try await withLoop { loop -> [EventSource.Outcome] in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            return [await source.wait(.readable), await source.wait(.writable)]
        }
        #expect(outcomes == [.ready, .ready])
    }

    @Test func `ends when bytes come`() async throws {
        let (outcome, bytes) = try await withLoop { loop -> (EventSource.Outcome, [UInt8]) in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            _ = try source.receiveEverything()
            try pair.tell("hello")
            let outcome = await source.wait(.readable)
            return (outcome, try source.receiveEverything())
        }
        #expect(outcome == .ready)
        #expect(bytes == Array("hello".utf8))
    }

    @Test func `remembers bytes that came while nobody waited`() async throws {
        let outcomes = try await withLoop { loop -> [EventSource.Outcome] in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            _ = try source.receiveEverything()
            try pair.tell()
            await loop.turn()  // the one edge is past
            let first = await source.wait(.readable)
            _ = try source.receiveEverything()
            source.setDeadline(.soon())
            return [first, await source.wait(.readable)]
        }
        #expect(outcomes == [.ready, .expired])
    }

    @Test func `ends when there is room again`() async throws {
        let (outcome, more) = try await withLoop { loop -> (EventSource.Outcome, Int) in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            _ = try source.sendUntilFull()
            _ = try pair.hear()
            let outcome = await source.wait(.writable)
            return (outcome, try source.sendUntilFull())
        }
        #expect(outcome == .ready)
        #expect(more > 0)
    }

    @Test func `for room is not ended by bytes that come, nor the other way round`() async throws {
        let outcomes = try await withLoop { loop -> [EventSource.Outcome] in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            _ = try source.receiveEverything()
            _ = try source.sendUntilFull()
            try pair.tell()
            source.setDeadline(.soon())
            let room = await source.wait(.writable)
            _ = try source.receiveEverything()
            _ = try pair.hear()
            source.setDeadline(.soon())
            return [room, await source.wait(.readable)]
        }
        #expect(outcomes == [.expired, .expired])
    }

    @Test func `for nothing ends only with the deadline`() async throws {
        let outcome = try await withLoop { loop -> EventSource.Outcome in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            try pair.tell()
            source.setDeadline(.soon())
            return await source.wait(.nothing)
        }
        #expect(outcome == .expired)
    }

    @Test func `ends when the other side goes away`() async throws {
        let (outcome, end) = try await withLoop { loop -> (EventSource.Outcome, Int?) in
            let source: EventSource
            do {
                let pair = try SocketPair()
                source = try pair.watch(on: loop)
                _ = try source.receiveEverything()
            }
            defer { source.close() }
            let outcome = await source.wait(.readable)
            return (outcome, try source.receive(into: loop.scratch))
        }
        #expect(outcome == .ready)
        #expect(end == 0)
    }

    @Test func `ends when somebody interrupts it`() async throws {
        let outcomes = try await withLoop { loop -> [EventSource.Outcome] in
            let pair = try SocketPair()
            let source = Confined(try pair.watch(on: loop))
            defer { source.value.close() }
            _ = try source.value.receiveEverything()
            async let outcome = source.value.wait(.readable)
            await Task.yield()
            source.value.interrupt()
            let first = await outcome
            source.value.interrupt()  // nobody waits: nothing happens
            source.value.setDeadline(.soon())
            return [first, await source.value.wait(.readable)]
        }
        #expect(outcomes == [.interrupted, .expired])
    }

    @Test func `ends when the source is closed, which may be repeated`() async throws {
        let outcome = try await withLoop { loop -> EventSource.Outcome in
            let pair = try SocketPair()
            let source = Confined(try pair.watch(on: loop))
            _ = try source.value.receiveEverything()
            async let outcome = source.value.wait(.readable)
            await Task.yield()
            source.value.close()
            source.value.close()
            return await outcome
        }
        #expect(outcome == .interrupted)
    }

    @Test func `leaves the descriptor open while a lane still uses it`() async throws {
        let pair = try SocketPair()
        let shared = try await withLoop { loop -> SharedDescriptor in
            let source = try pair.watch(on: loop)
            defer { source.close() }
            return source.shared
        }
        var byte: UInt8 = 1
        let number = shared.number
        #expect(try systemCall("send") { send(number, &byte, 1, CInt(MSG_NOSIGNAL)) } == 1)
        #expect(try pair.hear() == 1)
    }
}

@Suite struct `The deadline of a source` {
    @Test func `does not come early when it is moved away`() async throws {
        let (outcome, moved, ended) = try await withLoop { loop -> (EventSource.Outcome, Instant, Instant) in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            source.setDeadline(.soon(5))
            let moved = Instant.soon(60)
            source.setDeadline(moved)
            let outcome = await source.wait(.nothing)
            return (outcome, moved, Instant.now)
        }
        #expect(outcome == .expired)
        #expect(ended >= moved)
    }

    @Test func `comes when it is moved nearer`() async throws {
        let outcome = try await withLoop { loop -> EventSource.Outcome in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            source.setDeadline(.now.advanced(by: .seconds(3600)))
            source.setDeadline(.soon(5))
            return await source.wait(.nothing)
        }
        #expect(outcome == .expired)
    }

    @Test func `comes once`() async throws {
        let (deadline, count) = try await withLoop { loop -> (Instant, Int) in
            let (pair, other) = (try SocketPair(), try SocketPair())
            let source = try pair.watch(on: loop)
            let timer = try other.watch(on: loop)
            defer {
                source.close()
                timer.close()
            }
            var count = 0
            source.onExpiry = { count += 1 }
            source.setDeadline(.soon(1))
            for _ in 0..<3 {
                timer.setDeadline(.soon(10))
                _ = await timer.wait(.nothing)
            }
            return (source.deadline, count)
        }
        #expect(deadline == .distantFuture)
        #expect(count == 1)
    }

    @Test func `never comes after the source is closed`() async throws {
        let count = try await withLoop { loop -> Int in
            let (pair, other) = (try SocketPair(), try SocketPair())
            let source = try pair.watch(on: loop)
            let timer = try other.watch(on: loop)
            var count = 0
            source.onExpiry = { count += 1 }
            source.setDeadline(.soon(1))
            source.close()
            timer.setDeadline(.soon(20))
            _ = await timer.wait(.nothing)
            timer.close()
            return count
        }
        #expect(count == 0)
    }

    @Test func `ends many waits in the order of their deadlines`() async throws {
        let order = try await withLoop { loop -> [Int] in
            let start = Instant.soon(20)
            return try await withThrowingTaskGroup(of: Int.self) { group in
                for index in (0..<20).shuffled() {
                    group.addTask {
                        let pair = try SocketPair()
                        let source = try pair.watch(on: loop)
                        defer { source.close() }
                        source.setDeadline(start.advanced(by: .milliseconds(index)))
                        _ = await source.wait(.nothing)
                        return index
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(order == Array(0..<20))
    }

    @Test func `does not count as late when the wait has just ended`() async throws {
        let (outcome, late) = try await withLoop { loop -> (EventSource.Outcome, Int) in
            let pair = try SocketPair()
            let source = Confined(try pair.watch(on: loop))
            defer { source.value.close() }
            _ = try source.value.receiveEverything()
            var late = 0
            source.value.onExpiry = { late += 1 }
            async let outcome = source.value.wait(.readable)
            await Task.yield()
            // The bytes and the deadline come in the same turn of the loop.
            try pair.tell()
            source.value.setDeadline(.now)
            return (await outcome, late)
        }
        #expect(outcome != .interrupted)
        #expect(late == 0)
    }

    @Test func `costs little memory however often it moves to and fro`() async throws {
        let most = try await withLoop { loop -> Int in
            let (pair, other) = (try SocketPair(), try SocketPair())
            let source = try pair.watch(on: loop)
            let timer = try other.watch(on: loop)
            defer {
                source.close()
                timer.close()
            }
            var most = 0
            // What a client does that sends half a head, waits, and sends the rest: again and again.
            for _ in 0..<200 {
                source.setDeadline(.soon(20))
                source.setDeadline(.soon(2))
                source.setDeadline(.soon(20))
                timer.setDeadline(.soon(3))
                _ = await timer.wait(.nothing)
                most = max(most, loop.deadlineCount)
            }
            return most
        }
        #expect(most < 50)
    }
}

@Suite struct `A closed source` {
    @Test func `passes none of its events on to the source that takes its place`() async throws {
        let (samePlace, outcome) = try await withLoop { loop -> (Bool, EventSource.Outcome) in
            let (first, second, clock) = (try SocketPair(), try SocketPair(), try SocketPair())
            let timer = try clock.watch(on: loop)
            let old = try first.watch(on: loop)
            _ = try old.receiveEverything()
            var heir: EventSource?
            // In the very turn in which the old source has an event it closes, and another takes its slot.
            timer.onExpiry = {
                old.close()
                heir = try? second.watch(on: loop)
                _ = try? heir?.receiveEverything()
            }
            try first.tell()
            timer.setDeadline(.now)
            while heir == nil { await Task.yield() }
            defer { timer.close() }
            guard let heir else { return (false, .interrupted) }
            defer { heir.close() }
            heir.setDeadline(.soon())
            return (heir.key.slot == old.key.slot && heir.key != old.key, await heir.wait(.readable))
        }
        #expect(samePlace)
        #expect(outcome == .expired)
    }

    @Test func `leaves its number to the next without a trace`() async throws {
        let (numbers, lost) = try await withLoop { loop -> (Set<CInt>, Int) in
            var (numbers, lost): (Set<CInt>, Int) = ([], 0)
            for round in 0..<300 {
                let pair = try SocketPair()
                let source = try pair.watch(on: loop)
                numbers.insert(source.number)
                _ = try source.receiveEverything()
                try pair.tell()
                // Every second one closes with an event on its way.
                if round % 2 == 0 {
                    source.setDeadline(.now.advanced(by: .seconds(20)))
                    if await source.wait(.readable) != .ready { lost += 1 }
                }
                source.close()
            }
            return (numbers, lost)
        }
        #expect(numbers.count < 300)
        #expect(lost == 0)
    }
}

@Suite struct `Receiving` {
    @Test func `makes no call when less came than there was room for, until more comes`() async throws {
        let received = try await withLoop { loop -> [Int?] in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            try pair.tell("hello")
            var counts = [try source.receive(into: loop.scratch)]
            try pair.tell("more")
            // There is something, but the loop has not been told.
            counts.append(try source.receive(into: loop.scratch))
            await loop.turn()
            counts.append(try source.receive(into: loop.scratch))
            counts.append(try source.receive(into: loop.scratch))
            return counts
        }
        #expect(received == [5, nil, 4, nil])
    }

    @Test func `goes on when all the room was used`() async throws {
        let received = try await withLoop { loop -> [Int?] in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            try pair.tell("hello")
            let room = UnsafeMutableRawBufferPointer(rebasing: loop.scratch[..<3])
            return try (0..<3).map { _ in try source.receive(into: room) }
        }
        #expect(received == [3, 2, nil])
    }

    @Test func `finds the end that was told of together with the last bytes`() async throws {
        let received = try await withLoop { loop -> [Int?] in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            _ = try source.receiveEverything()
            try pair.tell("last")
            _ = shutdown(pair.far.number, CInt(SHUT_WR))
            // The one event tells of both.
            guard await source.wait(.readable) == .ready else { return [] }
            return try (0..<3).map { _ in try source.receive(into: loop.scratch) }
        }
        #expect(received == [4, 0, 0])
    }

    @Test func `finds an end that comes after the last bytes`() async throws {
        let received = try await withLoop { loop -> [Int?] in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            try pair.tell("last")
            var counts = [try source.receive(into: loop.scratch), try source.receive(into: loop.scratch)]
            _ = shutdown(pair.far.number, CInt(SHUT_WR))
            guard await source.wait(.readable) == .ready else { return [] }
            counts.append(try source.receive(into: loop.scratch))
            return counts
        }
        #expect(received == [4, nil, 0])
    }
}

@Suite struct `All sources of a loop` {
    @Test func `that are idle are interrupted, and no others`() async throws {
        let outcomes = try await withLoop { loop -> [EventSource.Outcome] in
            let (first, second) = (try SocketPair(), try SocketPair())
            let idle = Confined(try first.watch(on: loop))
            let busy = Confined(try second.watch(on: loop))
            defer {
                idle.value.close()
                busy.value.close()
            }
            _ = (try idle.value.receiveEverything(), try busy.value.receiveEverything())
            idle.value.isIdle = true
            async let idleOutcome = idle.value.wait(.readable)
            async let busyOutcome = busy.value.wait(.readable)
            await Task.yield()
            loop.interruptIdleSources()
            try second.tell()
            return [await idleOutcome, await busyOutcome]
        }
        #expect(outcomes == [.interrupted, .ready])
    }

    @Test func `are at the end of their streams after they are shut down`() async throws {
        let ends = try await withLoop { loop -> [Int?] in
            let (first, second) = (try SocketPair(), try SocketPair())
            let sources = [try first.watch(on: loop), try second.watch(on: loop)]
            defer { for source in sources { source.close() } }
            loop.shutDownAllSources()
            return try sources.map { try $0.receive(into: loop.scratch) }
        }
        #expect(ends == [0, 0])
    }

    @Test func `that only stop sending can still receive`() async throws {
        let (received, isClosed) = try await withLoop { loop -> ([UInt8], Bool) in
            let pair = try SocketPair()
            let source = try pair.watch(on: loop)
            defer { source.close() }
            source.shutDown(sendingOnly: true)
            try pair.tell("late")
            var byte: UInt8 = 0
            let (number, ended) = (pair.far.number, try source.receiveEverything())
            return (ended, recv(number, &byte, 1, 0) == 0)
        }
        #expect(received == Array("late".utf8))
        #expect(isClosed)
    }
}
