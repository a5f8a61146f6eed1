import Glibc
import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import RegistryTesting
import Testing

extension Live {
    @Suite struct `A server without descriptors` {
        /// In a process of its own, because the limit concerns everything that runs in it.
        @Test func `goes on with those it has and neither ends nor spins`() async {
            await #expect(processExitsWith: .success) {
                exit(await Shortage.run())
            }
        }
    }
}

private enum Shortage {
    /// 0 when all went well, or else the number of the step that did not.
    static func run() async -> CInt {
        let taken: [CInt] = []
        guard let bench = try? Bench(.short, loops: 2, lanes: Lanes(count: 2), handler: { _ in .text("served") }) else {
            return 1
        }
        let failure = await onThread { () -> CInt in
            var taken = taken
            guard let first = try? bench.connect(), isServed(first) else { return 2 }
            var limit = rlimit(rlim_cur: 0, rlim_max: 0)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = min(limit.rlim_cur, 256)
            guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 3 }
            while true {
                let number = dup(0)
                if number < 0 { break }
                taken.append(number)
            }
            guard taken.count > 10, let last = taken.popLast() else { return 4 }
            close(last)
            // The client gets the last descriptor, and there is none for the server's end.
            guard let second = try? bench.connect(), (try? second.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")) != nil
            else {
                return 5
            }
            let warning = "warning: cannot accept connections"
            let pause = Event()
            for _ in 0..<5000 where bench.log.count(warning) == 0 { pause.wait(milliseconds: 2) }
            guard bench.log.count(warning) > 0 else { return 6 }
            for _ in 0..<200 where !isServed(first) { return 7 }
            // A server that spins would have warned thousands of times by now.
            guard bench.log.count(warning) < 100, !second.hasAnswer else { return 8 }
            for number in taken { close(number) }
            guard (try? second.receive())?.text == "served" else { return 9 }
            return 0
        }
        await bench.stop()
        return failure != 0 ? failure : bench.connectionCount == 0 ? 0 : 10
    }

    private static func isServed(_ client: TestConnection) -> Bool {
        (try? client.request("GET", "/"))?.text == "served"
    }
}
