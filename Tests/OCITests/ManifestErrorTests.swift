import OCI
import Testing

@Suite struct `Refusing a manifest` {
    @Test(arguments: [
        ("[]", ManifestError.invalid(path: "", reason: "must be a JSON object")),
        ("{}", .missing(path: "mediaType")), ("", .notJSON(JSONError(offset: 0, reason: .unexpectedEnd))),
        (Fixture.image() + "x", .notJSON(JSONError(offset: Fixture.image().utf8.count, reason: .trailingBytes))),
        (#"{"schemaVersion":1}"#, .schemaVersion(found: "1")),
        (#"{"schemaVersion":"2"}"#, .schemaVersion(found: "\"2\"")),
        (#"{"schemaVersion":2.0}"#, .schemaVersion(found: "2.0")),
        (#"{"schemaVersion":3}"#, .schemaVersion(found: "3")),
        (#"{"manifests":[]}"#, .missing(path: "schemaVersion")),
        (#"{"schemaVersion":2,"layers":[]}"#, .missing(path: "config")),
        (#"{"schemaVersion":2,"mediaType":7}"#, .invalid(path: "mediaType", reason: "must be a string")),
        (#"{"schemaVersion":2,"mediaType":"x/y"}"#, .unsupportedMediaType(MediaType(rawValue: "x/y"))),
        (#"{"schemaVersion":2,"mediaType":"\#(MediaType.ociIndex)"}"#, .missing(path: "manifests")),
        (Fixture.index(manifests: "{}"), .invalid(path: "manifests", reason: "must be an array")),
        (Fixture.image(layers: "[null]"), .invalid(path: "layers[0]", reason: "must be a JSON object")),
        (Fixture.image(layers: "[{}]"), .missing(path: "layers[0].mediaType")),
        (
            Fixture.image(extra: #","annotations":{"a":1}"#),
            .invalid(path: #"annotations["a"]"#, reason: "must be a string")
        ),
        (Fixture.image(extra: #","annotations":[]"#), .invalid(path: "annotations", reason: "must be a JSON object")),
        (Fixture.image(extra: #","artifactType":{}"#), .invalid(path: "artifactType", reason: "must be a string")),
        (Fixture.image(extra: #","subject":{"mediaType":"x"}"#), .missing(path: "subject.digest")),
    ])
    func `says what is wrong and where`(_ text: String, _ error: ManifestError) {
        #expect(throws: error) { try manifest(text) }
        #expect(isPresentable(error.description))
    }

    @Test func `names the digest that is malformed`() throws {
        let good = Fixture.descriptor()
        let bad = Fixture.descriptor("sha256:\u{e9}")
        let error = try #require(throws: ManifestError.self) {
            try manifest(Fixture.image(layers: "[\(good),\(good),\(good),\(bad)]"))
        }
        #expect(
            error.description
                == #"layers[3].digest is refused: "\u{e9}" is not a sha256 hash of 64 lower-case hexadecimal characters"#
        )
    }

    @Test(arguments: ["-1", "1.5", "1e3", "\"2\"", "9223372036854775808", "{}"])
    func `of a layer whose size is no size`(_ size: String) {
        let layer = Fixture.descriptor().replacing(#""size":2"#, with: #""size":"# + size)
        #expect(throws: ManifestError.invalid(path: "layers[0].size", reason: "must be an integer from 0 to 2^63-1")) {
            try manifest(Fixture.image(layers: "[\(layer)]"))
        }
    }

    @Test func `that gives one digest two sizes`() {
        #expect(throws: ManifestError.self) {
            try manifest(Fixture.image(layers: "[\(Fixture.descriptor(size: 3))]"))
        }
    }

    @Test(arguments: [
        ("application/vnd.docker.distribution.manifest.v1+json", #"{"name":"a"}"#),
        ("application/vnd.docker.distribution.manifest.v1+prettyjws", #"{"schemaVersion":1}"#),
        ("application/json", #"{"schemaVersion":1,"name":"a","fsLayers":[]}"#),
    ])
    func `of Docker schema 1, saying so`(_ contentType: String, _ text: String) throws {
        let error = try #require(throws: ManifestError.self) { try manifest(text, contentType: contentType) }
        #expect(error.description.contains("schema 1"))
    }

    @Test func `whose header and body disagree`() {
        #expect(throws: ManifestError.mediaTypeMismatch(contentType: .ociManifest, body: .dockerManifest)) {
            try manifest(Fixture.image(.dockerManifest), contentType: MediaType.ociManifest.rawValue)
        }
        #expect(throws: ManifestError.mediaTypeMismatch(contentType: .ociIndex, body: .ociManifest)) {
            try manifest(Fixture.image(), contentType: MediaType.ociIndex.rawValue)
        }
        #expect(throws: ManifestError.unsupportedMediaType(MediaType(rawValue: "text/plain"))) {
            try manifest(Fixture.image(), contentType: "text/plain")
        }
    }

    @Test(arguments: [
        Fixture.image(extra: #","manifests":[]"#), Fixture.index(manifests: "[]", extra: #","layers":[]"#),
        Fixture.index(manifests: "[]", extra: #","config":{}"#), #"{"schemaVersion":2,"layers":[],"manifests":[]}"#,
        Fixture.index(.ociManifest, manifests: "[]"), Fixture.index(.artifactManifest, manifests: "[]"),
        Fixture.image(.ociIndex), Fixture.image(.artifactManifest),
    ])
    func `that one client could read as an image and another as an index`(_ text: String) throws {
        let error = try #require(throws: ManifestError.self) { try manifest(text) }
        guard case .ambiguous = error else {
            Issue.record("\(error)")
            return
        }
        #expect(isPresentable(error.description))
    }

    @Test(arguments: [
        Fixture.image(extra: #","Layers":[]"#), Fixture.image(extra: #","layer\u017f":[]"#),
        Fixture.index(manifests: "[]", extra: #","MANIFESTS":[]"#), Fixture.image(extra: #","Subject":{}"#),
        Fixture.image(layers: "[\(Fixture.descriptor(extra: #","Digest":"x""#))]"),
    ])
    func `with a member that Go would take for another`(_ text: String) throws {
        let error = try #require(throws: ManifestError.self) { try manifest(text) }
        #expect(error.description.contains("some clients would read"))
        #expect(isPresentable(error.description))
    }

    @Test func `in a short sentence, however long the member is`() throws {
        let long = String(repeating: "\u{1}x", count: 50_000)
        let key = JSONValue.string(long).serialized()
        let text = Fixture.image(extra: #","annotations":{\#(String(decoding: key, as: UTF8.self)):1}"#)
        let error = try #require(throws: ManifestError.self) { try manifest(text) }
        #expect(isPresentable(error.description))
        #expect(isPresentable(ManifestError.unsupportedMediaType(MediaType(rawValue: long)).description))
    }
}

@Suite struct `A damaged manifest` {
    static let whole = [
        Fixture.richImage, Fixture.richIndex, Fixture.image(.dockerManifest), Fixture.body(of: .artifactManifest),
    ]

    /// Reads the bytes, touches what can be computed from them, and trusts the test runner to notice a trap.
    private func read(_ bytes: [UInt8]) {
        do {
            let manifest = try Manifest(parsing: bytes, contentType: nil)
            #expect(manifest.references.allSatisfy { $0.descriptor.size >= 0 })
            #expect(manifest.references.allSatisfy { isPresentable($0.descriptor.digest.referrersTag.rawValue) })
        } catch {
            if !isPresentable(error.description) { Issue.record("\(bytes): \(error)") }
        }
        _ = ImageConfig(parsing: bytes)
    }

    @Test(arguments: whole)
    func `gives an error or a value, whatever byte is changed`(_ text: String) {
        let bytes = Array(text.utf8)
        for position in bytes.indices {
            for replacement in [0, 0x22, 0x2C, 0x2D, 0x30, 0x39, 0x5B, 0x5C, 0x65, 0x7B, 0x7D, 0x80, 0xFF] as [UInt8] {
                var changed = bytes
                changed[position] = replacement
                read(changed)
            }
        }
    }

    @Test(arguments: whole)
    func `gives an error or a value, whatever byte is missing, doubled or last`(_ text: String) {
        let bytes = Array(text.utf8)
        for position in bytes.indices {
            read(Array(bytes[..<position]))
            read(Array(bytes[..<position] + bytes[(position + 1)...]))
            read(Array(bytes[...position] + bytes[position...]))
        }
    }

    @Test(arguments: whole)
    func `gives an error or a value, whatever value is of another type`(_ text: String) throws {
        for strange in ["null", "[]", "{}", "-1", "1e308", "\"\"", "true", "[[[]]]", #"{"":null}"#] {
            for changed in mutations(of: try json(text), with: try json(strange)) { read(changed.serialized()) }
        }
    }
}

/// Every document that differs from `value` in one place, where `replacement` stands instead.
private func mutations(of value: JSONValue, with replacement: JSONValue) -> [JSONValue] {
    var result = [replacement]
    if let elements = value.array {
        for (index, element) in elements.enumerated() {
            for changed in mutations(of: element, with: replacement) {
                var copy = elements
                copy[index] = changed
                result.append(.array(copy))
            }
        }
    }
    if let object = value.object {
        for member in object.members {
            for changed in mutations(of: member.value, with: replacement) {
                var copy = object
                copy[member.key] = changed
                result.append(.object(copy))
            }
        }
    }
    return result
}
