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
import TransparencyLog

/// `waybill serve`
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve the registry until SIGTERM or SIGINT.",
        discussion: """
            On SIGTERM the server stops accepting, lets requests finish within the drain limit, and ends; \
            unfinished uploads can be continued after the next start.
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let settings = try options.settings()
        if let exposure = settings.anonymousExposure() { throw Failure(.cannotStart, exposure) }
        let logger = Self.logger(settings)
        Self.raiseDescriptorLimit()
        let trust = try settings.trustedBuilders()
        let store = try Store(settings)
        let anchors = try settings.anchors(of: store.ledger, logger: logger)
        if let anchors {
            // Before the first write: a log that was put back from an older copy must sign nothing more.
            _ = await anchors.checkAtStart(timeout: .seconds(5))
            store.publications.tell(anchors)
        }
        try await Self.prepare(store, logger: logger)
        let registry = Registry(
            blobs: store.blobs, ledger: store.ledger, readLanes: store.readLanes, limits: settings.registryLimits,
            trust: trust, quorum: settings.ledger.quorum, logger: logger, rule: { settings.policy(for: $0) })
        let listeners = try Self.listen(settings.listen)
        let server = try Self.server(settings, registry: registry, lanes: store.readLanes, logger: logger)
        do {
            var progress = Progress("checking unfinished uploads")
            try await registry.dropForgottenUploads { progress.report($0, of: $1) }
        } catch {
            throw Failure(.cannotStart, "cannot use the data folder \(settings.data): \(error)")
        }
        await Self.run(
            server, on: listeners, registry: registry, ledger: store.ledger, anchors: anchors, logger: logger)
        await store.ledger.close()
        logger.info("stopped")
    }

    // MARK: - Parts

    /// Says which log this is and what is wrong with it, or writes down which keys sign it.
    private static func prepare(_ store: Store, logger: Logger) async throws {
        let identity = store.ledger.identity
        let keys = identity.signers.map { "\($0.verifier)" }.joined(separator: " ")
        logger.info("log", metadata: ["origin": "\(identity.origin)", "keys": "\(keys)"])
        if let reason = store.ledger.refusal {
            logger.error("the ledger is read-only", metadata: ["reason": "\(reason)"])
        }
        for change in try await store.recordKeys() {
            logger.notice(
                "key of the log changed",
                metadata: [
                    "action": "\(change.action.rawValue)", "key": "\(change.key)", "record": "\(change.record)",
                ])
        }
    }

    private static func logger(_ settings: Settings) -> Logger {
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

    private static func listen(_ addresses: [ListenAddress]) throws -> [FileDescriptorBox] {
        do {
            return try addresses.flatMap { try Listening.open(host: $0.host, port: $0.port) }
        } catch {
            throw Failure(.cannotStart, "\(error)")
        }
    }

    private static func server(
        _ settings: Settings, registry: Registry, lanes: Lanes, logger: Logger
    ) throws -> HTTPServer {
        let count = settings.threads.loops == 0 ? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) : settings.threads.loops
        let loops = try (0..<count).map { try EventLoop(label: "waybill.loop.\($0)") }
        for loop in loops { loop.start() }
        let readiness = Readiness()
        let api = API(registry: registry, limits: settings.registryLimits, logger: logger) { readiness.isReady }
        let server = HTTPServer(
            limits: settings.servingLimits, loops: loops, lanes: lanes, logger: logger, problem: Problem.fromEngine
        ) { await api.respond(to: $0) }
        readiness.server = server
        return server
    }

    private static func announce(_ addresses: [SocketAddress], logger: Logger) {
        for address in addresses {
            logger.info("listening", metadata: ["address": "http://\(address)", "version": "\(Version.text)"])
        }
    }

    // MARK: - Life

    private static func run(
        _ server: HTTPServer, on listeners: [FileDescriptorBox], registry: Registry, ledger: Ledger, anchors: Anchors?,
        logger: Logger
    ) async {
        let addresses = listeners.compactMap(\.localAddress)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await sweep(registry, logger: logger) }
            group.addTask { await LedgerCheck.run(ledger, logger: logger) }
            if let anchors { group.addTask { await anchors.run() } }
            group.addTask {
                // Whoever reads that it listens may send SIGTERM the next moment.
                let name = await Signals.next(of: [SIGTERM, SIGINT]) { announce(addresses, logger: logger) }
                logger.info("draining", metadata: ["signal": "\(name)", "connections": "\(server.connectionCount)"])
                await server.drain()
            }
            await server.run(on: listeners)
            group.cancelAll()
        }
    }

    /// Drops uploads that were left alone, every few minutes.
    private static func sweep(_ registry: Registry, logger: Logger) async {
        while !Task.isCancelled {
            do {
                let dropped = try await registry.dropExpiredUploads()
                if dropped > 0 { logger.info("expired uploads dropped", metadata: ["count": "\(dropped)"]) }
                if dropped == Registry.sweptAtOnce { continue }
            } catch {
                logger.error("expired uploads could not be dropped", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(300))
        }
    }
}
