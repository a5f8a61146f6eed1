import OCI
import RegistryCore
import RegistryTesting
import Testing

@Suite(.live) struct `Bad manifests` {
    let server = Live.server
    let image = Fixture.image()

    init() throws { try server.push(image, to: "library/app", as: "v1") }

    static let digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    static let config = #""config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"\#(digest)","size":2}"#

    @Test(arguments: [
        "", " ", "null", "7", "[]", "{", "{}", "nonsense", #"{"schemaVersion":2}"#, #"{"schemaVersion":1,\#(config)}"#,
        #"{"schemaVersion":"2",\#(config)}"#, #"{"schemaVersion":2.5,\#(config)}"#, #"{\#(config)}"#,
        #"{"schemaVersion":2,\#(config)}x"#, #"{"schemaVersion":2,\#(config),"layers":{}}"#,
        #"{"schemaVersion":2,\#(config),"layers":[7]}"#, #"{"schemaVersion":2,\#(config),"layers":[{}]}"#,
        #"{"schemaVersion":2,\#(config),"layers":[{"mediaType":"a/b","digest":"\#(digest)","size":-1}]}"#,
        #"{"schemaVersion":2,\#(config),"layers":[{"mediaType":"a/b","digest":"\#(digest)","size":2.5}]}"#,
        #"{"schemaVersion":2,\#(config),"layers":[{"mediaType":"a/b","digest":"\#(digest)","size":1e400}]}"#,
        #"{"schemaVersion":2,\#(config),"layers":[{"mediaType":"a/b","digest":"\#(digest)","size":3}]}"#,
        #"{"schemaVersion":2,\#(config),"layers":[{"mediaType":"a/b","digest":"md5:00","size":2}]}"#,
        #"{"schemaVersion":2,\#(config),"layers":[{"mediaType":"","digest":"\#(digest)","size":2}]}"#,
        #"{"schemaVersion":2,\#(config),"subject":"\#(digest)"}"#,
        #"{"schemaVersion":2,\#(config),"annotations":{"a":1}}"#,
        #"{"schemaVersion":2,\#(config),"manifests":[]}"#, #"{"schemaVersion":2,\#(config),\#(config)}"#,
        #"{"schemaVersion":2,\#(config),"annotations":{"a":"1","a":"2"}}"#,
        #"{"schemaVersion":2,\#(config),"annotations":{"a":"1","\u0061":"2"}}"#,
        #"{"schemaVersion":2,\#(config),"Layers":[]}"#, #"{"schemaVersion":2,\#(config),"annotations":{"a":"\ud800"}}"#,
        "\u{FEFF}{\"schemaVersion\":2,\(config)}", "{\"schemaVersion\":2,\(config),\"annotations\":{\"a\":\"\u{1}\"}}",
    ])
    func `are refused with MANIFEST_INVALID, and the tag keeps its image`(_ text: String) throws {
        let answer = try server.put(manifest: [UInt8](text), to: "library/app", as: "v1")
        #expect(answer.status == 400)
        #expect(answer.codes == ["MANIFEST_INVALID"])
        #expect(try server.get("/v2/library/app/manifests/v1").body == image.manifest)
        #expect(try server.head("/v2/library/app/manifests/\([UInt8](text).digest)").status == 404)
    }

    @Test func `that are not UTF-8 are refused with MANIFEST_INVALID`() throws {
        for bytes: [UInt8] in [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]] {
            let manifest =
                [UInt8](#"{"schemaVersion":2,\#(Self.config),"annotations":{"a":""#) + bytes + [UInt8](#""}}"#)
            #expect(try server.put(manifest: manifest, to: "library/app", as: "v1").codes == ["MANIFEST_INVALID"])
        }
    }

    @Test(arguments: [("[", "]", 100), ("[", "]", 1_000_000), (#"{"a":"#, "}", 500_000)])
    func `that nest without end are refused with MANIFEST_INVALID`(_ open: String, close: String, depth: Int) throws {
        let bomb = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        let manifest = [UInt8](#"{"schemaVersion":2,\#(Self.config),"x":\#(bomb)}"#)
        let answer = try server.put(manifest: manifest, to: "library/app", as: "v1")
        #expect(answer.status == 400)
        #expect(answer.codes == ["MANIFEST_INVALID"])
        #expect(try server.get("/v2/library/app/manifests/v1").body == image.manifest)
    }

    @Test(.timeLimit(.minutes(20))) func `that are slow to read cost no more than others`() throws {
        let marks = String(repeating: "\u{301}\u{323}", count: 900_000)
        let manifest = [UInt8](#"{"schemaVersion":2,\#(Self.config),"annotations":{"a\#(marks)":"b"}}"#)
        #expect(try server.put(manifest: manifest, to: "library/app", as: "v1").codes == ["MANIFEST_INVALID"])
    }

    @Test(arguments: [
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "text/html", "application/vnd.oci.image.config.v1+json", "image/png", "*/*", "é", "x",
    ])
    func `of another type are refused with MANIFEST_INVALID`(_ type: String) throws {
        let manifest = [UInt8](#"{"schemaVersion":2,\#(Self.config)}"#)
        let answer = try server.put(manifest: manifest, to: "library/app", as: "v1", type: type)
        #expect(answer.status == 400)
        #expect(answer.codes == ["MANIFEST_INVALID"])
    }

    @Test func `with a very long media type inside answer with a short message`() throws {
        let type = String(repeating: "x", count: 1_000_000)
        let manifest = [UInt8](#"{"schemaVersion":2,"mediaType":"\#(type)",\#(Self.config)}"#)
        let answer = try server.put(manifest: manifest, to: "library/app", as: "v1", type: "application/json")
        #expect(answer.codes == ["MANIFEST_INVALID"])
        #expect(answer.body.count < 2000)
    }

    @Test func `that name thousands of missing blobs get an answer of bounded size`() throws {
        let layers = (0..<10_000).map { Manifests.descriptor([UInt8]("\($0)")) }
        let answer = try server.put(manifest: Manifests.image(layers: layers), to: "library/app", as: "v1")
        #expect(answer.status == 400)
        #expect(Set(answer.codes) == ["MANIFEST_BLOB_UNKNOWN"])
        #expect(answer.body.count < 256 * 1024)
    }

    @Test func `that break off store nothing`() throws {
        let manifest = Fixture.image(seed: 2).manifest
        let connection = try server.connect()
        try connection.send(
            "PUT /v2/library/app/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: \(manifest.count)\r\n\r\n")
        try connection.send(Array(manifest.dropLast()))
        connection.finishSending()
        #expect(connection.isClosed())
        #expect(try server.get("/v2/library/app/manifests/v1").body == image.manifest)
    }
}
