import BenchmarkLoad
import Glibc
import OCI
import RegistryTesting

/// Where and with what a run was made.
struct Machine: Sendable {
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let processor = SystemFile("/proc/cpuinfo").value(of: "model name") ?? "unknown"
    let kernel = SystemFile("/proc/sys/kernel/osrelease").text.filter { !$0.isNewline }
    let memoryMiB =
        (SystemFile("/proc/meminfo").value(of: "MemTotal").flatMap { Int($0.filter(\.isNumber)) } ?? 0) >> 10
    let fileSystem: String
    /// In UTC.
    let date: String
    let programs: [String]

    /// - Parameter folder: where the servers keep what they have.
    init(folder: String) async throws {
        fileSystem = Self.fileSystem(of: folder)
        date = Self.now
        var programs: [String] = []
        for (name, argument) in [
            (WaybillProgram.path, "--version"), ("docker-registry", "--version"), ("nginx", "-v"), ("wrk", "-v"),
            ("curl", "--version"), ("openssl", "version"),
        ] {
            guard let path = name.hasPrefix("/") ? name : Program.find(name) else { continue }
            let text = try await Program.run(path, [argument]).text
            let line = String(text.split(separator: "\n").first ?? "")
            programs.append(Self.version(in: line, of: String(name.split(separator: "/").last ?? "")))
        }
        self.programs = programs
    }

    /// The name and the first word of the line with a digit in front or behind a `v` or `/`.
    private static func version(in line: String, of name: String) -> String {
        let words = line.split { " /,".contains($0) }
        let version = words.first { word in
            (word.first == "v" ? word.dropFirst() : word[...]).first?.isNumber == true && word.contains(".")
        }
        return "\(name) \(version ?? "of unknown version")"
    }

    private static var now: String {
        var (seconds, parts) = (time(nil), tm())
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y-%m-%d %H:%M UTC", &parts)
        return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The kind of the file system with the longest mount point above the folder.
    private static func fileSystem(of folder: String) -> String {
        let mounts = SystemFile("/proc/mounts").text.split(separator: "\n").map { $0.split(separator: " ") }
        let above = mounts.filter { $0.count > 2 && ($0[1] == "/" || "\(folder)/".hasPrefix("\($0[1])/")) }
        return above.max { $0[1].count < $1[1].count }.map { String($0[2]) } ?? "unknown"
    }
}

/// Processor time that the whole machine, and this program with what it has run to its end, have used so far, in seconds.
struct ProcessorTimes {
    let machine: Double
    let client: Double

    init() {
        // proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal.
        let fields = SystemFile("/proc/stat").text.split(separator: "\n").first?.split(separator: " ") ?? []
        let busy = [1, 2, 3, 6, 7, 8].compactMap { fields.count > $0 ? Double(fields[$0]) : nil }.reduce(0, +)
        machine = busy / Double(sysconf(Int32(_SC_CLK_TCK)))
        client = Self.used(RUSAGE_SELF.rawValue) + Self.used(RUSAGE_CHILDREN.rawValue)
    }

    private static func used(_ who: Int32) -> Double {
        var usage = rusage()
        getrusage(who, &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }
}
