import Attestation
package import OCI
package import TransparencyLog

import struct Crypto.SHA256

/// What came of checking the proof of one record.
package enum ProofCheck: Equatable, Sendable {
    /// A trusted log has the record, as it was shown, in the tree of that size.
    case holds(size: Int64)
    case fails(reason: String)

    /// Whether it is a proof.
    package var holds: Bool {
        if case .holds = self { true } else { false }
    }

    /// Checks that `bundle` proves `record`: the log's signature, the way to its root, and that the leaf says what the
    /// record was shown to say.
    package init(of record: JSONValue, bundle bytes: [UInt8], policy: Policy) {
        do {
            let bundle = try ProofBundle(parsing: bytes)
            _ = try bundle.verify(policy)
            guard bundle.inclusion.index == record["log"]?["index"]?.int64 else {
                self = .fails(reason: "the bundle is about index \(bundle.inclusion.index)")
                return
            }
            if let member = try LeafComparison(bundle, record).difference {
                self = .fails(reason: "the leaf has another \(member) than the record")
            } else {
                self = .holds(size: bundle.checkpoint.checkpoint.size)
            }
        } catch {
            self = .fails(reason: "\(error)")
        }
    }
}

/// A leaf and the record that was shown for it.
private struct LeafComparison {
    private let bundle: ProofBundle
    private let record: JSONValue
    private let leaf: JSONValue

    init(_ bundle: ProofBundle, _ record: JSONValue) throws(JSONError) {
        self.bundle = bundle
        self.record = record
        leaf = try JSONValue(parsing: bundle.entry)
    }

    /// What the leaf says otherwise; nil when it agrees in everything.
    ///
    /// What a client sent in the form of Rekor is a leaf of that form, which says nothing of records.
    var difference: String? {
        if record["kind"] == "hashedrekord" { return leaf["kind"] == "hashedrekord" ? nil : "kind" }
        let members = [
            ("v", .string(LeafDocument.version)), ("kind", record["kind"]), ("subjectDigest", record["digest"]),
            ("repository", record["repository"]), ("revision", revision), ("builder", builder),
            ("predicateType", record["predicateType"]),
        ]
        for (name, value) in members where leaf[name] != value { return name }
        return isTime ? content : "time"
    }

    private var fields: JSONValue? { record["kind"] == "build" ? record["fields"] : record }

    private var revision: JSONValue? {
        guard let revision = fields?["revision"], revision.string != nil else { return nil }
        return revision
    }

    /// Of a push, who built it is proved or only derived from who pushed. What is longer than a leaf has room for is not there.
    private var builder: JSONValue? {
        if record["kind"] == "push" { return record["authenticated"]?["builder"] }
        guard record["kind"] == "build", let id = fields?["builder"]?["id"]?.string, id.utf8.count <= 1024 else {
            return nil
        }
        return .string(id)
    }

    /// The same moment, whose fraction may be written shorter.
    private var isTime: Bool {
        let moments = [leaf, record].map { $0["time"]?.string.flatMap { Timestamp(parsing: $0) } }
        return moments[0] != nil && moments[0] == moments[1]
    }

    /// What the leaf has only the hash of.
    private var content: String? {
        if let body = bundle.body, let hash = leaf["statementSha256"] ?? leaf["recordSha256"] {
            guard hash == .string(Self.hash(of: body)) else { return "content" }
        }
        if let envelope = bundle.envelope, leaf["envelopeSha256"] != nil {
            let hash = Self.hash(of: envelope.canonical())
            guard leaf["envelopeSha256"] == .string(hash) else { return "envelope" }
        }
        if let labels = fields?["labels"], record["labelsOmitted"] == nil, fields?["labelsOmitted"] == nil {
            let hash = labels.object?.members.isEmpty == false ? Self.hash(of: labels.canonical()) : nil
            guard leaf["labelsSha256"]?.string == hash else { return "labels" }
        }
        return nil
    }

    private static func hash(of bytes: [UInt8]) -> String {
        Digest(algorithm: .sha256, hash: Array(SHA256.hash(data: bytes))).hex
    }
}
