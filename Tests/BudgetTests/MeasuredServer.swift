import Glibc
import RegistryTesting

/// The release build, which is what the budgets are for.
enum ReleaseBuild {
    /// A product of it. The bundle of the tests is in the folder `debug`, or `release` itself, beside `release`.
    static func path(_ product: String) -> String { "\(root)/release/\(product)" }

    /// Where an instrument leaves what it wrote, for whoever wants to know more.
    static let results: String = {
        let folder = "\(root)/budgets"
        mkdir(folder, 0o755)
        return folder
    }()

    /// Whether these products of it are here, and these programs.
    static func has(_ products: [String], _ programs: [String]) -> Bool {
        products.allSatisfy { access(path($0), X_OK) == 0 } && programs.allSatisfy { Program.find($0) != nil }
    }

    private static let root = WaybillProgram.path.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" }
}

/// The release build serving content on one loop, started by an instrument, with a client that asks for it.
struct MeasuredServer {
    let content = Content()
    let server: WaybillServer
    private let client: Client
    private let folder = TemporaryFolder()

    var process: Int32 { server.program.identifier }

    /// - Parameter instrument: the command that runs the program.
    init(under instrument: String) async throws {
        // With hashes that differ in each run, so would the number of steps of a look-up.
        let shell = """
            export WAYBILL_THREADS_LOOPS=1 SWIFT_DETERMINISTIC_HASHING=1
            exec \(instrument) "$0" "$@"
            """
        server = try await WaybillServer(ReleaseBuild.path("waybill"), data: folder.path, shell: shell)
        try content.push(to: server)
        client = try Client(port: server.port, content)
    }

    /// Asks so often, each time when the server has done everything that it does after the answer before.
    func ask(_ asking: Asking, times: Int) throws {
        for _ in 0..<times {
            try client.ask(asking)
            rest()
        }
    }

    func stop() async { await server.stop() }

    /// Returns once every thread of the server waits for something. Nothing tells that but the kernel's list of them.
    private func rest() {
        var looks = 0
        while looks < 2 {
            looks = threads.allSatisfy { isWaiting($0) } ? looks + 1 : 0
            sched_yield()
        }
    }

    private var threads: [String] {
        guard let folder = opendir("/proc/\(process)/task") else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names.filter { !$0.hasPrefix(".") }
    }

    /// proc_pid_stat(5): the state stands behind the name, which is in parentheses. A thread that has ended waits as well.
    private func isWaiting(_ thread: String) -> Bool {
        let stat = TextFile("/proc/\(process)/task/\(thread)/stat").bytes
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")), end + 2 < stat.count else { return true }
        return stat[end + 2] == UInt8(ascii: "S")
    }
}

/// A file that is read whole.
struct TextFile {
    let bytes: [UInt8]

    /// - Parameter offset: where to begin.
    init(_ path: String, from offset: Int = 0) {
        var bytes: [UInt8] = []
        if let file = fopen(path, "r") {
            defer { fclose(file) }
            fseek(file, offset, SEEK_SET)
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        }
        self.bytes = bytes
    }

    func write(to path: String) {
        guard let file = fopen(path, "w") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    var lines: [Substring] { String(decoding: bytes, as: UTF8.self).split(separator: "\n") }
}
