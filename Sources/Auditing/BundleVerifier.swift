package import Attestation
package import OCI
package import TransparencyLog

/// Checks a file that shows that something was logged, with nothing but the keys that the auditor trusts.
package struct BundleVerifier: Sendable {
    private let policy: Policy
    private let builderKeys: [BuilderKey]
    private let digest: Digest?

    /// Trusts the logs and witnesses of the policy.
    ///
    /// - Parameters:
    ///   - builderKeys: keys of which one has to have signed the envelope; without any, no signature is checked.
    ///   - digest: what the file has to be about; without one, anything.
    package init(policy: Policy, builderKeys: [BuilderKey] = [], digest: Digest? = nil) {
        self.policy = policy
        self.builderKeys = builderKeys
        self.digest = digest
    }

    /// Makes every check that the file and the keys allow. A failure does not stop the others.
    package func verify(_ file: [UInt8]) -> AuditReport {
        var report = AuditReport()
        report.isWitnessed = policy.quorum != nil
        let evidence: Evidence
        do { evidence = try Evidence(parsing: file) } catch {
            report.add(.format, .failed, "\(error)")
            return report
        }
        report.add(.format, .ok, "this is a \(evidence.form.rawValue)")
        for proof in evidence.proofs { check(proof, evidence, &report) }
        checkPayload(evidence, &report)
        checkBuilder(evidence, &report)
        return report
    }

    private func check(_ proof: Evidence.Proof, _ evidence: Evidence, _ report: inout AuditReport) {
        checkCheckpoint(proof, &report)
        checkQuorum(proof, &report)
        guard let bytes = proof.entry else {
            return report.add(.inclusion, .failed, "the file does not have the entry, in a line that begins with extra")
        }
        checkInclusion(proof, of: bytes, &report)
        let content: Content
        do { content = try Content(parsing: bytes, outside: proof.outside) } catch {
            return report.add(.entry, .failed, error.sentence)
        }
        report.add(.entry, .ok, "this is an entry of kind \(content.entry.kind.quoted(limit: 32))")
        report.entries.append(content.entry)
        checkEnvelope(content, evidence, &report)
        checkStatement(content, evidence, &report)
        checkDigest(content, evidence, &report)
    }
}

// What the log has signed.
extension BundleVerifier {
    private func checkCheckpoint(_ proof: Evidence.Proof, _ report: inout AuditReport) {
        do {
            let log = try policy.withoutWitnesses.evaluate(proof.checkpoint).log
            guard proof.outside == nil || proof.outside?.logID == log.logID else {
                return report.add(.checkpoint, .failed, "logId of the log entry is not that of \(log.name)+\(log.id)")
            }
            report.add(
                .checkpoint, .ok,
                "\(log.name)+\(log.id) has signed a tree of \(proof.checkpoint.checkpoint.size) entries")
        } catch {
            report.add(.checkpoint, .failed, "\(error)")
        }
    }

    private func checkQuorum(_ proof: Evidence.Proof, _ report: inout AuditReport) {
        guard !policy.witnesses.isEmpty else { return }
        do {
            let cosignatures = try policy.evaluate(proof.checkpoint).cosignatures
            let names = cosignatures.map { cosignature in
                "\(cosignature.key.name) at \(Timestamp(seconds: cosignature.time ?? 0))"
            }
            report.add(.quorum, .ok, names.isEmpty ? "none is needed" : "signed by \(names.joined(separator: ", "))")
        } catch {
            report.add(.quorum, .failed, "\(error)")
        }
    }

    private func checkInclusion(_ proof: Evidence.Proof, of entry: [UInt8], _ report: inout AuditReport) {
        do {
            try proof.inclusion.verify(leaf: .leaf(of: entry), root: proof.checkpoint.checkpoint.root)
            report.add(.inclusion, .ok, "entry \(proof.inclusion.index) is in the tree of \(proof.inclusion.size)")
        } catch {
            report.add(.inclusion, .failed, "\(error)")
        }
    }
}

// What the entry is about.
extension BundleVerifier {
    private func checkEnvelope(_ content: Content, _ evidence: Evidence, _ report: inout AuditReport) {
        guard let envelope = evidence.envelope else {
            if content.commitsToEnvelope {
                report.add(.envelope, .skipped, "the entry commits to an envelope that the file does not have")
            }
            return
        }
        switch content {
        case .hashedRekord(let entry):
            guard entry.isAbout(envelope.envelope) else {
                return report.add(.envelope, .failed, "the entry is of another envelope or another signature")
            }
        case .ledger(let entry):
            guard let expected = entry.envelope else {
                return report.add(.envelope, .failed, "the entry commits to no envelope")
            }
            let found = envelope.sha256
            guard found == expected else {
                return report.add(.envelope, .failed, "the entry commits to \(expected), and the envelope has \(found)")
            }
        }
        report.add(.envelope, .ok, "the entry commits to it")
    }

    private func checkStatement(_ content: Content, _ evidence: Evidence, _ report: inout AuditReport) {
        guard let body = evidence.body ?? evidence.envelope?.envelope.payload else {
            if content.entry.body != nil {
                report.add(.statement, .skipped, "the entry commits to a statement that the file does not have")
            }
            return
        }
        guard let expected = content.entry.body else {
            // An entry that commits to the envelope commits to its payload, and `payload` compares that.
            if evidence.body != nil, evidence.envelope == nil {
                report.add(.statement, .failed, "the entry commits to no statement")
            }
            return
        }
        let found = Digest(sha256Of: body)
        guard found == expected else {
            return report.add(.statement, .failed, "the entry commits to \(expected), and the statement has \(found)")
        }
        report.add(.statement, .ok, "the entry commits to it")
    }

    private func checkPayload(_ evidence: Evidence, _ report: inout AuditReport) {
        guard let envelope = evidence.envelope, let body = evidence.body else { return }
        guard envelope.envelope.payload == body else {
            return report.add(.payload, .failed, "the statement is not the payload of the envelope")
        }
        report.add(.payload, .ok, "the statement is the payload of the envelope")
    }

    private func checkBuilder(_ evidence: Evidence, _ report: inout AuditReport) {
        guard !builderKeys.isEmpty else {
            if evidence.envelope != nil { report.add(.builder, .skipped, "no key of a builder was given") }
            return
        }
        guard let envelope = evidence.envelope?.envelope else {
            return report.add(.builder, .failed, "the file has no envelope that a builder could have signed")
        }
        switch SignatureVerifier(keys: builderKeys).verify(envelope) {
        case .valid(let keyids):
            report.add(.builder, .ok, "signed by \(keyids.map(\.hex).joined(separator: ", "))")
        case .untrusted: report.add(.builder, .failed, "none of the given keys has signed the envelope")
        case .invalid: report.add(.builder, .failed, "a signature names a given key and is not by it")
        case .unsigned: report.add(.builder, .failed, "the envelope has no signature")
        }
    }

    private func checkDigest(_ content: Content, _ evidence: Evidence, _ report: inout AuditReport) {
        guard let digest else { return }
        let payload = evidence.envelope.flatMap { $0.envelope.hasStatement ? $0.envelope.payload : nil }
        if let bytes = payload ?? evidence.body, let statement = try? Statement(parsing: bytes) {
            guard statement.isAbout(digest) else {
                return report.add(.digest, .failed, "the statement is not about \(digest)")
            }
            return report.add(.digest, .ok, "the statement is about \(digest)")
        }
        if let bytes = evidence.body, let record = try? BuildRecord(parsingPlain: bytes, now: Timestamp(seconds: .max))
        {
            let isAbout = record.subjects.contains { $0.digests.contains(digest) }
            return report.add(
                .digest, isAbout ? .ok : .failed, "the record is \(isAbout ? "" : "not ")about \(digest)")
        }
        guard content.entry.subject == digest else {
            let found = content.entry.subject.map { "\($0)" } ?? "no digest"
            return report.add(.digest, .failed, "the entry is about \(found), not \(digest)")
        }
        report.add(.digest, .ok, "the entry is about \(digest)")
    }
}

/// What an entry is.
private enum Content {
    case ledger(LoggedEntry)
    case hashedRekord(HashedRekord)

    init(parsing bytes: [UInt8], outside: TransparencyLogEntry?) throws(ContentError) {
        let kind = (try? JSONValue(parsing: bytes))?["kind"]?.string
        guard kind == HashedRekord.kind else {
            do { self = .ledger(try LoggedEntry(parsing: bytes)) } catch { throw ContentError(sentence: "\(error)") }
            return
        }
        do { self = .hashedRekord(try HashedRekord(parsingEntry: bytes)) } catch {
            throw ContentError(sentence: "\(error)")
        }
        guard let outside else { return }
        guard outside.kind == HashedRekord.kind, outside.version == HashedRekord.version else {
            throw ContentError(sentence: "kindVersion of the log entry is not that of the entry itself")
        }
    }

    var entry: LoggedEntry {
        switch self {
        case .ledger(let entry): entry
        case .hashedRekord(let entry): LoggedEntry(entry)
        }
    }

    var commitsToEnvelope: Bool {
        switch self {
        case .ledger(let entry): entry.envelope != nil
        case .hashedRekord: true
        }
    }
}

private struct ContentError: Error {
    let sentence: String
}

extension AuditReport {
    fileprivate mutating func add(_ name: Check.Name, _ result: Check.Result, _ detail: String) {
        checks.append(Check(name, result, detail))
    }
}
