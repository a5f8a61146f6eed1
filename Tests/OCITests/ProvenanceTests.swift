import OCI
import Testing

@Suite struct `An image configuration` {
    @Test func `tells where the image comes from`() throws {
        let config = try #require(
            ImageConfig(
                parsing: Array(
                    #"""
                    {"created":"2026-01-02T03:04:05Z","author":"x","architecture":"amd64","os":"windows",
                     "os.version":"10.0.20348.2340","os.features":["win32k"],"variant":"v2",
                     "config":{"Labels":{"a":"b","org.opencontainers.image.revision":"7fd1"},"User":"0"},
                     "rootfs":{"type":"layers","diff_ids":["\#(Fixture.digestA)","\#(Fixture.digestB)"]},"history":[]}
                    """#.utf8)))
        #expect(config.labels == ["a": "b", "org.opencontainers.image.revision": "7fd1"])
        #expect(config.created == "2026-01-02T03:04:05Z")
        #expect([config.architecture, config.os, config.variant] == ["amd64", "windows", "v2"])
        #expect(config.osVersion == "10.0.20348.2340" && config.osFeatures == ["win32k"])
        #expect(config.diffIDs.map(\.description) == [Fixture.digestA, Fixture.digestB])
    }

    @Test(arguments: [
        "{}", #"{"config":null,"rootfs":null,"os":null,"os.features":null}"#, #"{"config":{"Labels":null}}"#,
        #"{"config":[],"rootfs":7,"os":{},"created":1,"os.features":[1,{}]}"#, #"{"config":{"Labels":["a"]}}"#,
        #"{"config":{"Labels":{"a":1,"b":null}},"rootfs":{"diff_ids":["\#(Fixture.digestA)","x"]}}"#,
    ])
    func `leaves out what is strange`(_ text: String) throws {
        let config = try #require(ImageConfig(parsing: Array(text.utf8)))
        #expect(config.labels.isEmpty && config.diffIDs.isEmpty && config.osFeatures.isEmpty)
        #expect(config.os == nil && config.created == nil)
    }

    @Test(arguments: ["", "[]", "x", "\"a\"", #"{"os":"a","os":"b"}"#, #"{"config":{"Labels":{"a":"1","a":"2"}}}"#])
    func `is nothing when it is not one object that all readers read alike`(_ text: String) {
        #expect(ImageConfig(parsing: Array(text.utf8)) == nil)
    }
}

@Suite struct `Merging labels` {
    @Test func `prefers the manifest to the index, and the index to the config`() {
        let merged = LabelSet(
            manifest: ["a": "m"], index: ["a": "i", "b": "i"], config: ["a": "c", "b": "c", "c": "c"])
        #expect(merged.labels == ["a": "m", "b": "i", "c": "c"])
    }

    @Test func `lists what sources disagree on, with all that each says`() {
        let merged = LabelSet(
            manifest: ["a": "1", "same": "x"], index: ["a": "1", "b": "2"],
            config: ["a": "3", "b": "4", "same": "x", "c": ""])
        #expect(
            merged.conflicts == [
                "a": ["manifest": "1", "index": "1", "config": "3"], "b": ["index": "2", "config": "4"],
            ])
    }

    @Test func `finds a conflict with an empty value`() {
        let merged = LabelSet(manifest: ["a": ""], config: ["a": "x"])
        #expect(merged.labels == ["a": ""] && merged.conflicts.keys.contains("a"))
    }

    @Test func `gives the keys that provenance asks for`() {
        let prefix = "org.opencontainers.image."
        let merged = LabelSet(config: [
            prefix + "revision": "r", prefix + "source": "s", prefix + "created": "c", prefix + "version": "v",
            prefix + "base.name": "n", prefix + "base.digest": Fixture.digestA,
        ])
        #expect([merged.revision, merged.source, merged.created, merged.version] == ["r", "s", "c", "v"])
        #expect(merged.baseName == "n" && merged.baseDigest?.description == Fixture.digestA)
        #expect(LabelSet(config: [prefix + "base.digest": "nonsense"]).baseDigest == nil)
        #expect(LabelSet() == LabelSet(manifest: [:]))
    }
}
