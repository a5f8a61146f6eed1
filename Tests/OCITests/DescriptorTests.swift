import OCI
import Testing

@Suite struct `A descriptor` {
    @Test(arguments: [
        Fixture.descriptor(), Fixture.descriptor(size: .max), Fixture.descriptor(size: 0),
        Fixture.descriptor(
            extra:
                #","urls":["a","b"],"annotations":{"a":"","b":"c"},"artifactType":"x/y","platform":\#(Fixture.windows)"#
        ),
        Fixture.descriptor(extra: #","platform":{"architecture":"","os":""}"#),
    ])
    func `is written as it was read`(_ text: String) throws {
        let descriptor = try Descriptor(json(text), at: "x")
        #expect(String(decoding: descriptor.json.serialized(), as: UTF8.self) == text)
    }

    @Test func `writes annotations in the same order every time`() throws {
        let digest = try Digest(parsing: Fixture.digestA)
        let keys = (0..<40).map { "k\($0)" }
        let annotations = Dictionary(keys.map { ($0, "v") }) { first, _ in first }
        let descriptor = Descriptor(mediaType: .empty, digest: digest, size: 2, annotations: annotations)
        #expect(descriptor.json["annotations"]?.object?.members.map(\.key) == keys.sorted())
    }

    @Test func `does not write data`() throws {
        #expect(try Descriptor(json(Fixture.descriptor(extra: #","data":"e30=""#)), at: "x").json["data"] == nil)
    }

    @Test(arguments: [
        (#"{"architecture":"unknown","os":"unknown"}"#, "unknown"), ("{}", ""),
        (#"{"os":"\u0000weird/..","architecture":null,"features":["sse4"]}"#, "\0weird/.."),
    ])
    func `keeps any platform`(_ platform: String, _ os: String) throws {
        let descriptor = try Descriptor(json(Fixture.descriptor(extra: #","platform":"# + platform)), at: "x")
        #expect(descriptor.platform?.os == os)
    }

    @Test(arguments: [
        (#","urls":"x""#, "x.urls"), (#","urls":[1]"#, "x.urls[0]"),
        (#","annotations":{"é":null}"#, #"x.annotations["\u{e9}"]"#),
        (#","platform":"linux""#, "x.platform"), (#","platform":{"os":1}"#, "x.platform.os"),
        (#","platform":{"os.features":[1]}"#, "x.platform.os.features[0]"), (#","artifactType":1"#, "x.artifactType"),
    ])
    func `refuses a member of the wrong type and says where`(_ extra: String, _ expected: String) throws {
        let error = try #require(throws: ManifestError.self) {
            try Descriptor(json(Fixture.descriptor(extra: extra)), at: "x")
        }
        guard case .invalid(let path, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(path == expected)
    }

    @Test(arguments: ["mediaType", "digest", "size"])
    func `must have a type, a digest and a size`(_ key: String) throws {
        var object = try #require(try json(Fixture.descriptor()).object)
        object[key] = nil
        #expect(throws: ManifestError.missing(path: "x.\(key)")) { try Descriptor(.object(object), at: "x") }
        object[key] = .null
        #expect(throws: ManifestError.missing(path: "x.\(key)")) { try Descriptor(.object(object), at: "x") }
        object[key] = ""
        #expect(throws: ManifestError.self) { try Descriptor(.object(object), at: "x") }
    }
}
