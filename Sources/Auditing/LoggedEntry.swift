import Attestation
package import OCI

/// What an entry of the ledger says, by the members of `LeafDocument`.
///
/// Read from the bytes that were logged, so it is as true as the log is, and no truer.
package struct LoggedEntry: Equatable, Sendable {
    /// What happened.
    package let kind: String
    /// When, as the log says.
    package let time: String?
    /// Where.
    package let repository: String?
    /// What it is about.
    package let subject: Digest?
    /// Who built it, as the record says.
    package let builder: String?
    /// What was built, as the record says.
    package let revision: String?
    /// The SHA-256 of the envelope in canonical JSON.
    let envelope: Digest?
    /// The SHA-256 of the statement or record as it was sent.
    let body: Digest?

    /// Reads an entry of ours.
    init(parsing bytes: [UInt8]) throws(LoggedEntryError) {
        let document: JSONValue
        do { document = try JSONValue(parsing: bytes) } catch { throw .notJSON(error) }
        let members = Members(object: document.object ?? [:])
        guard try members.string("v") == "waybill.ledger/v1" else { throw .unknownVersion }
        guard let kind = try members.string("kind") else { throw .malformed("kind") }
        self.kind = kind
        time = try members.string("time")
        let repositoryHash = try members.string("repositorySha256")
        repository = try members.string("repository") ?? repositoryHash
        subject = try members.digest("subjectDigest")
        builder = try members.string("builder")
        revision = try members.string("revision")
        envelope = try members.digest("envelopeSha256", prefix: "sha256:")
        let record = try members.digest("recordSha256", prefix: "sha256:")
        body = try members.digest("statementSha256", prefix: "sha256:") ?? record
    }

    /// What an entry of Rekor's kind says.
    init(_ entry: HashedRekord) {
        kind = HashedRekord.kind
        time = nil
        repository = nil
        subject = nil
        builder = nil
        revision = nil
        envelope = nil
        body = nil
    }

    private struct Members {
        let object: JSONObject

        func string(_ name: String) throws(LoggedEntryError) -> String? {
            guard let value = object[name] else { return nil }
            guard let text = value.string else { throw .malformed(name) }
            return text
        }

        func digest(_ name: String, prefix: String = "") throws(LoggedEntryError) -> Digest? {
            guard let text = try string(name) else { return nil }
            do { return try Digest(parsing: prefix + text) } catch { throw .malformed(name) }
        }
    }
}

/// Why some bytes are not an entry of the ledger.
enum LoggedEntryError: Error, Equatable {
    case notJSON(JSONError)
    case unknownVersion
    case malformed(String)
}

extension LoggedEntryError: CustomStringConvertible {
    var description: String {
        switch self {
        case .notJSON(let error): "the entry is not JSON: \(error)"
        case .unknownVersion: "the entry is neither of waybill.ledger/v1 nor of kind hashedrekord"
        case .malformed(let member): "\(member) of the entry is missing or not what it should be"
        }
    }
}
