import ArgumentParser
import Configuration
import LinuxIO
import Moving
import OCI
import RegistryCore
import TraceView

/// Which repositories are moved.
struct RepositoryPatterns: ParsableArguments {
    @Option(
        name: .customLong("repository"),
        help: ArgumentHelp(
            "Take only the repositories that match, such as 'team/**'. May be repeated. (default: all)",
            valueName: "pattern"),
        transform: Glob.init(argument:))
    var patterns: [Glob] = []
}

extension [Glob] {
    /// Whether a repository is meant: by any of them, or without any.
    func selects(_ name: RepositoryName) -> Bool { isEmpty || contains { $0.matches(name.rawValue) } }
}

extension Glob {
    /// Reads a pattern, or says what is wrong with it.
    init(argument: String) throws {
        do { try self.init(parsing: argument) } catch {
            throw ValidationError("\(argument.quoted()) is no pattern of repository names: \(error)")
        }
    }
}

/// Tells people what is moved: what is left out at once, how far it is now and then, and all of it at the end.
struct MovePrinter {
    /// Whether the result is for machines.
    let json: Bool
    /// What is said of a thing that has come where it should be.
    let verb: String

    /// Events that are written to standard error.
    func events() -> MoveEvents {
        var progress = Progress("")
        return MoveEvents { skipped in
            Console.error("left out: \(Self.text(skipped))")
        } progress: { step, done, total in
            progress.step = step
            progress.report(done, of: total)
        }
    }

    /// Prints the summary, and ends with 1 when something was left out, or when no repository matches what was asked for.
    func finish(_ report: MoveReport, of patterns: [Glob]) throws {
        print(json ? String(decoding: document(report).serialized(), as: UTF8.self) : summary(report))
        if report.repositories == 0, report.skippedCount == 0, !patterns.isEmpty {
            let list = patterns.map(\.description).joined(separator: ", ")
            throw Failure(.foundSomethingWrong, "no repository matches \(list)")
        }
        if report.skippedCount > 0 { throw ExitCode(ExitStatus.foundSomethingWrong.rawValue) }
    }

    private static func text(_ skipped: Skipped) -> String {
        let place = skipped.repository.isEmpty ? "" : "\(skipped.repository.visible(limit: 300)): "
        let thing = skipped.kind == .repository ? "" : " \(skipped.name.visible(limit: 300))"
        return "\(place)\(skipped.kind.rawValue)\(thing): \(skipped.reason)"
    }

    private func summary(_ report: MoveReport) -> String {
        func line(_ name: String, _ count: MoveReport.Count) -> String {
            let there = count.there == 0 ? "" : ", \(count.there) there already"
            return "\(name)\(count.moved) \(verb)\(there)"
        }
        return """
            repositories  \(report.repositories)
            \(line("manifests     ", report.manifests))
            \(line("tags          ", report.tags))\(report.keptTags == 0 ? "" : ", \(report.keptTags) kept elsewhere")
            \(line("blobs         ", report.blobs))
            bytes         \(report.bytes) of blobs
            left out      \(report.skippedCount)
            """
    }

    private func document(_ report: MoveReport) -> JSONValue {
        func count(_ number: Int) -> JSONValue { .integer(Int64(number)) }
        return [
            "ok": .bool(report.skippedCount == 0), "repositories": count(report.repositories),
            "manifests": count(report.manifests.moved), "tags": count(report.tags.moved),
            "blobs": count(report.blobs.moved), "bytes": .integer(report.bytes),
            "alreadyThere": [
                "manifests": count(report.manifests.there), "tags": count(report.tags.there),
                "blobs": count(report.blobs.there),
            ],
            "keptTags": count(report.keptTags), "skippedCount": count(report.skippedCount),
            "skipped": .array(
                report.skipped.map { skipped in
                    [
                        "repository": .string(skipped.repository), "kind": .string(skipped.kind.rawValue),
                        "name": .string(skipped.name), "reason": .string(skipped.reason),
                    ]
                }),
        ]
    }
}
