/// A reference from one document to some content: its type, its digest and its size.
///
/// Everything a client may say about the content is kept; nothing of it beyond digest and size is believed.
package struct Descriptor: Hashable, Sendable {
    /// The type of the content. Not empty when read from a document; otherwise any text.
    package var mediaType: MediaType
    /// The address of the content.
    package var digest: Digest
    /// The length of the content in bytes; never negative when read from a document.
    package var size: Int64
    /// Where else the content may be had. Not checked: a registry never follows them unasked.
    package var urls: [String]
    /// What the author says about the content.
    package var annotations: [String: String]
    /// The kind of artifact the content is, when it is a manifest that is one.
    package var artifactType: String?
    /// What the content runs on, when it is an entry of an index.
    package var platform: Platform?

    /// Describes content whose type, digest and size are known.
    package init(
        mediaType: MediaType, digest: Digest, size: Int64, urls: [String] = [], annotations: [String: String] = [:],
        artifactType: String? = nil, platform: Platform? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.urls = urls
        self.annotations = annotations
        self.artifactType = artifactType
        self.platform = platform
    }

    /// Reads a descriptor out of a document; `path` says where in it, for the error.
    ///
    /// Unknown members are ignored, `data` too: the content is what the digest names.
    package init(_ json: JSONValue, at path: String) throws(ManifestError) {
        let fields = try ManifestFields(json, at: path, names: Self.names)
        mediaType = MediaType(rawValue: try fields.requiredString("mediaType"))
        digest = try Self.digest(in: fields)
        size = try Self.size(in: fields)
        urls = try fields.strings("urls")
        annotations = try fields.annotations()
        artifactType = try fields.string("artifactType")
        platform = try fields["platform"].map { json throws(ManifestError) in
            try Platform(json, at: fields.path(to: "platform"))
        }
    }

    private static let names = FieldNames(
        "mediaType", "digest", "size", "urls", "annotations", "artifactType", "platform", "data")

    private static func digest(in fields: ManifestFields) throws(ManifestError) -> Digest {
        let text = try fields.requiredString("digest")
        do { return try Digest(parsing: text) } catch { throw fields.invalid("digest", "is refused: \(error)") }
    }

    private static func size(in fields: ManifestFields) throws(ManifestError) -> Int64 {
        guard let value = fields["size"] else { throw .missing(path: fields.path(to: "size")) }
        guard let size = value.int64, size >= 0 else {
            throw fields.invalid("size", "must be an integer from 0 to 2^63-1")
        }
        return size
    }
}

extension Descriptor {
    /// The descriptor as the image specification writes it, without members that say nothing.
    package var json: JSONValue {
        var object: JSONObject = [
            "mediaType": .string(mediaType.rawValue), "digest": .string(digest.description), "size": .integer(size),
        ]
        if !urls.isEmpty { object["urls"] = .array(urls.map { .string($0) }) }
        if !annotations.isEmpty { object["annotations"] = .object(JSONObject(sorting: annotations)) }
        if let artifactType { object["artifactType"] = .string(artifactType) }
        if let platform { object["platform"] = platform.json }
        return .object(object)
    }
}
