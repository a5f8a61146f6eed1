import OCI
import Testing

@Suite struct `A tar archive` {
    private func archive(_ files: [(name: String, size: Int64)]) throws(TarError) -> TarArchive<Int64> {
        try TarArchive(files.map { TarEntry(name: $0.name, size: $0.size, content: $0.size) })
    }

    /// The archive with files of one byte's repetition.
    private func bytes(_ archive: TarArchive<Int64>) -> [UInt8] {
        archive.flatMap { piece in
            switch piece {
            case .bytes(let bytes): bytes
            case .content(let entry): [UInt8](repeating: 65, count: Int(entry.size))
            }
        }
    }

    @Test func `has a header of ustar with nothing that changes from one day to the next`() {
        let header = TarHeader.bytes(name: "index.json", size: 1234)
        #expect(header.count == 512)
        // Written by GNU tar 1.34: --format=ustar --numeric-owner --owner=0 --group=0 --mode=0644 --mtime=@0.
        var expected = Array("index.json".utf8) + [UInt8](repeating: 0, count: 90)
        expected += Array("0000644\u{0}0000000\u{0}0000000\u{0}00000002322\u{0}00000000000\u{0}011206\u{0} 0".utf8)
        expected += [UInt8](repeating: 0, count: 100) + Array("ustar\u{0}00".utf8)
        expected += [UInt8](repeating: 0, count: 64) + Array("0000000\u{0}0000000\u{0}".utf8)
        #expect(header == expected + [UInt8](repeating: 0, count: 167))
    }

    @Test(arguments: [0, 1, 511, 512, 513, 100_000] as [Int64])
    func `is as long as it says`(_ size: Int64) throws {
        let archive = try archive([("a", size), ("b/\(String(repeating: "c", count: 200))", size), ("empty", 0)])
        let bytes = bytes(archive)
        #expect(Int64(bytes.count) == archive.length)
        #expect(bytes.count % 512 == 0)
        #expect(bytes.suffix(1024).allSatisfy { $0 == 0 })
        #expect(bytes.count { $0 == 65 } >= size * 2)
    }

    @Test func `of nothing is two empty blocks`() throws {
        #expect(bytes(try archive([])) == [UInt8](repeating: 0, count: 1024))
    }

    @Test func `is the same bytes each time`() throws {
        let files: [(String, Int64)] = [("a", 1), ("b/c", 512), (String(repeating: "d", count: 101), 3)]
        #expect(bytes(try archive(files)) == bytes(try archive(files)))
    }

    @Test func `states sizes in octal below 8 GiB, and from there on as GNU does`() {
        let below = TarHeader.bytes(name: "a", size: 8 << 30 - 1)
        #expect(below[124..<136] == Array("77777777777\u{0}".utf8)[...])
        #expect(below[257..<265] == Array("ustar\u{0}00".utf8)[...])
        let above = TarHeader.bytes(name: "a", size: 8 << 30)
        #expect(above[124..<136] == [0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0])
        #expect(above[257..<265] == Array("ustar  \u{0}".utf8)[...])
        let most = TarHeader.bytes(name: "a", size: .max)
        #expect(Array(most[124..<136]) == [0x80, 0, 0, 0, 0x7F, 255, 255, 255, 255, 255, 255, 255])
    }

    @Test func `knows its length also when nobody could hold it`() throws {
        #expect(try archive([("a", 1 << 50)]).length == 1 << 50 + 512 + 1024)
        #expect(throws: TarError.tooLarge) { try archive([("a", .max)]) }
        #expect(throws: TarError.tooLarge) { try archive([("a", 1 << 62), ("b", 1 << 62)]) }
    }

    @Test func `puts a name of more than 100 bytes in front`() {
        let name = String(repeating: "n", count: 101)
        #expect(TarHeader.bytes(name: String(name.dropLast()), size: 1).count == 512)
        let header = TarHeader.bytes(name: name, size: 1)
        #expect(header.count == 3 * 512)
        #expect(header[156] == UInt8(ascii: "L"))
        #expect(header[512..<512 + 102] == (Array(name.utf8) + [0])[...])
        #expect(header[1024 + 156] == UInt8(ascii: "0"))
    }

    @Test(arguments: ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\u{0}b"])
    func `refuses a name that is none`(_ name: String) {
        #expect(throws: TarError.invalidName(name)) { try archive([(name, 1)]) }
    }

    @Test func `refuses two files of one name, and sizes below nothing`() {
        #expect(throws: TarError.duplicateName("a")) { try archive([("a", 1), ("b", 1), ("a", 1)]) }
        #expect(throws: TarError.negativeSize(name: "a", size: -1)) { try archive([("a", -1)]) }
    }
}

@Suite struct `An image layout` {
    private let manifest = Descriptor(
        mediaType: .ociManifest, digest: Digest(algorithm: .sha256, hash: Array(repeating: 0xAA, count: 32)), size: 3)
    private let layer = Descriptor(
        mediaType: .ociLayerGzip, digest: Digest(algorithm: .sha512, hash: Array(repeating: 0xBB, count: 64)),
        size: 9 << 30)

    @Test func `has its files in an order that a reader can rely on`() throws {
        let archive = try ImageLayout.archive(
            roots: [manifest.named("v1")],
            contents: [(manifest, .bytes([1, 2, 3])), (layer, .stored(layer)), (layer, .stored(layer))],
            extras: [.init(name: "waybill/proof.json", bytes: [4])])
        #expect(
            archive.entries.map(\.name) == [
                "oci-layout", "index.json", "blobs/sha256/\(manifest.digest.hex)", "blobs/sha512/\(layer.digest.hex)",
                "waybill/proof.json",
            ])
        #expect(archive.entries.map(\.size).suffix(3) == [3, 9 << 30, 1])
        #expect(archive.entries[3].content == .stored(layer))
        #expect(archive.entries[0].content == .bytes(Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)))
    }

    @Test func `names its roots in the index`() throws {
        var root = manifest
        root.annotations = ["a": "b"]
        let archive = try ImageLayout.archive(roots: [root.named("v1"), layer], contents: [])
        guard case .bytes(let bytes) = archive.entries[1].content else { throw TarError.tooLarge }
        let index = try JSONValue(parsing: bytes)
        let listed = try #require(index["manifests"]?.array)
        #expect(try Descriptor(listed[0], at: "") == root.named("v1"))
        #expect(listed[0]["annotations"] == ["a": "b", "org.opencontainers.image.ref.name": "v1"])
        #expect(listed[1] == layer.json)
        #expect(try Manifest(parsing: bytes, contentType: MediaType.ociIndex.rawValue).mediaType == .ociIndex)
    }

    @Test func `refuses an extra file in the place of one of its own`() {
        #expect(throws: TarError.duplicateName("index.json")) {
            try ImageLayout.archive(roots: [], contents: [], extras: [.init(name: "index.json", bytes: [])])
        }
    }
}
