import ArgumentParser
import Configuration
import Moving
import OCI
import RegistryCore

/// `waybill export`
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the images of a data folder in a form that other tools read.",
        discussion: """
            Works beside a running server. Nothing is converted: manifests of Docker's own types are written as they are, and skopeo \
            takes only OCI's from a layout. Content is hashed; what is damaged is named and left out, and the command ends with 1.
            """,
        subcommands: [ExportLayout.self, ExportArchive.self, ExportDockerArchive.self])
}

/// What is exported, the same for every form.
struct ExportOptions: ParsableArguments {
    @OptionGroup var repositories: RepositoryPatterns
    @Flag(
        help: """
            Write the proof of each record about each image as well, in waybill/records, and the keys of the log in \
            waybill/log.vkey, for waybill verify-bundle.
            """)
    var withRecords = false
    @Flag(help: "Print the result as JSON.") var json = false
    @OptionGroup var options: ConfigurationOptions

    /// Writes the repositories.
    func run(to path: String, as form: LayoutExporter.Form) throws {
        let settings = try options.settings()
        let archive = try LedgerArchive(of: settings)
        defer { archive.close() }
        let printer = MovePrinter(json: json, verb: "written")
        let report: MoveReport
        do {
            var exporter = try LayoutExporter(
                archive, of: settings.data, to: path, as: form,
                withRecords: withRecords ? settings.ledger.quorum : nil, events: printer.events())
            report = try exporter.run(selecting: repositories.patterns.selects)
        } catch let error as LayoutWriteError where error.isAboutWhatIsThere {
            throw Failure(.usage, "\(error)")
        } catch {
            throw Failure(.foundSomethingWrong, "the export cannot go on: \(error)")
        }
        try printer.finish(report, of: repositories.patterns)
    }
}

/// `waybill export oci-layout`
struct ExportLayout: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "oci-layout",
        abstract: "Write repositories as a folder in the OCI image layout.",
        discussion: """
            Works beside a running server. Every manifest of a repository is in it, with all that refers to it. A tag is there \
            under the name REPOSITORY:TAG, as in skopeo copy oci:DIR:REPOSITORY:TAG, and `waybill import oci-layout DIR` puts \
            everything back. Nothing is converted: manifests of Docker's own types are in it as they are, and skopeo takes only OCI's \
            from a layout. Content is hashed; what is damaged is named and left out, and the command ends with 1.
            """)

    @Argument(help: ArgumentHelp("A folder that is empty, or is not there yet.", valueName: "dir")) var folder: String
    @OptionGroup var exporting: ExportOptions

    func run() async throws { try exporting.run(to: folder, as: .folder) }
}

/// `waybill export oci-archive`
struct ExportArchive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "oci-archive",
        abstract: "Write repositories as one tar archive in the OCI image layout.",
        discussion: """
            The same as `waybill export oci-layout`, as one file: for skopeo copy oci-archive:FILE:REPOSITORY:TAG, and for \
            `waybill import oci-layout FILE`.
            """)

    @Argument(help: ArgumentHelp("A file that is not there yet.", valueName: "file")) var file: String
    @OptionGroup var exporting: ExportOptions

    func run() async throws { try exporting.run(to: file, as: .tar) }
}

/// `waybill export docker-archive`
struct ExportDockerArchive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docker-archive",
        abstract: "Write the images of tags as one tar archive for docker load.",
        discussion: """
            For docker load, podman load and skopeo copy docker-archive:FILE:REPOSITORY:TAG, and as an OCI image layout with the same \
            manifests for everything else. Only images that tags point at are in it; of an index, the one for a platform. Layers stay \
            compressed as they are, with gzip or zstd, which all three take. What Docker cannot read is named and left out, and the \
            command ends with 1: other artifacts than images, and images with foreign layers.
            """)

    @Argument(help: ArgumentHelp("A file that is not there yet.", valueName: "file")) var file: String
    @Option(
        help: ArgumentHelp(
            "Which image of an index, OS/ARCHITECTURE[/VARIANT]. (default: linux on the processor of this machine)",
            valueName: "platform"),
        transform: Platform.init(argument:))
    var platform: Platform?
    @Option(
        help: ArgumentHelp("Take only this tag. May be repeated. (default: all)", valueName: "tag"),
        transform: Tag.init(argument:))
    var tag: [Tag] = []
    @OptionGroup var exporting: ExportOptions

    func run() async throws {
        let images = DockerImages(platform: platform ?? .ofThisMachine, tags: Set(tag))
        try exporting.run(to: file, as: .dockerArchive(images))
    }
}

extension LayoutWriteError {
    /// Whether another place would do.
    fileprivate var isAboutWhatIsThere: Bool { if case .failed = self { false } else { true } }
}

extension Tag {
    /// Reads a tag, or says what is wrong with it.
    fileprivate init(argument: String) throws {
        do { try self.init(parsing: argument) } catch { throw ValidationError("\(error)") }
    }
}

extension Platform {
    /// Reads `linux/amd64` or `linux/arm/v7`, or says what is wrong with it.
    fileprivate init(argument: String) throws {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), !parts.contains("") else {
            throw ValidationError("\(argument.quoted()) is not OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT")
        }
        self.init(architecture: parts[1], os: parts[0], variant: parts.count == 3 ? parts[2] : nil)
    }

    fileprivate static var ofThisMachine: Platform {
        #if arch(arm64)
            Platform(architecture: "arm64", os: "linux")
        #elseif arch(riscv64)
            Platform(architecture: "riscv64", os: "linux")
        #else
            Platform(architecture: "amd64", os: "linux")
        #endif
    }
}
