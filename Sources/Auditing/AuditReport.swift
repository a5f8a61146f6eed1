package import OCI

/// What came of checking a file.
package struct AuditReport: Equatable, Sendable {
    /// One thing that was checked.
    package struct Check: Equatable, Sendable {
        /// What is checked, in the words of the report.
        package enum Name: String, Sendable, CaseIterable {
            /// The file can be read.
            case format
            /// The entry can be read, and is what is said of it beside it.
            case entry
            /// The entry is in the tree of the checkpoint.
            case inclusion
            /// The checkpoint is signed by a log that is trusted.
            case checkpoint
            /// Enough witnesses have signed the checkpoint.
            case quorum
            /// The entry commits to the envelope.
            case envelope
            /// The entry commits to the statement or record.
            case statement
            /// The statement is the payload of the envelope.
            case payload
            /// The envelope is signed by a builder that is trusted.
            case builder
            /// It is about the digest that was asked for.
            case digest
        }

        /// How it went.
        package enum Result: String, Sendable {
            case ok
            case failed
            /// There was nothing to check it with.
            case skipped
        }

        /// What was checked.
        package let name: Name
        /// How it went.
        package let result: Result
        /// Why, or what was found.
        package let detail: String

        /// Something that was checked.
        package init(_ name: Name, _ result: Result, _ detail: String) {
            self.name = name
            self.result = result
            self.detail = detail
        }
    }

    /// Everything that was checked, in order.
    package internal(set) var checks: [Check] = []
    /// What the entries say that are in the file. Only to be believed when nothing failed.
    package internal(set) var entries: [LoggedEntry] = []
    /// Whether witnesses had to sign.
    package internal(set) var isWitnessed = false

    /// Whether there is nothing wrong.
    package var isGood: Bool { failures.isEmpty && !checks.isEmpty }

    /// What failed, each once.
    package var failures: [Check.Name] {
        var seen: Set<Check.Name> = []
        return checks.filter { $0.result == .failed }.map(\.name).filter { seen.insert($0).inserted }
    }

    /// What no file of this kind can show.
    package var limits: String {
        let common = "that nothing newer was logged (freshness), nor that everything was (completeness)"
        return isWitnessed
            ? "This does not prove \(common)."
            : "This does not prove \(common), nor, without witnesses, that the log shows others the same tree."
    }
}

extension AuditReport {
    /// The report for people, a line each.
    package var lines: [String] {
        let checks = checks.map { check in
            let result = check.result == .failed ? "FAILED" : check.result.rawValue
            return "\(result.padded(to: 8))\(check.name.rawValue): \(check.detail)"
        }
        return checks + entries.flatMap(\.lines) + [limits]
    }

    /// The report for programs.
    package var json: JSONValue {
        [
            "good": .bool(isGood),
            "checks": .array(
                checks.map { check in
                    [
                        "name": .string(check.name.rawValue), "result": .string(check.result.rawValue),
                        "detail": .string(check.detail),
                    ]
                }),
            "entries": .array(entries.map { .object(JSONObject($0.members)) }),
            "limits": .string(limits),
        ]
    }
}

extension LoggedEntry {
    fileprivate var members: [(name: String, value: String)] {
        let all: [(String, String?)] = [
            ("kind", kind), ("time", time), ("repository", repository), ("subject", subject.map { "\($0)" }),
            ("builder", builder), ("revision", revision),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }

    /// Text out of a file goes to a terminal, so it is shown as it is only when it is harmless.
    fileprivate var lines: [String] {
        members.map { name, value in
            let isHarmless = value.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            return "        \(name.padded(to: 12))\(isHarmless ? value : value.quoted(limit: 512))"
        }
    }
}

extension JSONObject {
    fileprivate init(_ members: [(name: String, value: String)]) {
        self.init()
        for (name, value) in members { self[name] = .string(value) }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(width - utf8.count, 1))
    }
}
