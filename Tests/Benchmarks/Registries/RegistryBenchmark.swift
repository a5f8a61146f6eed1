import ArgumentParser
import BenchmarkLoad
import Glibc
import RegistryTesting

/// Measures Waybill beside Debian's docker-registry and nginx, in turn on this machine, and writes down what came out.
///
/// Everything stays on loopback and in a temporary folder. Says on standard error what it does.
@main struct RegistryBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry-benchmark", abstract: "Measure Waybill beside docker-registry and nginx.")

    @Flag(help: "Do less of everything, in under five minutes.") var quick = false
    @Option(help: "Rounds of each workload.") var rounds = 3
    @Option(help: "Seconds of each workload, server and round.") var seconds: Double?
    @Option(help: "Measure only workloads whose name contains this.") var only = ""
    @Option(help: "Where the servers keep their data: on the kind of disk that is meant.") var folder = "/tmp"
    @Option(help: "Write the report to this file, besides standard output.") var output: String?

    func validate() throws {
        guard rounds >= 1, seconds ?? 1 > 0 else {
            throw ValidationError("there must be at least one round of some time")
        }
    }

    func run() async throws {
        Self.allowManyFiles()
        for name in ["docker-registry", "nginx", "wrk", "curl", "openssl"] where Program.find(name) == nil {
            throw ValidationError("\(name) is missing. Install with: sudo apt-get install \(name)")
        }
        let running = RunningPrograms()
        let parent = TemporaryFolder(in: folder)
        let signals = running.endAll(onSignals: [SIGINT, SIGTERM, SIGHUP]) { parent.remove() }
        defer { withExtendedLifetime(signals) { running.endAll() } }
        let report = try await measure(in: parent.path, running)
        print(report.text)
        // Part of a run is no result.
        if let output, only.isEmpty { try Self.write(report.text, to: output) }
        if report.hasFailures { throw ExitCode.failure }
    }

    private var sizes: Sizes {
        var sizes = quick ? Sizes.quick : .full
        sizes.rounds = rounds
        sizes.seconds = seconds ?? sizes.seconds
        return sizes
    }

    private func measure(in folder: String, _ running: RunningPrograms) async throws -> Report {
        let machine = try await Machine(folder: folder)
        announce("writing to free memory once")
        let memory = try FreeMemory(touching: quick ? 4 << 30 : .max)
        announce("measuring the machine")
        let before = try Limits(in: folder)
        let data = Dataset(sizes)
        let servers = try ServerKind.allCases.map { try Server($0, in: folder, running: running) }
        for server in servers { try await fill(server, with: data) }
        let workloads =
            data.readingWorkloads + data.writingWorkloads + data.listingWorkloads + [data.startUpAndIdle]
        let rows = await measure(workloads, on: servers)
        let tlsRows = try await measureTLS(data, beside: servers.filter { $0.kind != .nginx }, in: folder, running)
        for server in servers { await server.stop() }
        return Report(
            machine: machine, memory: memory, sizes: sizes, limits: (before, try Limits(in: folder)), rows: rows,
            tlsRows: tlsRows)
    }

    private func fill(_ server: Server, with data: Dataset) async throws {
        let clock = ContinuousClock()
        let begin = clock.now
        try await server.start()
        try await data.seed(server)
        announce("\(server.name) is filled after \(begin.duration(to: clock.now).seconds.text) s")
    }

    private func measureTLS(
        _ data: Dataset, beside plain: [Server], in folder: String, _ running: RunningPrograms
    ) async throws -> [Row] {
        let authority = try await CertificateAuthority()
        let files = try await authority.issue("IP:127.0.0.1", file: "server")
        let certificate = Certificate(root: authority.root, chain: files.chain, key: files.key)
        let curl = Curl(root: authority.root)
        let content = TemporaryFolder(in: folder)
        let file = content.write(data.large.layer.bytes, to: "blob")
        let encrypted = try plain.map { server in
            try Server(server.kind, certificate: certificate, in: folder, running: running)
        }
        for server in encrypted {
            try await server.start()
            let outcome = try await curl.upload(data.large.layer, in: file, to: server, for: .zero)
            if let failure = outcome.firstFailure { throw RegistryClient.Unexpected(description: failure) }
        }
        let rows = await measure(data.tlsWorkloads(curl, file: file), on: plain + encrypted)
        for server in encrypted { await server.stop() }
        withExtendedLifetime(content) {}
        return rows
    }

    private func measure(_ workloads: [Workload], on servers: [Server]) async -> [Row] {
        let rounds = Rounds(servers: servers, sizes: sizes)
        var rows: [Row] = []
        for workload in workloads where only.isEmpty || workload.name.contains(only) {
            rows.append(await rounds.measure(workload))
        }
        return rows
    }

    /// Thousands of connections need as many descriptors, here and in the servers.
    private static func allowManyFiles() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else { throw ValidationError("cannot write \(path)") }
        defer { fclose(file) }
        fputs(text, file)
    }
}
