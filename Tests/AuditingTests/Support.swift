import Attestation
import Auditing
import OCI
import RegistryTesting
import Testing
import TransparencyLog

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The log and the witness of the vectors.
func policy(quorum: Int? = nil) throws -> Policy {
    try Policy(
        logs: [VerifierKey(parsing: AuditVectors.logKey)], witnesses: [VerifierKey(parsing: AuditVectors.witnessKey)],
        quorum: quorum)
}

/// A verifier that wants everything of the vectors.
func strictVerifier() throws -> BundleVerifier {
    try BundleVerifier(
        policy: policy(), builderKeys: [BuilderKey(pem: AuditVectors.builderKey)],
        digest: Digest(parsing: AuditVectors.image))
}

extension AuditReport {
    /// The checks of one result, by name.
    func names(_ result: Check.Result) -> Set<Check.Name> {
        Set(checks.filter { $0.result == result }.map(\.name))
    }
}

/// A JSON document with one bit flipped inside a member that holds bytes.
func flipped(
    _ document: String, _ path: [String], at index: Int = 0,
    decode: (String) -> [UInt8]? = { Base64.decodeForURL($0.utf8) },
    encode: ([UInt8]) -> String = { Base64.encodeForURL($0) }
) throws -> [UInt8] {
    try changed(document, path) { value in
        let decoded = decode(value.string ?? "")
        var content = try #require(decoded)
        content[index < 0 ? content.count + index : index] ^= 1
        return .string(encode(content))
    }
}

/// The same for a member in standard Base64.
func flippedStandard(_ document: String, _ path: [String], at index: Int = 0) throws -> [UInt8] {
    try flipped(
        document, path, at: index, decode: { Base64.decode($0.utf8) }, encode: { Base64.encode($0) })
}

/// A JSON document with the value at a path changed. A number in the path is the index of an array.
func changed(
    _ document: String, _ path: [String], _ change: (JSONValue) throws -> JSONValue?
) throws -> [UInt8] {
    try changed(JSONValue(parsing: bytes(document)), path[...], change).serialized()
}

private func changed(
    _ value: JSONValue, _ path: ArraySlice<String>, _ change: (JSONValue) throws -> JSONValue?
) throws -> JSONValue {
    guard let key = path.first else { return try change(value) ?? .null }
    if let index = Int(key) {
        var elements = try #require(value.array)
        elements[index] = try changed(elements[index], path.dropFirst(), change)
        return .array(elements)
    }
    var object = try #require(value.object)
    object[key] = try changed(try #require(object[key]), path.dropFirst(), change)
    return .object(object)
}

/// A log of one entry, and who trusts it.
struct SmallLog {
    let key: SignerKey

    init() throws {
        key = try SignerKey(name: KeyName(parsing: "small.example"), seed: Array(repeating: 7, count: 32))
    }

    func bundle(_ entry: String, envelope: JSONValue? = nil, body: [UInt8]? = nil) throws -> [UInt8] {
        let checkpoint = try Checkpoint(origin: "small.example", size: 1, root: .leaf(of: bytes(entry)))
        let bundle = ProofBundle(
            entry: bytes(entry), inclusion: InclusionProof(index: 0, size: 1, hashes: []),
            checkpoint: try SignedCheckpoint(checkpoint, signedBy: [key]), envelope: envelope, body: body)
        return bundle.json.serialized()
    }

    func report(
        _ entry: String, envelope: JSONValue? = nil, body: [UInt8]? = nil, digest: String? = nil
    ) throws -> AuditReport {
        let verifier = try BundleVerifier(
            policy: Policy(logs: [key.verifier]), digest: digest.map { try Digest(parsing: $0) })
        return verifier.verify(try bundle(entry, envelope: envelope, body: body))
    }
}
