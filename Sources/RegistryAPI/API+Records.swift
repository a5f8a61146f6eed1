import Attestation
import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import OCI
import RegistryCore

// Records as answers show them.
extension API {
    /// `GET /provenance/records/<n>`.
    func getRecord(_ index: Int64, _ request: AdmittedRequest) throws -> Response {
        let visible = request.traceable
        return .json(.object(document(of: try registry.record(index, in: visible))))
    }

    /// `GET /provenance/_facets`.
    func getFacets() async throws -> Response {
        try await registry.aside {
            var document: JSONObject = [:]
            for facet in try registry.facets() {
                document[facet.field] = .array(
                    facet.values.map { ["value": .string($0.value), "count": .integer($0.count)] })
            }
            return .json(.object(document))
        }
    }

    /// One record: what it tells of, the five fields, and where its proof is.
    func document(of record: StoredRecord) -> JSONObject {
        let rest = record.json.object ?? [:]
        var document: JSONObject = [
            "id": .integer(record.id), "kind": .string(record.kind), "time": .string(Self.text(of: record.time)),
        ]
        document["repository"] = record.repository.map { .string($0) }
        document["digest"] = record.digest.map { .string("\($0)") }
        document["actor"] = [
            "principal": record.principal.map { .string($0) } ?? .null,
            "clientAddress": record.clientAddress.map { .string($0) } ?? .null,
            "userAgent": record.userAgent.map { .string($0) } ?? .null,
        ]
        if record.kind == RecordKind.push.rawValue { document["builder"] = Self.builder(of: record) }
        for member in rest.members { document[member.key] = member.value }
        document["fields"] = fields(of: record, rest)
        document["log"] = [
            "index": .integer(record.id), "proof": .string("/provenance/records/\(record.id)/proof"),
        ]
        return document
    }

    /// The five fields that every push and every build has: builder, timestamp, revision, hash and labels; of a build, also
    /// what else its record says.
    private func fields(of record: StoredRecord, _ document: JSONObject) -> JSONValue? {
        var fields: JSONObject
        switch record.kind {
        case RecordKind.push.rawValue:
            fields = ["builder": Self.builder(of: record), "timestamp": document["created"] ?? .null]
            fields["revision"] = document["revision"] ?? .null
            fields["labels"] = document["labels"] ?? .object([:])
        case RecordKind.build.rawValue:
            let said = document["fields"]?.object ?? [:]
            let isTrusted = document["verification"]?["builderAllowed"] == true
            fields = [
                "builder": Self.builder(
                    said["builder"], isTrusted: isTrusted, sender: document["authenticated"],
                    isCarried: document["carriedBy"] != nil),
                "timestamp": said["finishedOn"] ?? said["startedOn"] ?? .null,
                "revision": said["revision"]?["gitCommit"] ?? .null,
                "labels": said["labels"] ?? .object([:]),
            ]
            for member in said.members where fields[member.key] == nil { fields[member.key] = member.value }
        default: return nil
        }
        fields["hash"] = record.digest.map { .string("\($0)") }
        fields["receivedAt"] = .string(Self.text(of: record.time))
        return .object(fields)
    }

    /// The builder that a build record names: proved when a signature may speak for it, or when it is who sent the record.
    private static func builder(
        _ said: JSONValue?, isTrusted: Bool, sender: JSONValue?, isCarried: Bool
    ) -> JSONValue {
        let proved = provedBuilder(sender)
        guard let said else { return isCarried ? .null : proved ?? .null }
        if let proved, proved["id"] == said { return proved }
        return ["id": said, "claimed": .bool(!isTrusted)]
    }

    /// The build platform that an issuer vouches for.
    private static func provedBuilder(_ sender: JSONValue?) -> JSONValue? {
        guard let sender, let id = sender["builder"] else { return nil }
        return [
            "id": id, "claimed": false, "authenticated": true, "source": "identity",
            "issuer": sender["issuer"] ?? .null, "subject": sender["subject"] ?? .null,
        ]
    }

    /// Without a build record, only who pushed is known of a builder: a claim, and marked as one. It is read from the
    /// erasable part of the record, so that it goes with it.
    static func builder(of record: StoredRecord) -> JSONValue {
        if let proved = provedBuilder(record.json["authenticated"]) { return proved }
        if let principal = record.principal {
            return ["id": .string(principal), "claimed": true, "source": "principal"]
        }
        guard let userAgent = record.userAgent else { return .null }
        return ["id": .string(userAgent), "claimed": true, "source": "user-agent"]
    }

    /// A moment in milliseconds since 1970-01-01 UTC, as answers show it.
    static func text(of milliseconds: Int64) -> String { Timestamp(milliseconds: milliseconds).textToMilliseconds }
}
