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
        subcommands: [ExportLayout.self])
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
    @OptionGroup var repositories: RepositoryPatterns
    @Flag(help: "Print the result as JSON.") var json = false
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let settings = try options.settings()
        let archive = try LedgerArchive(of: settings)
        defer { archive.close() }
        let printer = MovePrinter(json: json, verb: "written")
        let report: MoveReport
        do {
            var exporter = try LayoutExporter(archive, of: settings.data, to: folder, events: printer.events())
            report = try exporter.run(selecting: repositories.patterns.selects)
        } catch LayoutFolderError.notEmpty {
            throw Failure(.usage, "\(LayoutFolderError.notEmpty(folder))")
        } catch {
            throw Failure(.foundSomethingWrong, "the export cannot go on: \(error)")
        }
        try printer.finish(report, of: repositories.patterns)
    }
}
