import Attestation
import OCI
import Testing

@Suite struct `What is attached to an image` {
    @Test func `is recognised as BuildKit attaches it, with the subject since version 0_32`() throws {
        let attachments = try #require(
            try attached(
                artifactType: "application/vnd.docker.attestation.manifest.v1+json",
                layers: [Fixture.provenance, Fixture.sbom, layer("application/x-unknown")], subject: hex("a")))
        #expect(attachments.kind == .buildKit)
        #expect(attachments.subject == (try digest("sha256:\(hex("a"))")))
        #expect(attachments.items.map(\.reading) == [.statement, .statement])
        #expect(
            attachments.items.map(\.predicateType) == ["https://slsa.dev/provenance/v1", "https://spdx.dev/Document"])
    }

    @Test func `is recognised as BuildKit attached it before, when only the index knew the subject`() throws {
        let attachments = try #require(try attached(config: Fixture.imageConfig, layers: [Fixture.provenance]))
        #expect(attachments.kind == .buildKit)
        #expect(attachments.subject == nil)
        #expect(attachments.items.map(\.reading) == [.statement])
    }

    @Test(arguments: [
        (
            "sig", "application/vnd.dev.cosign.simplesigning.v1+json", Attachments.Kind.cosignSignatures,
            Attachments.Reading.cosignSignature
        ),
        ("att", "application/vnd.dsse.envelope.v1+json", .cosignAttestations, .envelope),
        ("sbom", "text/spdx+json", .sbom, .document), ("sbom", "application/vnd.syft+json", .sbom, .document),
        ("sbom", "application/x-unknown", .sbom, .document),
    ])
    func `is recognised under a tag of cosign`(
        _ suffix: String, _ type: String, _ kind: Attachments.Kind, _ reading: Attachments.Reading
    ) throws {
        let tag = try OCI.Tag(parsing: "sha256-\(hex("b")).\(suffix)")
        let attachments = try #require(
            try attached(config: Fixture.imageConfig, layers: [layer(type), layer(type)], tag: tag))
        #expect(attachments.kind == kind)
        #expect(attachments.subject == (try digest("sha256:\(hex("b"))")))
        #expect(attachments.items.map(\.reading) == [reading, reading])
    }

    @Test func `is recognised by its layers when it came without its tag`() throws {
        let envelope = layer("application/vnd.dsse.envelope.v1+json", annotations: #"{"predicateType":"x"}"#)
        let attachments = try #require(try attached(config: Fixture.imageConfig, layers: [envelope]))
        #expect(attachments.kind == .cosignAttestations)
        #expect(attachments.items.first?.predicateType == "x")
    }

    @Test func `is recognised as a Sigstore bundle`() throws {
        let type = "application/vnd.dev.sigstore.bundle.v0.3+json"
        let annotations = #"{"dev.sigstore.bundle.predicateType":"https://sigstore.dev/cosign/sign/v1"}"#
        let one = try #require(
            try attached(artifactType: type, layers: [layer(type)], subject: hex("a"), annotations: annotations))
        #expect(one.kind == .sigstoreBundle)
        #expect(one.items.map(\.reading) == [.bundle])
        #expect(one.items.map(\.predicateType) == ["https://sigstore.dev/cosign/sign/v1"])
        let two = try #require(
            try attached(artifactType: type, layers: [layer(type), layer(type)], subject: hex("a")))
        #expect(two.items.isEmpty)
        let old = try #require(
            try attached(
                artifactType: type, layers: [layer("application/vnd.dev.sigstore.bundle+json;version=0.1")],
                subject: hex("a")))
        #expect(old.kind == .sigstoreBundle)
        #expect(old.items.isEmpty)
    }

    @Test(arguments: [
        ("application/spdx+json", Attachments.Kind.sbom), ("application/vnd.cyclonedx+json", .sbom),
        ("application/sarif+json", .scan), ("application/vnd.cncf.notary.signature", .notation),
        ("application/vnd.example", .other), ("application/spdxish", .other),
    ])
    func `is recognised by its artifact type`(_ type: String, _ kind: Attachments.Kind) throws {
        let attachments = try #require(try attached(artifactType: type, layers: [layer(type)], subject: hex("a")))
        #expect(attachments.kind == kind)
        #expect(attachments.items.map(\.reading) == [.document])
    }

    @Test func `may be a statement or an envelope that refers to an image without ceremony`() throws {
        let layers = [layer("application/vnd.in-toto+json"), layer("application/vnd.in-toto.spdx+dsse")]
        let attachments = try #require(try attached(artifactType: "a/b", layers: layers, subject: hex("a")))
        #expect(attachments.kind == .other)
        #expect(attachments.items.map(\.reading) == [.statement, .envelope])
    }

    @Test func `is nothing when the manifest is an image`() throws {
        let image = [layer("application/vnd.oci.image.layer.v1.tar+gzip")]
        #expect(try attached(config: Fixture.imageConfig, layers: image) == nil)
        #expect(try attached(config: Fixture.imageConfig, layers: []) == nil)
        #expect(try attached(config: Fixture.imageConfig, layers: image, tag: OCI.Tag(parsing: "v1.sig")) == nil)
    }

    @Test(arguments: [
        "application/vnd.dev.cosign.simplesigning.v1+json", "application/vnd.in-toto+json",
        "application/vnd.dsse.envelope.v1+json", "application/vnd.dev.sigstore.bundle.v0.3+json", "text/spdx",
    ])
    func `is nothing when an image has one layer of such a type`(_ type: String) throws {
        let layers = [layer(type), layer("application/vnd.oci.image.layer.v1.tar+gzip")]
        #expect(try attached(config: Fixture.imageConfig, layers: layers) == nil)
        #expect(try attached(config: Fixture.imageConfig, layers: layers.reversed()) == nil)
    }

    @Test func `is nothing when the manifest is an index`() throws {
        let text = #"{"schemaVersion":2,"artifactType":"application/sarif+json","manifests":[]}"#
        let index = try Manifest(parsing: bytes(text), contentType: MediaType.ociIndex.rawValue)
        #expect(Attachments(index) == nil)
    }
}

@Suite struct `An index with attestations` {
    @Test func `says which platform each is about`() throws {
        let index = try index([
            Fixture.platform(hex("a"), "amd64"), Fixture.platform(hex("b"), "arm64"),
            Fixture.attestation(hex("c"), about: hex("a")), Fixture.attestation(hex("d"), about: hex("b")),
        ])
        let entries = index.attestationEntries
        #expect(entries.map(\.attestations.digest.hex) == [hex("c"), hex("d")])
        #expect(entries.map(\.subject.hex) == [hex("a"), hex("b")])
        #expect(entries.map(\.image?.platform?.architecture) == ["amd64", "arm64"])
        #expect(index.manifests.map(\.isAttestationEntry) == [false, false, true, true])
    }

    @Test func `may name a subject that is not in it`() throws {
        let entries = try index([Fixture.attestation(hex("c"), about: hex("a"))]).attestationEntries
        #expect(entries.map(\.subject.hex) == [hex("a")])
        #expect(entries.first?.image == nil)
    }

    @Test(arguments: [
        #"{"vnd.docker.reference.type":"something-else","vnd.docker.reference.digest":"sha256:\#(hex("a"))"}"#,
        #"{"vnd.docker.reference.digest":"sha256:\#(hex("a"))"}"#,
        #"{"vnd.docker.reference.type":"attestation-manifest"}"#,
        #"{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"latest"}"#, "{}",
    ])
    func `has entries that are to be ignored`(_ annotations: String) throws {
        let entry = Fixture.descriptor(
            MediaType.ociManifest.rawValue, hex("c"), extra: #","annotations":\#(annotations)"#)
        #expect(try index([Fixture.platform(hex("a"), "amd64"), entry]).attestationEntries.isEmpty)
    }

    @Test func `does not let attestations be about attestations`() throws {
        let index = try index([
            Fixture.attestation(hex("c"), about: hex("d")), Fixture.attestation(hex("d"), about: hex("c")),
        ])
        #expect(index.attestationEntries.allSatisfy { $0.image == nil })
    }

    private func index(_ entries: [String]) throws -> Manifest {
        let text = #"{"schemaVersion":2,"manifests":[\#(entries.joined(separator: ","))]}"#
        return try Manifest(parsing: bytes(text), contentType: MediaType.ociIndex.rawValue)
    }
}

@Suite struct `A tag of cosign` {
    @Test func `names its image and what is kept`() throws {
        let tag = try #require(CosignTag(OCI.Tag(parsing: "sha256-\(hex("a")).att")))
        #expect(tag.subject.description == "sha256:\(hex("a"))")
        #expect(tag.content == .attestations)
    }

    @Test(arguments: [
        "latest", "sha256-\(hex("a"))", "sha256-\(hex("a")).", "sha256-\(hex("a")).sig.sig", "sha256-\(hex("A")).sig",
        "sha256-\(hex("a", 63)).sig", "sha1-\(hex("a", 40)).sig", "sha256_\(hex("a")).sig", "sha256-\(hex("a")).SIG",
        "sha256--\(hex("a")).sig", "sha256-\(hex("a")).signatures",
    ])
    func `is not just any tag`(_ text: String) throws {
        #expect(CosignTag(try OCI.Tag(parsing: text)) == nil)
    }
}

private enum Fixture {
    static let imageConfig = descriptor(MediaType.ociConfig.rawValue, hex("1"))
    static let provenance = layer(
        "application/vnd.in-toto+json", annotations: #"{"in-toto.io/predicate-type":"https://slsa.dev/provenance/v1"}"#)
    static let sbom = layer(
        "application/vnd.in-toto+json", annotations: #"{"in-toto.io/predicate-type":"https://spdx.dev/Document"}"#)

    static func descriptor(_ type: String, _ digest: String, extra: String = "") -> String {
        #"{"mediaType":"\#(type)","digest":"sha256:\#(digest)","size":2\#(extra)}"#
    }

    static func platform(_ digest: String, _ architecture: String) -> String {
        let platform = #","platform":{"architecture":"\#(architecture)","os":"linux"}"#
        return descriptor(MediaType.ociManifest.rawValue, digest, extra: platform)
    }

    static func attestation(_ digest: String, about subject: String) -> String {
        let annotations =
            #"{"vnd.docker.reference.digest":"sha256:\#(subject)","vnd.docker.reference.type":"attestation-manifest"}"#
        let platform = #"{"architecture":"unknown","os":"unknown"}"#
        let extra = #","annotations":\#(annotations),"platform":\#(platform)"#
        return descriptor(MediaType.ociManifest.rawValue, digest, extra: extra)
    }
}

private func layer(_ type: String, annotations: String = "{}") -> String {
    Fixture.descriptor(type, hex("2"), extra: #","annotations":\#(annotations)"#)
}

/// What is attached by an image manifest with these members.
private func attached(
    artifactType: String? = nil,
    config: String = Fixture.descriptor(MediaType.empty.rawValue, hex("4")), layers: [String],
    subject: String? = nil, annotations: String = "{}", tag: OCI.Tag? = nil
) throws -> Attachments? {
    var text = #"{"schemaVersion":2,"config":\#(config),"layers":[\#(layers.joined(separator: ","))]"#
    if let artifactType { text += #","artifactType":"\#(artifactType)""# }
    if let subject {
        text += #","subject":\#(Fixture.descriptor(MediaType.ociManifest.rawValue, subject))"#
    }
    text += #","annotations":\#(annotations)}"#
    let manifest = try Manifest(parsing: bytes(text), contentType: MediaType.ociManifest.rawValue)
    return Attachments(manifest, tag: tag)
}
