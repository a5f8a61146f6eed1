import OCI
import Testing

@Suite struct `A media type` {
    @Test(arguments: [
        "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.index.v1+json; charset=utf-8",
        "  Application/VND.OCI.Image.Index.v1+JSON\t;q=1;x", "application/vnd.oci.image.index.v1+json \t ",
    ])
    func `of a Content-Type has no parameters, space or capitals`(_ field: String) {
        #expect(MediaType(contentType: field) == .ociIndex)
    }

    @Test func `of a Content-Type is ASCII`() {
        let hostile = "e\(String(repeating: "\u{301}\u{323}", count: 100_000))"
        #expect(MediaType(contentType: hostile).rawValue.utf8.allSatisfy { $0 < 0x80 })
        #expect(!MediaType(contentType: hostile).isManifest)
    }

    @Test(arguments: ["", ";", "  ", " ; charset=utf-8"])
    func `of an empty Content-Type is empty`(_ field: String) {
        #expect(MediaType(contentType: field).rawValue.isEmpty)
    }

    @Test(arguments: [
        MediaType.ociManifest, .ociIndex, .dockerManifest, .dockerManifestList, .artifactManifest,
    ])
    func `may be a manifest`(_ type: MediaType) {
        #expect(type.isManifest)
        #expect(type.isIndex == (type == .ociIndex || type == .dockerManifestList))
    }

    @Test(arguments: [
        MediaType.ociNondistributableLayer, .ociNondistributableLayerGzip, .ociNondistributableLayerZstd,
        .dockerForeignLayer,
    ])
    func `may be a foreign layer`(_ type: MediaType) {
        #expect(type.isForeignLayer)
        #expect(!type.isManifest)
    }

    @Test(arguments: [
        MediaType.ociConfig, .ociLayer, .ociLayerGzip, .ociLayerZstd, .empty, .dockerConfig, .dockerLayer,
        MediaType(rawValue: ""), MediaType(rawValue: "application/vnd.buildkit.cacheconfig.v0"),
    ])
    func `is plain content otherwise`(_ type: MediaType) {
        #expect(!type.isManifest && !type.isIndex && !type.isForeignLayer)
    }
}
