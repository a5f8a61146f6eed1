import Glibc

/// What the kernel says of a process.
struct ProcessFigures {
    private let folder: String

    /// This process, or another.
    init(_ process: Int32? = nil) {
        folder = "/proc/\(process.map { "\($0)" } ?? "self")"
    }

    /// Processor time that it has used so far, in seconds: on a machine that others use too, what a request costs of it
    /// says more than how long it took.
    var processorTime: Double {
        // proc_pid_stat(5): utime and stime are fields 14 and 15; the name in parentheses may have spaces.
        let fields = text(of: "stat").split(separator: ") ").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Memory that it occupies, in KiB.
    var residentKiB: Int64 {
        let line = text(of: "status").split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { Int64($0.filter(\.isNumber)) } ?? 0
    }

    private func text(of name: String) -> String {
        guard let file = fopen("\(folder)/\(name)", "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
