import Attestation
import OCI
import RegistryCore
import RegistryTesting
import Testing

/// Manifests that carry evidence, as their tools write them.
enum Attached {
    static let provenance = "https://slsa.dev/provenance/v1"
    static let simpleSigning = MediaType(rawValue: "application/vnd.dev.cosign.simplesigning.v1+json")

    /// A layer with a statement, as BuildKit writes it.
    static func buildKitLayer(_ statement: [UInt8], type: String = provenance) -> String {
        Manifests.descriptor(
            statement, MediaType(rawValue: Evidence.statementType),
            #","annotations":{"in-toto.io/predicate-type":"\#(type)"}"#)
    }

    /// An attestation manifest; since BuildKit 0.32 it says itself what it is about.
    static func buildKit(_ statements: [[UInt8]], about image: [UInt8]?, config: [UInt8]) -> [UInt8] {
        let layers = statements.map { buildKitLayer($0) }
        guard let image else {
            return Manifests.image(config: Manifests.descriptor(config, .ociConfig), layers: layers)
        }
        return Manifests.image(
            layers: layers,
            more: #","artifactType":"application/vnd.docker.attestation.manifest.v1+json","subject":"#
                + Manifests.descriptor(image, .ociManifest))
    }

    /// An index over an image and what attests it.
    static func index(_ image: [UInt8], _ attestation: [UInt8]) -> [UInt8] {
        Manifests.index(
            .ociIndex,
            [
                Manifests.descriptor(image, .ociManifest, #","platform":{"architecture":"amd64","os":"linux"}"#),
                Manifests.descriptor(
                    attestation, .ociManifest,
                    """
                    ,"annotations":{"vnd.docker.reference.digest":"\(image.digest)",\
                    "vnd.docker.reference.type":"attestation-manifest"},\
                    "platform":{"architecture":"unknown","os":"unknown"}
                    """),
            ])
    }

    /// A manifest under cosign's tag `.att`.
    static func cosignAttestations(_ envelopes: [[UInt8]]) -> [UInt8] {
        Manifests.image(
            layers: envelopes.map {
                Manifests.descriptor(
                    $0, MediaType(rawValue: Evidence.envelopeType),
                    #","annotations":{"predicateType":"\#(provenance)"}"#)
            })
    }

    /// What cosign signs before bundles.
    static func payload(signing image: Digest) -> [UInt8] {
        [UInt8](
            #"{"critical":{"identity":{"docker-reference":"registry.example.com/team/app"},"image":"#
                + #"{"docker-manifest-digest":"\#(image)"},"type":"cosign container image signature"},"optional":null}"#
        )
    }

    /// A manifest under cosign's tag `.sig`.
    static func cosignSignatures(_ signed: [(payload: [UInt8], signature: String)]) -> [UInt8] {
        Manifests.image(
            layers: signed.map {
                Manifests.descriptor(
                    $0.payload, simpleSigning,
                    #","annotations":{"dev.cosignproject.cosign/signature":"\#($0.signature)"}"#)
            })
    }

    /// A manifest that refers to an image with a bundle.
    static func sigstore(_ bundle: [UInt8], about image: [UInt8]) -> [UInt8] {
        Manifests.image(
            layers: [Manifests.descriptor(bundle, MediaType(rawValue: Evidence.bundleType))],
            more: #","artifactType":"\#(Evidence.bundleType)","subject":\#(Manifests.descriptor(image, .ociManifest))"#)
    }

    /// The tag that cosign makes of a digest.
    static func tag(_ digest: Digest, _ suffix: String) -> String { "sha256-\(digest.hex).\(suffix)" }
}

@Suite(.live(trust: .ofTests)) struct `Evidence that is pushed` {
    let server = Live.server
    var auditor: Auditor { Auditor(server: server) }
    let image = Fixture.image()
    var statement: [UInt8] { [UInt8](Evidence.provenance(of: [image.digest])) }

    private func push(_ manifest: [UInt8], with blobs: [[UInt8]], as reference: String? = nil) throws {
        for blob in blobs + [Manifests.empty] { try server.push(blob: blob, to: "team/app") }
        let answer = try server.put(manifest: manifest, to: "team/app", as: reference ?? "\(manifest.digest)")
        #expect(answer.status == 201, "\(answer.text)")
    }

    /// The records of evidence so far.
    private func evidence() throws -> [JSONValue] {
        try server.records().filter { !["push", "tag"].contains($0["kind"]?.string) }
    }

    private func signatures() throws -> [String?] { try evidence().map { $0["verification"]?["signature"]?.string } }

    @Test(arguments: [false, true]) func `is taken from an index of BuildKit`(_ hasSubject: Bool) throws {
        let config = [UInt8](#"{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers"}}"#)
        let sbom = [UInt8](Evidence.statement(of: [image.digest], type: "https://spdx.dev/Document"))
        let attestation = Attached.buildKit(
            [statement, sbom], about: hasSubject ? image.manifest : nil, config: config)
        let index = Attached.index(image.manifest, attestation)
        try server.push(image, to: "team/app")
        try push(attestation, with: [statement, sbom, config])
        #expect(
            try server.put(manifest: index, to: "team/app", as: "v1", type: MediaType.ociIndex.rawValue).status == 201)
        let records = try evidence()
        #expect(records.map { $0["kind"]?.string } == ["build", "attestation"])
        #expect(records.map { $0["digest"]?.string } == ["\(image.digest)", "\(image.digest)"])
        #expect(records.allSatisfy { $0["verification"]?["signature"] == "unsigned" })
        #expect(records.allSatisfy { $0["carriedBy"]?.string == "\(attestation.digest)" })
        #expect(records.allSatisfy { $0["repository"] == "team/app" })
        #expect(
            records.map { $0["attachedTo"]?.string }
                == [String?](repeating: hasSubject ? "\(image.digest)" : nil, count: 2))
        #expect(try auditor.size() == 5)
        // The same once more is pushes and no evidence.
        try push(attestation, with: [])
        #expect(
            try server.put(manifest: index, to: "team/app", as: "v1", type: MediaType.ociIndex.rawValue).status == 201)
        #expect(try evidence() == records)
        #expect(try auditor.size() == 7)
    }

    @Test func `is taken from cosign's attestations, each once`() throws {
        let first = try Signer.builder.envelope(Evidence.provenance(of: [image.digest]))
        let second = try Signer.stranger.envelope(Evidence.provenance(of: [image.digest], run: 2))
        let tag = Attached.tag(image.digest, "att")
        try server.push(image, to: "team/app")
        try push(Attached.cosignAttestations([first]), with: [first], as: tag)
        #expect(try signatures() == ["valid"])
        #expect(try auditor.size() == 3)
        try push(Attached.cosignAttestations([first, second]), with: [second], as: tag)
        #expect(try signatures() == ["valid", "untrusted"])
        let both = try evidence()
        #expect(both.allSatisfy { $0["attachedTo"]?.string == "\(image.digest)" })
        #expect(both.map { $0["verification"]?["builderAllowed"] } == [true, false])
        // A push, a move of the tag, and one attestation.
        #expect(try auditor.size() == 6)
        #expect(try server.post(first, as: Evidence.envelopeType).status == 200)
        #expect(try evidence() == both)
    }

    @Test func `is not taken again when it was posted before`() throws {
        let envelope = try Signer.builder.envelope(Evidence.provenance(of: [image.digest]))
        #expect(try server.post(envelope, as: Evidence.envelopeType).status == 201)
        try push(Attached.cosignAttestations([envelope]), with: [envelope], as: Attached.tag(image.digest, "att"))
        #expect(try evidence().count == 1)
        let bundle = Evidence.bundle(envelope)
        try server.push(image, to: "team/app")
        try push(Attached.sigstore(bundle, about: image.manifest), with: [bundle])
        #expect(try evidence().count == 1)
    }

    @Test func `is taken from cosign's signatures, whatever they are worth`() throws {
        let payload = Attached.payload(signing: image.digest)
        let elsewhere = Attached.payload(signing: [UInt8]("another").digest)
        let signed = [
            (payload, try Signer.builder.signature(of: payload)), (payload, try Signer.stranger.signature(of: payload)),
            (elsewhere, try Signer.builder.signature(of: elsewhere)),
            (payload, try Signer.builder.signature(of: elsewhere)),
        ]
        try server.push(image, to: "team/app")
        let tag = Attached.tag(image.digest, "sig")
        try push(Attached.cosignSignatures(signed), with: [payload, elsewhere], as: tag)
        #expect(try signatures() == ["valid", "untrusted", "invalid", "untrusted"])
        #expect(try evidence().allSatisfy { $0["kind"] == "signature" })
        #expect(try server.trace(image.digest)["summary"]?["signed"] == true)
        let size = try auditor.size()
        try push(Attached.cosignSignatures(signed), with: [], as: tag)
        #expect(try auditor.size() == size + 1)
    }

    @Test func `does not make an image signed that nobody trusted has signed`() throws {
        let payload = Attached.payload(signing: image.digest)
        try server.push(image, to: "team/app")
        try push(
            Attached.cosignSignatures([(payload, try Signer.stranger.signature(of: payload))]), with: [payload],
            as: Attached.tag(image.digest, "sig"))
        #expect(try server.trace(image.digest)["summary"]?["signed"] == false)
    }

    @Test func `is taken from a bundle that refers to an image`() throws {
        let statement = Evidence.statement(of: [image.digest], type: "https://sigstore.dev/cosign/sign/v1")
        let bundle = Evidence.bundle(try Signer.builder.envelope(statement), hint: Signer.builder.keyid)
        let manifest = Attached.sigstore(bundle, about: image.manifest)
        try server.push(image, to: "team/app")
        for _ in 0..<2 { try push(manifest, with: [bundle]) }
        let records = try evidence()
        #expect(records.count == 1)
        #expect(records[0]["kind"] == "signature" && records[0]["verification"]?["signature"] == "valid")
        #expect(records[0]["attachedTo"]?.string == "\(image.digest)")
        for digest in [image.digest, manifest.digest] {
            let kinds = try server.trace(digest)["records"]?.array?.map { $0["kind"]?.string }
            #expect(kinds?.contains("signature") == true)
        }
    }

    @Test func `is written down as invalid when the payload is not what was signed`() throws {
        let signature = try Signer.builder.dsse(Evidence.provenance(of: [image.digest]))
        let forged = Evidence.envelope(Evidence.provenance(of: [image.digest], run: 666), signatures: [signature])
        #expect(try server.post(forged, as: Evidence.envelopeType).isProblem(400))
        try push(Attached.cosignAttestations([forged]), with: [forged], as: Attached.tag(image.digest, "att"))
        let record = try #require(try evidence().first)
        #expect(
            record["verification"] == ["signature": "invalid", "trusted": false, "builderAllowed": false])
        #expect(try server.trace(image.digest)["summary"]?["provenance"] == false)
    }

    /// Layers that are no evidence, whatever their type says.
    static let broken: [[UInt8]] = [
        [], [UInt8]("hello"), [UInt8]("{}"), [0xff, 0xfe], [UInt8](String(repeating: "[", count: 100_000)),
        [UInt8](#"{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}"#),
        [UInt8](#"{"a":1,"a":2}"#), Refused.signed("hello"), Refused.signed("{}", type: "text/plain"),
    ]

    @Test(arguments: broken) func `is left alone when it is broken, and the push goes on`(_ layer: [UInt8]) throws {
        let good = try Signer.builder.envelope(Evidence.provenance(of: [image.digest]))
        try push(
            Attached.cosignAttestations([layer, good]), with: [layer, good], as: Attached.tag(image.digest, "att"))
        #expect(try signatures() == ["valid"])
        let sigstore = Attached.sigstore(layer, about: image.manifest)
        try push(sigstore, with: [])
        try push(Attached.buildKit([layer], about: image.manifest, config: []), with: [])
        try push(
            Attached.cosignSignatures([(layer, "AAAA"), (layer, "*")]), with: [], as: Attached.tag(image.digest, "sig"))
        #expect(try signatures() == ["valid"])
        #expect(try auditor.size() == 5)
        #expect(try server.get("/v2/team/app/manifests/\(sigstore.digest)").body == sigstore)
    }

    @Test(.live(limits: .evidence(of: 1000), trust: .ofTests))
    func `is left alone when it is larger than the limit`() throws {
        let server = Live.server
        let large = [UInt8](Evidence.statement(of: [image.digest], #"{"x":"\#(String(repeating: "x", count: 1000))"}"#))
        try push(Attached.buildKit([large], about: image.manifest, config: []), with: [large])
        #expect(try server.records().map { $0["kind"]?.string } == ["push"])
    }

    @Test func `is not looked for in an ordinary image`() throws {
        let envelope = try Signer.builder.envelope(Evidence.provenance(of: [image.digest]))
        let mixed = Manifests.image(
            layers: [
                Manifests.descriptor(image.layers[0]),
                Manifests.descriptor(envelope, MediaType(rawValue: Evidence.envelopeType)),
            ])
        try push(mixed, with: [image.layers[0], envelope], as: "v1")
        #expect(try evidence().isEmpty)
    }
}
