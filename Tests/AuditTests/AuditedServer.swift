import Attestation
import Glibc
import HTTPServing
import HTTPTypes
import OCI
import RegistryCore
import RegistryTesting
import TransparencyLog

import enum Crypto.P256

/// The built program with everything that vouches for its log: a witness, a time-stamp authority, a builder whose key is known.
struct AuditedServer {
    static let origin = "registry.example.com"
    static let builder = "https://ci.example.com/runners/hosted@v1"

    let folder = TemporaryFolder()
    let server: WaybillServer
    let witness: WitnessServer
    let authority: TimestampAuthority
    private let stamps: LoopbackServer
    /// The log's own verifier key, as an auditor has it from elsewhere.
    let logKey: VerifierKey
    let builderKey = P256.Signing.PrivateKey()

    init() async throws {
        let key = LogIdentity.test.signers[0]
        logKey = key.verifier
        let keys = "\(folder.path)/data/keys"
        guard mkdir("\(folder.path)/data", 0o700) == 0, mkdir(keys, 0o700) == 0 else { throw SystemFailure() }
        try LogKeyFile(folder: keys).write([key])
        witness = try await WitnessServer(knowing: (Self.origin, "\(logKey)"))
        let authority = try await TimestampAuthority()
        self.authority = authority
        stamps = try LoopbackServer { request in
            guard let query = try? await request.body.collect(upTo: 65536),
                let reply = try? await authority.reply(to: query)
            else { return Response(.internalServerError) }
            return Response(.ok, [.contentType: "application/timestamp-reply"], body: .bytes(reply))
        }
        folder.write(Array(builderKey.publicKey.pemRepresentation.utf8), to: "ci.pub")
        folder.write(Array("\(logKey)\n".utf8), to: "keys.txt")
        folder.write(
            Array(
                """
                ledger:
                  origin: \(Self.origin)
                  witnesses: ["\(witness.key) \(witness.url)"]
                  quorum: 1
                  timestamp_authority: http://127.0.0.1:\(stamps.port)/
                  timestamp_interval: 10s
                builders:
                  - key: \(folder.path)/ci.pub
                    allow: ["https://ci.example.com/*"]

                """.utf8), to: "waybill.yaml")
        server = try await WaybillServer(
            data: "\(folder.path)/data", ["--config", "\(folder.path)/waybill.yaml"])
    }

    private struct SystemFailure: Error {}

    func stop() async {
        _ = await server.stop()
        await witness.stop()
        await stamps.stop()
    }

    /// The URL below which the log is.
    var url: String { "http://\(server.address)/" }

    /// Runs one of the audit programs; its exit code and what it wrote.
    func run(_ tool: String, _ arguments: [String]) async throws -> Program.Result {
        try await Program.run(PythonTools.path(tool), arguments)
    }

    /// `aics-tlog` with the log's key.
    func tlog(_ arguments: String...) async throws -> Program.Result {
        try await run("aics-tlog", arguments + ["--vkey-file", "\(folder.path)/keys.txt", "--origin", Self.origin])
    }

    /// An envelope with SLSA provenance about `digest`, signed by the builder.
    func envelope(about digest: Digest, invocation: Int = 1) throws -> [UInt8] {
        let statement: JSONValue = [
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [["name": "app", "digest": ["sha256": .string(digest.hex)]]],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": [
                "buildDefinition": [
                    "buildType": "https://ci.example.com/build/v1", "externalParameters": [:],
                    "resolvedDependencies": [
                        [
                            "uri": "git+https://git.example.com/team/app@refs/heads/main",
                            "digest": ["gitCommit": "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"],
                        ]
                    ],
                ],
                "runDetails": [
                    "builder": ["id": .string(Self.builder)],
                    "metadata": [
                        "invocationId": .string("https://ci.example.com/runs/\(invocation)"),
                        "startedOn": "2026-01-01T00:00:00Z", "finishedOn": "2026-01-01T00:02:11Z",
                    ],
                ],
            ],
        ]
        let unsigned = Envelope(
            payload: statement.serialized(), payloadType: Envelope.statementType, signatures: [])
        let signature = try builderKey.signature(for: unsigned.preAuthenticationEncoding)
        let keyID = try BuilderKey(pem: builderKey.publicKey.pemRepresentation).id
        return Envelope(
            payload: unsigned.payload, payloadType: unsigned.payloadType,
            signatures: [Envelope.Signature(keyid: "\(keyID)", bytes: Array(signature.derRepresentation))]
        ).json.serialized()
    }

    /// Posts an envelope; gives the number of its record.
    func post(_ envelope: [UInt8]) throws -> Int64 {
        let answer = try server.request(
            "POST", "/provenance", [("Content-Type", "application/vnd.dsse.envelope.v1+json")], body: envelope)
        guard answer.status == 201, let record = try JSONValue(parsing: answer.body)["record"]?["id"]?.int64 else {
            throw NotTaken(answer: String(decoding: answer.body, as: UTF8.self))
        }
        return record
    }

    private struct NotTaken: Error {
        let answer: String
    }

    /// Waits until the newest checkpoint covers `index` and a witness has signed it.
    func witnessed(_ index: Int64) async throws -> SignedCheckpoint {
        while true {
            let checkpoint = try SignedCheckpoint(parsing: server.request("GET", "/checkpoint").body)
            if checkpoint.checkpoint.size > index, checkpoint.note.signatures.count > 1 { return checkpoint }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
