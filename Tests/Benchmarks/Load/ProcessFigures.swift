import Glibc

/// What the kernel says of a process.
package struct ProcessFigures: Sendable {
    /// Nil for this process.
    let identifier: Int32?

    /// This process, or another.
    package init(_ process: Int32? = nil) {
        identifier = process
    }

    /// Processor time that it has used so far, in seconds: on a machine that others use too, what a request costs of it
    /// says more than how long it took.
    package var processorTime: Double {
        // proc_pid_stat(5): utime and stime are fields 14 and 15.
        guard let fields = statFields, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Memory that it occupies, in KiB.
    package var residentKiB: Int64 { memory("VmRSS:") }

    /// The most memory that it has occupied since `resetPeak`, in KiB.
    package var peakKiB: Int64 { memory("VmHWM:") }

    /// Lets `peakKiB` begin anew.
    package func resetPeak() {
        // proc_pid_clear_refs(5): 5 sets the high-water mark to what is occupied now.
        let file = open("\(folder)/clear_refs", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, "5", 1)
        close(file)
    }

    /// The process that started it.
    package var parent: Int32? { statFields.flatMap { Int32($0[1]) } }

    private var folder: String { "/proc/\(identifier.map { "\($0)" } ?? "self")" }

    /// From the third on; the name before them, in parentheses, may have spaces.
    private var statFields: [Substring]? {
        let fields = SystemFile("\(folder)/stat").text.split(separator: ") ").last?.split(separator: " ") ?? []
        return fields.count > 12 ? fields : nil
    }

    private func memory(_ name: String) -> Int64 {
        let line = SystemFile("\(folder)/status").text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { Int64($0.filter(\.isNumber)) } ?? 0
    }
}

/// A process and all that it has started.
package struct ProcessTree: Sendable {
    private let members: [ProcessFigures]

    /// The tree below a process as it is now.
    package init(_ root: Int32) {
        var parents: [Int32: [Int32]] = [:]
        for process in Self.all {
            if let parent = ProcessFigures(process).parent { parents[parent, default: []].append(process) }
        }
        var found = [root]
        var next = 0
        while next < found.count {
            found += parents[found[next]] ?? []
            next += 1
        }
        members = found.map { ProcessFigures($0) }
    }

    /// In seconds.
    package var processorTime: Double { members.reduce(0) { $0 + $1.processorTime } }

    package var residentKiB: Int64 { members.reduce(0) { $0 + $1.residentKiB } }

    /// The sum of the peaks of each.
    package var peakKiB: Int64 { members.reduce(0) { $0 + $1.peakKiB } }

    package func resetPeak() { for member in members { member.resetPeak() } }

    /// Sends a signal to each.
    package func signal(_ number: Int32) {
        for member in members { if let process = member.identifier { kill(process, number) } }
    }

    private static var all: [Int32] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var processes: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let process = Int32(name) { processes.append(process) }
        }
        return processes
    }
}
