import ArgumentParser
import Attestation
import Configuration
import LinuxIO
import Logging
import OCI
import RegistryCore

/// `waybill gc`
struct GarbageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove what nothing needs, or say what would go and why something stays.",
        discussion: """
            A running server collects by itself (gc.interval), so without --dry-run or --explain this needs it to be stopped. \
            Removed are expired uploads, tags that the rules of repositories let go (keep_last, keep_for, keep_pulled, keep_versions), blobs that no manifest of their repository names (gc.grace after a client was last told \
            that they are here), manifests without a tag if gc.untagged says so, and files that no row names. Each removal from a \
            repository is a record.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Remove nothing, and say what would go; also beside a running server.")
    var dryRun = false

    @Option(help: ArgumentHelp("Say why this digest stays, in each repository that has it.", valueName: "digest"))
    var explain: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        if dryRun, explain != nil { throw ValidationError("--dry-run and --explain cannot be used together") }
    }

    func run() async throws {
        let settings = try options.settings()
        if let explain {
            let digest: Digest
            do { digest = try Digest(parsing: explain) } catch { throw ValidationError("--explain: \(error)") }
            try await Self.explain(digest, settings, json: json)
        } else if dryRun {
            try await show("would be removed", removed: false) { report in
                let archive = try LedgerArchive(of: settings)
                defer { archive.close() }
                try await Self.search(archive, settings).dryRun(report: report)
                return nil
            }
        } else {
            try await show("removed", removed: true) { report in
                let store = try Store(settings)
                try store.requireWritable()
                try await store.recordKeys()
                let registry = Registry(
                    blobs: store.blobs, ledger: store.ledger, readLanes: store.readLanes,
                    limits: settings.registryLimits, logger: Logger(label: "waybill"))
                let summary = try await registry.collect(settings.collectionRules, report: report)
                await store.close()
                return summary
            }
        }
    }

    private static func search(_ archive: LedgerArchive, _ settings: Settings) -> GarbageSearch<LedgerArchive> {
        GarbageSearch(in: archive, rules: settings.collectionRules, at: WallClock.system.milliseconds)
    }

    /// Runs a collection and prints what it tells of, and the sum of it.
    private func show(
        _ verb: String, removed: Bool, _ body: (_ report: (Garbage) -> Void) async throws -> CollectionSummary?
    ) async throws {
        var counted = CollectionSummary()
        let json = json
        let done = try await body { garbage in
            counted.add(garbage)
            print(json ? garbage.line(removed: removed) : "\(garbage) \(verb)")
        }
        let summary = done ?? counted
        print(json ? summary.line(removed: removed) : "\(summary) \(verb)")
    }

    private static func explain(_ digest: Digest, _ settings: Settings, json: Bool) async throws {
        let archive = try LedgerArchive(of: settings)
        defer { archive.close() }
        let explanations = try await search(archive, settings).explain(digest)
        if json {
            let document: JSONObject = [
                "digest": .string("\(digest)"), "repositories": .array(explanations.map { .object($0.json) }),
            ]
            print(String(decoding: JSONValue.object(document).serialized(), as: UTF8.self))
        } else if explanations.isEmpty {
            print("no repository has \(digest)")
        } else {
            for explanation in explanations { print("\(explanation)") }
        }
    }
}

extension Garbage: CustomStringConvertible {
    /// What it is and where, for people.
    public var description: String {
        let place = repository.map { " of \($0)" } ?? ""
        if let tag { return "tag \(tag)\(place) (\(digest))" }
        return "\(kind.rawValue) \(digest)\(place) (\(size) bytes\(freesBytes ? "" : ", kept elsewhere"))"
    }

    fileprivate func line(removed: Bool) -> String {
        var document: JSONObject = [
            "kind": .string(kind.rawValue), "digest": .string("\(digest)"), "size": .integer(size),
            "freesBytes": .bool(freesBytes), "removed": .bool(removed),
        ]
        document["tag"] = tag.map { .string($0.rawValue) }
        document["repository"] = repository.map { .string($0.rawValue) }
        return String(decoding: JSONValue.object(document).serialized(), as: UTF8.self)
    }
}

extension CollectionSummary: CustomStringConvertible {
    /// The sum, for people.
    public var description: String {
        "\(tags) tags, \(manifests) manifests, \(blobs) blobs, \(files) files, \(uploads) uploads, \(bytes) bytes"
    }

    fileprivate func line(removed: Bool) -> String {
        let document: JSONObject = [
            "tags": .integer(Int64(tags)), "manifests": .integer(Int64(manifests)), "blobs": .integer(Int64(blobs)),
            "files": .integer(Int64(files)),
            "uploads": .integer(Int64(uploads)), "bytes": .integer(bytes), "removed": .bool(removed),
        ]
        return String(decoding: JSONValue.object(document).serialized(), as: UTF8.self)
    }
}

extension Explanation: CustomStringConvertible {
    /// A sentence for people.
    public var description: String {
        let subject = "\(repository): the \(kind.rawValue)"
        return switch kept {
        case nil: "\(subject) goes with the next collection"
        case .tagged(let tags): "\(subject) stays: tagged \(tags.joined(separator: ", "))"
        case .named(let manifests):
            "\(subject) stays: named by \(manifests.map(\.description).joined(separator: ", "))"
        case .refers(let subject): "\(repository): the \(kind.rawValue) stays: it refers to \(subject)"
        case .leased(let time): "\(subject) stays until \(Timestamp(milliseconds: time))"
        case .untaggedIsKept: "\(subject) stays: manifests without a tag are kept (gc.untagged)"
        }
    }

    fileprivate var json: JSONObject {
        var document: JSONObject = [
            "repository": .string(repository.rawValue), "kind": .string(kind.rawValue), "stays": .bool(kept != nil),
        ]
        switch kept {
        case nil: break
        case .tagged(let tags): document["tags"] = .array(tags.map { .string($0) })
        case .named(let manifests): document["namedBy"] = .array(manifests.map { .string("\($0)") })
        case .refers(let subject): document["refersTo"] = .string("\(subject)")
        case .leased(let time): document["until"] = .string("\(Timestamp(milliseconds: time))")
        case .untaggedIsKept: document["untaggedIsKept"] = true
        }
        return document
    }
}
