import Attestation
package import OCI
package import RegistryCore

import enum Crypto.P256

/// What the builders and pushers of a middle-sized company send, the same in every run: record `n` is always about the
/// same content, so that a client knows which digests it may ask for.
///
/// Of ten records one is the push of an image and the next is about that image; the others are about content that is not
/// here. Every other build record is a signed provenance statement, the rest are plain.
package struct Documents: Sendable {
    /// Repositories that images are pushed to.
    package static let repositories = 200
    private static let builders = 20

    private let key: P256.Signing.PrivateKey
    private let keyid: String
    /// The key, trusted for all builders.
    package let trust: TrustedBuilders

    /// Makes the key.
    package init() throws {
        key = try P256.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: 7, count: 32))
        let builderKey = try BuilderKey(pem: key.publicKey.pemRepresentation)
        keyid = "\(builderKey.id)"
        trust = TrustedBuilders([
            (builderKey, [BuilderPolicy.BuilderPattern("https://ci.example.com/*")].compactMap(\.self))
        ])
    }

    /// Whether record `number` is the push of an image.
    package static func isPush(_ number: Int) -> Bool { number % 10 == 0 }

    /// What record `number` is about.
    package static func digest(_ number: Int) -> Digest {
        number % 10 > 1 ? hash("image", number) : Digest(.sha256, of: manifest(number / 10))
    }

    // MARK: - Pushes

    /// The repository that push `number` goes to, or that build `number` was made from.
    package static func repository(_ number: Int) -> String {
        "team-\(number / 10 % 20)/app-\(number / 10 % repositories)"
    }

    /// The tag of push `number`.
    package static func tag(_ number: Int) -> String { "1.\(number / 10)" }

    /// An image of which three layers of four are those of many others.
    package static func manifest(_ image: Int) -> [UInt8] {
        let layers = (0..<4).map { layer in
            """
            {"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",\
            "digest":"\(layer < 3 ? hash("base\(layer)", image % 500) : hash("layer", image))","size":\(31_337 + image)}
            """
        }
        return Array(
            """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
            "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\(hash("config", image))",\
            "size":1500},"layers":[\(layers.joined(separator: ","))],"annotations":{\
            "org.opencontainers.image.revision":"\(commit(image))",\
            "org.opencontainers.image.source":"https://git.example.com/\(repository(image * 10))",\
            "org.opencontainers.image.version":"1.\(image)",\
            "org.opencontainers.image.created":"2026-01-01T00:00:00Z",\
            "org.opencontainers.image.base.digest":"\(hash("base", image % 50))",\
            "com.example.team":"team-\(image % 20)","com.example.stage":"\(image % 3 == 0 ? "production" : "test")"}}
            """.utf8)
    }

    // MARK: - Build records

    /// Record `number`, which is no push, and its form.
    package func build(_ number: Int) throws -> (content: [UInt8], form: EvidenceForm) {
        number.isMultiple(of: 2) ? (plain(number), .plain) : (try envelope(number), .envelope)
    }

    /// A signed provenance statement.
    package func envelope(_ number: Int) throws -> [UInt8] {
        let statement = Array(provenance(number).utf8)
        var signed = Array("DSSEv1 \(Self.statementType.utf8.count) \(Self.statementType) \(statement.count) ".utf8)
        signed += statement
        let signature = try key.signature(for: signed).derRepresentation
        return Array(
            """
            {"payload":"\(Self.base64(statement))","payloadType":"\(Self.statementType)",\
            "signatures":[{"keyid":"\(keyid)","sig":"\(Self.base64(Array(signature)))"}]}
            """.utf8)
    }

    /// A build record as a build system sends it that does not sign.
    package func plain(_ number: Int) -> [UInt8] {
        Array(
            """
            {"subjects":["\(Self.digest(number))"],"builder":"\(Self.builder(number))",\
            "startedOn":"2026-01-01T00:00:00Z","finishedOn":"2026-01-01T00:02:11Z",\
            "revision":{"gitCommit":"\(Self.commit(number / 3))"},\
            "source":"git+https://git.example.com/\(Self.repository(number))@refs/heads/main",\
            "labels":{"org.opencontainers.image.version":"1.\(number)","com.example.team":"team-\(number % 20)",\
            "com.example.stage":"\(number % 3 == 0 ? "production" : "test")","com.example.change":"CHG\(number / 7)"},\
            "config":{"sha256":"\(Self.hash("build", number % 1000).hex)"},\
            "lockfile":{"sha256":"\(Self.hash("lock", number / 5).hex)"},\
            "environment":{"os":"debian 12","arch":"amd64","swift":"6.3","runner":"hosted-\(number % 64)"},\
            "invocation":"https://ci.example.com/\(Self.repository(number))/runs/\(number)"}
            """.utf8)
    }

    private func provenance(_ number: Int) -> String {
        """
        {"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"registry.example.com/\(Self.repository(number))",\
        "digest":{"sha256":"\(Self.digest(number).hex)"}}],"predicateType":"https://slsa.dev/provenance/v1",\
        "predicate":{"buildDefinition":{"buildType":"https://ci.example.com/workflow/v1","externalParameters":{\
        "workflow":{"ref":"refs/heads/main","repository":"https://git.example.com/\(Self.repository(number))",\
        "path":".ci/release.yml"}},"internalParameters":{"runner":"hosted-\(number % 64)"},"resolvedDependencies":[\
        {"uri":"git+https://git.example.com/\(Self.repository(number))@refs/heads/main",\
        "digest":{"gitCommit":"\(Self.commit(number / 3))"}},\
        {"uri":"pkg:docker/debian@12?platform=linux%2Famd64","digest":{"sha256":"\(Self.hash("base", number % 50).hex)"}}]},\
        "runDetails":{"builder":{"id":"\(Self.builder(number))"},"metadata":{\
        "invocationId":"https://ci.example.com/\(Self.repository(number))/runs/\(number)",\
        "startedOn":"2026-01-01T00:00:00Z","finishedOn":"2026-01-01T00:02:11Z"}}}}
        """
    }

    private static let statementType = "application/vnd.in-toto+json"

    /// The builder of record `number`.
    package static func builder(_ number: Int) -> String { "https://ci.example.com/runners/\(number % builders)@v1" }

    /// The revision of image `number`; of build record `number`, that of a third of it.
    package static func commit(_ number: Int) -> String { String(hash("commit", number).hex.prefix(40)) }

    /// Some content that is nowhere.
    package static func hash(_ kind: String, _ number: Int) -> Digest {
        Digest(.sha256, of: Array("\(kind) \(number)".utf8))
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count / 3 * 4 + 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
