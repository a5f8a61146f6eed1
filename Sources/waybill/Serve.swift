import Access
import Anchoring
import ArgumentParser
import Configuration
import Dispatch
import Glibc
import HTTPServing
import LinuxIO
import Logging
import RegistryAPI
import RegistryCore
import TLS
import TransparencyLog

/// `waybill serve`
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve the registry until SIGTERM or SIGINT.",
        discussion: """
            On SIGTERM the server stops accepting, lets requests finish within the drain limit, and ends; \
            unfinished uploads can be continued after the next start.
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let (settings, confinement) = try confinedSettings()
        try await run(settings, confinement)
    }

    /// Reads the settings, and gives up what they say. That holds for the calling thread and those that it makes.
    func confinedSettings() throws -> (Settings, ConfinementReport) {
        let settings = try options.settings()
        if let exposure = settings.anonymousExposure() { throw Failure(.cannotStart, exposure) }
        var report = ConfinementReport()
        guard settings.sandbox else { return (settings, report) }
        do {
            try Disk().makeFolders(settings.data)
            // Folders may be links to other disks.
            let folders = [""] + ["/blobs", "/blobs/sha256", "/blobs/sha512", "/uploads", "/keys", "/quarantine"]
            report.writes = try Confinement.confineWrites(to: folders.map { settings.data + $0 })
            report.calls = try Confinement.refuseNeedlessCalls()
            // What SQLite sorts beside memory.
            setenv("SQLITE_TMPDIR", settings.data, 0)
            return (settings, report)
        } catch {
            throw Failure(.cannotStart, "cannot confine the process to the data folder \(settings.data): \(error)")
        }
    }

    func run(_ settings: Settings, _ confinement: ConfinementReport) async throws {
        let logger = Self.logger(settings)
        let manager = ServiceManager.fromEnvironment()
        confinement.log(settings, to: logger)
        Self.raiseDescriptorLimit()
        Self.forbidCoreFiles()
        let trust = try settings.trustedBuilders()
        let passwordFile = try settings.passwords()
        let issuers = try settings.trustedIssuers(logger: logger)
        let tls = try settings.tlsServer().map { TLSKeeper($0) }
        // Their threads come up while the store is opened.
        let loops = try Self.loops(settings)
        let store = try Store(settings, comparesNewest: false, quotas: settings.quotaList)
        let anchors = try settings.anchors(of: store.ledger, logger: logger)
        if let anchors {
            // Before the first write: a log that was put back from an older copy must sign nothing more.
            _ = await anchors.checkAtStart(timeout: .seconds(5))
            store.publications.tell(anchors)
        }
        let registry = Registry(
            blobs: store.blobs, ledger: store.ledger, readLanes: store.readLanes, limits: settings.registryLimits,
            trust: trust, quorum: settings.ledger.quorum, uploadKey: try store.uploadKey(), logger: logger,
            rule: { settings.policy(for: $0) })
        do {
            var progress = Progress("checking unfinished uploads")
            try await registry.dropForgottenUploads { progress.report($0, of: $1) }
        } catch {
            throw Failure(.cannotStart, "cannot use the data folder \(settings.data): \(error)")
        }
        // It keeps a core busy, and a thread made meanwhile can wait for that core while the other is idle: those are there.
        store.ledger.checkNewestBeforeWrites { refusal in
            if let refusal { logger.error("the ledger is read-only", metadata: ["reason": "\(refusal)"]) }
        }
        try await Self.prepare(store, logger: logger)
        let listeners = try Self.listen(settings.listen)
        let redirecting = try Self.listen(settings.tls.redirect)
        let passwords = passwordFile.map { PasswordChecker($0, lanes: Lanes(count: 2)) }
        let robots = RobotKeys(of: registry, logger: logger)
        let gate = try await settings.gate(
            passwords: passwords, issuers: issuers, robots: robots,
            origin: store.ledger.identity.origin)
        let server = Self.server(
            settings, registry: registry, gate: gate, memory: store.memory, on: loops, lanes: store.readLanes, tls: tls,
            logger: logger)
        let redirect = Self.redirect(settings, to: listeners, on: loops, lanes: store.readLanes, logger: logger)
        let reloaded = Self.reloadedFiles(
            settings, passwords: passwords, tokens: gate.tokens, issuers: issuers, tls: tls)
        let reloading = Task {
            await Reloading.run(reloaded, lane: Lanes(count: 1).next(), logger: logger)
        }
        defer { reloading.cancel() }
        for address in redirecting.compactMap(\.localAddress) {
            logger.info("redirecting to https", metadata: ["address": "http://\(address)"])
        }
        let redirection = Task { await redirect.run(on: redirecting) }
        await Self.run(
            server, on: listeners, isSecure: tls != nil, registry: registry, ledger: store.ledger, anchors: anchors,
            issuers: issuers, robots: robots, collector: Collector(settings, logger: logger),
            scrubber: Scrubber(settings, logger: logger), manager: manager, logger: logger)
        await redirect.drain()
        await redirection.value
        await store.close()
        logger.info("stopped")
    }

    // MARK: - Parts

    /// Says which log this is, and writes down which keys sign it.
    private static func prepare(_ store: Store, logger: Logger) async throws {
        let identity = store.ledger.identity
        let keys = identity.signers.map { "\($0.verifier)" }.joined(separator: " ")
        logger.info("log", metadata: ["origin": "\(identity.origin)", "keys": "\(keys)"])
        for change in try await store.recordKeys() {
            logger.notice(
                "key of the log changed",
                metadata: [
                    "action": "\(change.action.rawValue)", "key": "\(change.key)", "record": "\(change.record)",
                ])
        }
    }

    /// What is written to standard error, as the settings want it.
    static func logger(_ settings: Settings) -> Logger {
        let level = Logger.Level(rawValue: settings.log.level.rawValue) ?? .info
        let isJSON = settings.log.format == .json
        var logger = Logger(label: "waybill") { label -> any LogHandler in
            isJSON ? JSONLogHandler(label: label) : StreamLogHandler.standardError(label: label)
        }
        logger.logLevel = level
        return logger
    }

    /// Each connection is a descriptor, and the shell's limit is meant for other programs.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// A core file would have the keys and the passwords of the moment in it.
    private static func forbidCoreFiles() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }

    private static func listen(_ addresses: [ListenAddress]) throws -> [FileDescriptorBox] {
        do {
            return try addresses.flatMap { try Listening.open(host: $0.host, port: $0.port) }
        } catch {
            throw Failure(.cannotStart, "\(error)")
        }
    }

    private static func loops(_ settings: Settings) throws -> [EventLoop] {
        let count = settings.threads.loops == 0 ? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) : settings.threads.loops
        let loops = try (0..<count).map { try EventLoop(label: "waybill.loop.\($0)") }
        for loop in loops { loop.start() }
        return loops
    }

    private static func server(
        _ settings: Settings, registry: Registry, gate: Gate, memory: MemoryBudget, on loops: [EventLoop], lanes: Lanes,
        tls: TLSKeeper?, logger: Logger
    ) -> HTTPServer {
        let readiness = Readiness()
        let api = API(registry: registry, limits: settings.registryLimits, gate: gate, logger: logger) {
            readiness.isReady
        }
        let server = HTTPServer(
            limits: settings.servingLimits, memory: memory, loops: loops, lanes: lanes, tls: tls, logger: logger,
            problem: Problem.fromEngine
        ) { await api.respond(to: $0) }
        readiness.server = server
        return server
    }

    /// What sends clients of plain HTTP to the first of the listeners.
    private static func redirect(
        _ settings: Settings, to listeners: [FileDescriptorBox], on loops: [EventLoop], lanes: Lanes, logger: Logger
    ) -> HTTPServer {
        let port = listeners.lazy.compactMap(\.localAddress).first?.port ?? 443
        return HTTPServer(
            limits: settings.servingLimits, loops: loops, lanes: lanes, logger: logger, problem: Problem.fromEngine
        ) { Redirection.answer($0, port: port) }
    }

    private static func reloadedFiles(
        _ settings: Settings, passwords: PasswordChecker?, tokens: TokenService?, issuers: [TrustedIssuer],
        tls: TLSKeeper?
    ) -> [ReloadedFiles] {
        var files: [ReloadedFiles] = []
        if let passwords {
            files.append(
                ReloadedFiles(name: "password file", paths: [settings.auth.passwordFile]) { lane in
                    try await lane.run { if let file = try settings.passwords() { passwords.replace(with: file) } }
                })
        }
        if let tokens {
            files.append(
                ReloadedFiles(name: "keys of tokens", paths: [settings.tokenKeyFile.path]) { _ in
                    tokens.replaceKeys(try await settings.tokenKeys())
                })
        }
        for issuer in issuers where issuer.options.keys.hasPrefix("/") {
            // What became of it, the keys say themselves.
            files.append(
                ReloadedFiles(name: "keys of \(issuer.options.name)", paths: [issuer.options.keys]) { _ in
                    await issuer.keys.reload()
                })
        }
        if let tls {
            files.append(
                ReloadedFiles(name: "certificates", paths: settings.tlsFiles) { lane in
                    try await lane.run { if let server = try settings.tlsServer() { tls.replace(with: server) } }
                })
        }
        return files
    }

    private static func announce(_ addresses: [SocketAddress], isSecure: Bool, logger: Logger) {
        let scheme = isSecure ? "https" : "http"
        for address in addresses {
            logger.info("listening", metadata: ["address": "\(scheme)://\(address)", "version": "\(Version.text)"])
        }
    }

    // MARK: - Life

    private static func run(
        _ server: HTTPServer, on listeners: [FileDescriptorBox], isSecure: Bool, registry: Registry, ledger: Ledger,
        anchors: Anchors?, issuers: [TrustedIssuer], robots: RobotKeys, collector: Collector?, scrubber: Scrubber?,
        manager: ServiceManager?, logger: Logger
    ) async {
        let addresses = listeners.compactMap(\.localAddress)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await sweep(registry, logger: logger) }
            group.addTask { await writePulls(registry, logger: logger) }
            if let collector { group.addTask { await collector.run(registry) } }
            if let scrubber { group.addTask { await scrubber.run(registry) } }
            group.addTask { await LedgerCheck.run(ledger, logger: logger) }
            if let anchors { group.addTask { await anchors.run() } }
            for issuer in issuers { group.addTask { await issuer.keys.run() } }
            group.addTask { await robots.run() }
            if let manager { group.addTask { await manager.watch(server) } }
            group.addTask {
                // Whoever reads that it listens may send SIGTERM the next moment.
                let name = await Signals.next(of: [SIGTERM, SIGINT]) {
                    announce(addresses, isSecure: isSecure, logger: logger)
                    let places = addresses.map { "\($0)" }.joined(separator: " ")
                    manager?.isReady("listening on \(places)")
                }
                logger.info("draining", metadata: ["signal": "\(name)", "connections": "\(server.connectionCount)"])
                manager?.isStopping("waiting for \(server.connectionCount) connections")
                await server.drain()
            }
            await server.run(on: listeners)
            group.cancelAll()
        }
    }

    /// Writes down what was pulled, now and then and at the end.
    private static func writePulls(_ registry: Registry, logger: Logger) async {
        while true {
            let isLast = (try? await Task.sleep(for: .seconds(30))) == nil
            do { try await registry.writePulls() } catch {
                logger.warning("the times of pulls could not be written", metadata: ["error": "\(error)"])
            }
            if isLast { return }
        }
    }

    /// Drops uploads that were left alone, every few minutes.
    private static func sweep(_ registry: Registry, logger: Logger) async {
        var watch = ClockWatch(over: registry, promise: registry.uploadLifetime)
        while !Task.isCancelled {
            do {
                let isTrusted = watch.trusts(registry, logger: logger)
                let dropped = isTrusted ? try await registry.dropExpiredUploads() : 0
                if dropped > 0 { logger.info("expired uploads dropped", metadata: ["count": "\(dropped)"]) }
                if dropped == Registry.sweptAtOnce { continue }
            } catch {
                logger.error("expired uploads could not be dropped", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(300))
        }
    }
}

/// What the process has given up.
struct ConfinementReport {
    /// Writing outside of its data folder, and running programs (Landlock).
    var writes = false
    /// Calls that no server needs (seccomp).
    var calls = false

    /// Says what the settings ask for and the kernel cannot do.
    func log(_ settings: Settings, to logger: Logger) {
        guard settings.sandbox else { return logger.notice("the process is not confined: sandbox is false") }
        guard writes, calls else {
            return logger.warning(
                "the kernel can confine the process in part only",
                metadata: ["landlock": "\(writes)", "seccomp": "\(calls)"])
        }
    }
}
