import Attestation
import FoundationEssentials
import OCI
import RegistryCore
import RegistryTesting

import enum Crypto.P256

/// Somebody with a key who signs evidence.
struct Signer: Sendable {
    /// The registry of these tests trusts it, for the builders below `https://ci.example.com/`.
    static let builder = Signer(1)
    /// The registry of these tests does not know it.
    static let stranger = Signer(2)

    private let key: P256.Signing.PrivateKey

    private init(_ seed: UInt8) {
        guard let key = try? P256.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: seed, count: 32)) else {
            preconditionFailure("these bytes are a key")
        }
        self.key = key
    }

    var publicKey: BuilderKey {
        guard let key = try? BuilderKey(pem: key.publicKey.pemRepresentation) else {
            preconditionFailure("P-256 is supported")
        }
        return key
    }

    /// The name of the key.
    var keyid: String { publicKey.id.hex }

    /// The signature of exactly these bytes, DER in Base64.
    func signature(of bytes: [UInt8]) throws -> String {
        Array(try key.signature(for: bytes).derRepresentation).base64
    }

    /// A member of `signatures`, over an envelope's encoding (DSSE protocol.md, PAE).
    func dsse(_ payload: String, type: String = Evidence.statementType, keyid: String? = nil) throws -> String {
        let encoding = "DSSEv1 \(type.utf8.count) \(type) \(payload.utf8.count) \(payload)"
        return #"{"keyid":"\#(keyid ?? self.keyid)","sig":"\#(try signature(of: [UInt8](encoding)))"}"#
    }

    /// A DSSE envelope with one signature.
    func envelope(_ payload: String, type: String = Evidence.statementType) throws -> [UInt8] {
        Evidence.envelope(payload, type: type, signatures: [try dsse(payload, type: type)])
    }
}

/// Evidence as clients write it.
enum Evidence {
    static let envelopeType = "application/vnd.dsse.envelope.v1+json"
    static let bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"
    static let statementType = "application/vnd.in-toto+json"
    static let plainType = "application/vnd.waybill.build-record.v1+json"

    static let builder = "https://ci.example.com/runners/hosted@v1"

    /// A statement of SLSA provenance 1 about these digests, by `builder`.
    static func provenance(of subjects: [Digest], by builder: String = builder, run: Int = 1) -> String {
        statement(
            of: subjects,
            """
            {"buildDefinition":{"buildType":"https://example.com/ci@v1","externalParameters":{},
              "resolvedDependencies":[{"uri":"git+https://git.example.com/team/app@refs/heads/main",
                "digest":{"gitCommit":"\(ProvenancePredicate.commit)"}}]},
             "runDetails":{"builder":{"id":"\(builder)"},"metadata":{"invocationId":"https://ci.example.com/runs/\(run)",
              "startedOn":"2026-01-01T00:00:00Z","finishedOn":"2026-01-01T00:02:11Z"}}}
            """)
    }

    /// A statement about these digests.
    static func statement(
        of subjects: [Digest], _ predicate: String = "{}", type: String = "https://slsa.dev/provenance/v1"
    ) -> String {
        let subjects = subjects.map { #"{"name":"app","digest":{"\#($0.algorithm.rawValue)":"\#($0.hex)"}}"# }
        return statement(subject: "[\(subjects.joined(separator: ","))]", predicate, type: type)
    }

    /// A statement whose member `subject` is as the test says.
    static func statement(
        subject: String, _ predicate: String = "{}", type: String = "https://slsa.dev/provenance/v1"
    ) -> String {
        #"{"_type":"https://in-toto.io/Statement/v1","subject":\#(subject),"predicateType":"\#(type)","predicate":\#(predicate)}"#
    }

    static func envelope(_ payload: String, type: String = statementType, signatures: [String]) -> [UInt8] {
        let signatures = signatures.joined(separator: ",")
        return [UInt8](
            #"{"payload":"\#([UInt8](payload).base64)","payloadType":"\#(type)","signatures":[\#(signatures)]}"#)
    }

    /// A Sigstore bundle around an envelope.
    static func bundle(_ envelope: [UInt8], hint: String = "") -> [UInt8] {
        [UInt8](
            """
            {"mediaType":"\(bundleType)",
             "verificationMaterial":{"publicKey":{"hint":"\(hint)"},"tlogEntries":[]},
             "dsseEnvelope":\(String(decoding: envelope, as: UTF8.self))}
            """)
    }

    /// A plain build record about these digests; `more` is put behind its first member.
    static func plain(_ subjects: [Digest], _ more: String = "") -> [UInt8] {
        let subjects = subjects.map { "\"\($0)\"" }.joined(separator: ",")
        return [UInt8](#"{"subjects":[\#(subjects)]\#(more)}"#)
    }
}

extension TrustedBuilders {
    /// The key of `Signer.builder`, for builders below `https://ci.example.com/`.
    static var ofTests: TrustedBuilders {
        TrustedBuilders([
            (Signer.builder.publicKey, [BuilderPolicy.BuilderPattern("https://ci.example.com/*")].compactMap(\.self))
        ])
    }
}

extension TestServer {
    /// Posts evidence.
    func post(_ evidence: [UInt8], as type: String, _ fields: [(String, String)] = []) throws -> TestResponse {
        try request("POST", "/provenance", fields + [("Content-Type", type)], body: evidence)
    }

    /// The records that a query finds.
    func records(_ query: String = "") throws -> [JSONValue] {
        let answer = try get("/provenance\(query)")
        guard answer.status == 200, let records = answer.json?["records"]?.array else {
            throw TestConnection.Failure.malformed("\(query): \(answer.text)")
        }
        return records
    }

    /// The numbers of the records that a query finds.
    func ids(_ query: String = "") throws -> [Int64] { try records(query).compactMap { $0["id"]?.int64 } }

    /// What is known of a digest.
    func trace(_ digest: Digest, _ query: String = "") throws -> JSONValue {
        let answer = try get("/provenance/\(digest)\(query)")
        guard answer.status == 200, let trace = answer.json else {
            throw TestConnection.Failure.malformed("\(digest): \(answer.text)")
        }
        return trace
    }
}
