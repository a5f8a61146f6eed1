import BenchmarkLoad
import BenchmarkStore
import Glibc
import RegistryTesting

/// A server on a store, and what it took to answer.
struct Side {
    let folder: String
    let server: WaybillServer
    let reads: Reads
    private let processor: ServingTime

    init(_ folder: String, of company: Company) async throws {
        self.folder = folder
        DataFolder.readThrough(folder)
        server = try await WaybillServer(data: folder)
        reads = try Reads(of: company, on: server)
        processor = ServingTime(of: server.program.identifier)
    }

    /// Asks for as long as that, over eight connections.
    func measure(_ requests: Requests, _ time: Duration) throws -> Load {
        let generator = LoadGenerator(port: server.port, connections: 8, duration: time)
        let before = processor.seconds
        var turn = 0
        var load = try generator.run(expecting: requests.read.status, isHead: requests.read.isHead) {
            turn += 1
            return requests.all[turn % requests.all.count]
        }
        load.processorTime = processor.seconds - before
        return load
    }

    /// From the start of a server to its first answer.
    static func startUp(_ folder: String) async throws -> Duration {
        let clock = ContinuousClock()
        let begin = clock.now
        let server = try await WaybillServer(data: folder)
        guard try server.request("GET", "/v2/").status == 200 else { throw LoadConnection.NoAnswer() }
        let time = begin.duration(to: clock.now)
        await server.stop()
        return time
    }
}

/// The requests of one way of reading, made beforehand so that the generator does not hash while it measures.
struct Requests {
    let read: Read
    let all: [[UInt8]]

    init(_ read: Read) {
        self.read = read
        let method = read.isHead ? "HEAD" : "GET"
        all = (0..<5000).map { Array("\(method) \(read.path($0)) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8) }
    }
}

/// The processor time of a server, without what its threads do that only run when nothing else wants to: the check of the whole
/// ledger after a start takes as long as the ledger is large, whatever is asked meanwhile.
final class ServingTime {
    /// sched(7)
    private static let idle = "5"

    private let process: Int32
    /// Of idle threads, as it was when they were seen last: a thread that has ended is still counted in the process.
    private var idleSeconds: [String: Double] = [:]

    init(of process: Int32) {
        self.process = process
    }

    var seconds: Double {
        for thread in threads where Self.field(41, of: thread) == Self.idle {
            let ticks = [14, 15].compactMap { Double(Self.field($0, of: thread)) }.reduce(0, +)
            idleSeconds[thread] = ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
        return ProcessFigures(process).processorTime - idleSeconds.values.reduce(0, +)
    }

    /// The files that tell of each.
    private var threads: [String] {
        guard let folder = opendir("/proc/\(process)/task") else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if Int32(name) != nil { names.append("/proc/\(process)/task/\(name)/stat") }
        }
        return names
    }

    /// A field of proc_pid_stat(5), by its number there; the first two, of which the name may have spaces, are left out.
    private static func field(_ number: Int, of path: String) -> Substring {
        let fields = SystemFile(path).text.split(separator: ") ").last?.split(separator: " ") ?? []
        return number - 3 < fields.count ? fields[number - 3] : ""
    }
}

/// What both stores took for one way of reading.
struct Comparison {
    let read: Read
    var small = Load()
    var large = Load()
    /// One of them did not answer in ten seconds.
    var isUnanswered = false

    /// Asks both in turns, so that what else the machine does meets both.
    static func measure(
        _ index: Int, small: Side, large: Side, rounds: Int, _ time: Duration
    ) throws -> Comparison {
        let sides = [small, large]
        let requests = sides.map { Requests($0.reads.all[index]) }
        var loads = [Load(), Load()]
        announce(requests[0].read.name)
        do {
            for side in 0..<2 { _ = try sides[side].measure(requests[side], .milliseconds(100)) }
            for round in 0..<rounds {
                for turn in 0..<2 {
                    let side = (round + turn) % 2
                    loads[side].add(try sides[side].measure(requests[side], time))
                }
            }
        } catch is LoadConnection.NoAnswer {
            return Comparison(read: requests[0].read, isUnanswered: true)
        }
        return Comparison(read: requests[0].read, small: loads[0], large: loads[1])
    }
}

extension Load {
    fileprivate mutating func add(_ other: Load) {
        latencies.append(other.latencies)
        time += other.time
        refused += other.refused
        processorTime += other.processorTime
    }

    /// Processor time of the server for each request, in microseconds.
    var cost: Double { processorTime / Double(max(1, latencies.count)) * 1e6 }
}
