import ArgumentParser
import Configuration
import Logging
import Moving
import OCI
import RegistryCore

/// `waybill import`
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Move the images of another registry, of a layout or of docker save into a data folder.",
        discussion: """
            The server of the data folder must be stopped. Every manifest is a push with its record in the ledger. All content is \
            hashed. What is missing or damaged is named and left out, with all that depends on it, and the command ends with 1. \
            What is there already is left as it is, so that it can be repeated; a tag that points elsewhere is moved, unless \
            --keep-tags is given.
            """,
        subcommands: [ImportDockerRegistry.self, ImportLayout.self, ImportDockerArchive.self])
}

/// Where something is imported, the same for every source.
struct ImportOptions: ParsableArguments {
    @Flag(help: "Read and hash everything, and change nothing; also beside a running server.") var dryRun = false
    @Flag(help: "Leave tags where they are that point at something else here.") var keepTags = false
    @Flag(help: "Print the result as JSON.") var json = false
    @OptionGroup var options: ConfigurationOptions

    /// Imports what `source` has.
    ///
    /// - Parameters:
    ///   - name: what the records say of how it came: the name of the command.
    ///   - patterns: which repositories are meant; none for all.
    func run(_ name: String, from source: any ImageSource, only patterns: [Glob] = []) async throws {
        let settings = try options.settings()
        let printer = MovePrinter(json: json, verb: dryRun ? "would come" : "came")
        let report: MoveReport
        if dryRun {
            let rehearsal = try Self.rehearsal(settings)
            report = try await run(source, rehearsal, settings, patterns, printer.events())
        } else {
            let (store, registry) = try await Self.open(settings)
            let actor = Actor(userAgent: "waybill/\(Version.text) import \(name)", isAdministrator: true)
            do {
                let target = RegistryTarget(registry, by: actor)
                report = try await run(source, target, settings, patterns, printer.events())
            } catch {
                await store.close()
                throw error
            }
            await store.close()
        }
        try printer.finish(report, of: patterns)
    }

    private func run(
        _ source: any ImageSource, _ target: any ImageTarget, _ settings: Settings, _ patterns: [Glob],
        _ events: MoveEvents
    ) async throws -> MoveReport {
        do {
            return try await Importer(
                from: source, to: target, limits: settings.registryLimits, keepsTags: keepTags
            ).run(selecting: patterns.selects, namingOthers: patterns.isEmpty, events: events)
        } catch {
            throw Failure(
                .foundSomethingWrong,
                "the import cannot go on: \(Self.reason(for: error)). What has come is there; repeat the command for the rest"
            )
        }
    }

    private static func reason(for error: any Error) -> String {
        switch error {
        case UploadError.outOfSpace, LedgerError.outOfSpace: "there is no room on the disk"
        case LedgerError.readOnly(let reason): "the ledger is read-only: \(reason)"
        default: "\(error)"
        }
    }

    private static func open(_ settings: Settings) async throws -> (Store, Registry) {
        let trust = try settings.trustedBuilders()
        let store = try Store(settings)
        try store.requireWritable()
        try await store.recordKeys()
        var logger = Serve.logger(settings)
        logger.logLevel = max(logger.logLevel, .warning)
        let registry = Registry(
            blobs: store.blobs, ledger: store.ledger, readLanes: store.readLanes, limits: settings.registryLimits,
            trust: trust, logger: logger, rule: { settings.policy(for: $0) })
        do {
            // What an import that was interrupted has left.
            try await registry.dropForgottenUploads()
        } catch {
            await store.close()
            throw Failure(.cannotStart, "cannot use the data folder \(settings.data): \(error)")
        }
        return (store, registry)
    }

    private static func rehearsal(_ settings: Settings) throws -> Rehearsal {
        let limits = settings.registryLimits
        return try Rehearsal(
            limits: limits, mostBlobBytes: settings.storageLimits.blob, rule: { settings.policy(for: $0) }
        ) {
            guard InputFile.exists(Store.database(settings.data)) else { return nil }
            return try LedgerArchive(of: settings)
        }
    }
}

/// `waybill import docker-registry`
struct ImportDockerRegistry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docker-registry",
        abstract: "Import the data directory of a CNCF Distribution, which is Debian's docker-registry.",
        discussion: """
            DIR is the rootdirectory of its configuration, in which docker/registry/v2 lies. Untagged manifests are imported too. \
            Symbolic links below DIR are not followed. Docker schema 1 manifests are named and left out. Stop the other registry, \
            or repeat the command once it has stopped.
            """)

    @Argument(help: ArgumentHelp("Its data directory.", valueName: "dir")) var folder: String
    @OptionGroup var repositories: RepositoryPatterns
    @OptionGroup var importing: ImportOptions

    func run() async throws {
        let source: DockerRegistrySource
        do { source = try DockerRegistrySource(folder) } catch {
            throw Failure(.usage, "cannot use \(folder.quoted()): \(error)")
        }
        try await importing.run("docker-registry", from: source, only: repositories.patterns)
    }
}

/// `waybill import oci-layout`
struct ImportLayout: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "oci-layout",
        abstract: "Import a folder or a tar archive in the OCI image layout.",
        discussion: """
            Takes every manifest that its index.json lists, with all that it names. The tag is the name that it has there, or the \
            part behind the last colon of a whole name. What has none is imported by digest. An archive that is compressed has to \
            be unpacked first.
            """)

    @Argument(help: ArgumentHelp("The folder or archive, with oci-layout and index.json in it.", valueName: "path"))
    var folder: String

    @OptionGroup var destination: ImportDestination
    @OptionGroup var importing: ImportOptions

    func run() async throws {
        let source: LayoutSource
        do { source = try LayoutSource(folder, into: destination.repository) } catch {
            throw Failure(.usage, "cannot use \(folder.quoted()): \(error)")
        }
        try await importing.run("oci-layout", from: source)
    }
}

/// `waybill import docker-archive`
struct ImportDockerArchive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docker-archive",
        abstract: "Import what docker save and skopeo copy … docker-archive: write.",
        discussion: """
            Takes every image that its manifest.json lists, as a tar archive or unpacked. Such an archive has no manifest, so one is \
            made: an OCI image manifest over the configuration as it is, byte for byte, and the layers as they are, uncompressed. It \
            is always the same for the same image, and not the one that the image had in a registry. Newer archives are an OCI image \
            layout at the same time: when nothing of that is missing, everything that its index.json lists is taken as it is. \
            Repository and tag are those of the name that an image has there, such as docker.io/library/app:v1.
            """)

    @Argument(help: ArgumentHelp("The archive or folder, with manifest.json in it.", valueName: "path"))
    var path: String

    @OptionGroup var destination: ImportDestination
    @OptionGroup var importing: ImportOptions

    func run() async throws {
        let source: any ImageSource
        do { source = try DockerArchiveSource.open(path, into: destination.repository) } catch {
            throw Failure(.usage, "cannot use \(path.quoted()): \(error)")
        }
        try await importing.run("docker-archive", from: source)
    }
}

/// Where images go that are not in repositories where they are.
struct ImportDestination: ParsableArguments {
    @Option(
        help: ArgumentHelp("Where everything goes. (default: where the names of the images say)", valueName: "name"),
        transform: RepositoryName.init(argument:))
    var repository: RepositoryName?
}

extension RepositoryName {
    /// Reads a name, or says what is wrong with it.
    init(argument: String) throws {
        do { try self.init(parsing: argument) } catch { throw ValidationError("\(error)") }
    }
}
