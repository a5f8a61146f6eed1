/// A manifest: the document that says which content makes an image, an index or an artifact.
///
/// A value of this type has passed every check that needs nothing but the bytes. It is never written back:
/// what was pushed is what is pulled.
package struct Manifest: Sendable {
    /// The three shapes of a manifest.
    package enum Kind: String, Sendable {
        case image, index, artifact
    }

    /// The type to store and serve the bytes under.
    package let mediaType: MediaType
    /// The shape that the media type implies.
    package let kind: Kind
    /// The configuration; always there for an image, never otherwise.
    package let config: Descriptor?
    /// The layers of an image or the blobs of an artifact, in order, repetitions included.
    package let layers: [Descriptor]
    /// The entries of an index, in order, repetitions included.
    package let manifests: [Descriptor]
    /// What this manifest refers to. It may never have been pushed.
    package let subject: Descriptor?
    /// The member as given, which may be empty; see `referrerArtifactType`.
    package let artifactType: String?
    /// What the author says about the manifest.
    package let annotations: [String: String]

    /// Reads a pushed manifest.
    ///
    /// The media type is the `Content-Type` without parameters, and must be the body's `mediaType` where there
    /// is one. A `Content-Type` that says nothing (absent, `application/json`, `application/octet-stream`) leaves
    /// it to the body's `mediaType`, or else to its shape. Unknown members and types of content pass.
    package init(
        parsing bytes: [UInt8], contentType: String?, limits: JSONLimits = .default
    ) throws(ManifestError) {
        let json: JSONValue
        do { json = try JSONValue(parsing: bytes, limits: limits) } catch { throw .notJSON(error) }
        let fields = try ManifestFields(json, at: "", names: Self.names)
        try Self.checkSchemaVersion(fields)
        mediaType = try Self.mediaType(of: fields, contentType: contentType)
        guard let kind = Kind(mediaType) else { throw .unsupportedMediaType(mediaType) }
        self.kind = kind
        try Self.check(fields, fits: kind)
        config = kind == .image ? try fields.descriptor("config") : nil
        layers = try kind.layersName.map { name throws(ManifestError) in try fields.descriptors(name) } ?? []
        manifests = kind == .index ? try fields.descriptors("manifests") : []
        subject = try fields.descriptor("subject")
        artifactType = try fields.string("artifactType")
        annotations = try fields.annotations()
        try checkSizesAgree()
    }

    private static let names = FieldNames(
        "schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "blobs", "subject",
        "annotations")
}

extension Manifest {
    /// The `artifactType` under which the referrers API lists this manifest (distribution specification,
    /// "Listing Referrers"); `nil` when the list must leave it out.
    package var referrerArtifactType: String? {
        if let artifactType, !artifactType.isEmpty { return artifactType }
        return config?.mediaType.rawValue
    }
}

extension Manifest.Kind {
    fileprivate init?(_ mediaType: MediaType) {
        switch mediaType {
        case .ociManifest, .dockerManifest: self = .image
        case .ociIndex, .dockerManifestList: self = .index
        case .artifactManifest: self = .artifact
        default: return nil
        }
    }

    /// The member that lists content other than manifests.
    fileprivate var layersName: String? {
        switch self {
        case .image: "layers"
        case .artifact: "blobs"
        case .index: nil
        }
    }
}

// The rules for the members that decide what a manifest is.
extension Manifest {
    private static func checkSchemaVersion(_ fields: ManifestFields) throws(ManifestError) {
        guard let version = fields["schemaVersion"], version.int64 != 2 else { return }
        throw .schemaVersion(found: String(decoding: version.serialized().prefix(64), as: UTF8.self))
    }

    private static func mediaType(
        of fields: ManifestFields, contentType: String?
    ) throws(ManifestError) -> MediaType {
        let outer = MediaType(contentType: contentType ?? "")
        let inner = try fields.string("mediaType").map { MediaType(rawValue: $0) }
        switch (outer.saysNothing, inner) {
        case (true, let inner?): return inner
        case (true, nil): return try mediaType(deducedFrom: fields)
        case (false, let inner?) where inner != outer:
            throw outer.isManifest ? .mediaTypeMismatch(contentType: outer, body: inner) : .unsupportedMediaType(outer)
        case (false, _): return outer
        }
    }

    private static func mediaType(deducedFrom fields: ManifestFields) throws(ManifestError) -> MediaType {
        let isImage = fields["config"] != nil || fields["layers"] != nil
        switch (isImage, fields["manifests"] != nil) {
        case (true, false): return .ociManifest
        case (false, true): return .ociIndex
        case (true, true): throw .ambiguous(reason: imageAndIndex)
        case (false, false): throw .missing(path: "mediaType")
        }
    }

    /// CVE-2021-41190: the same bytes must not be an image to one client and an index to another.
    private static func check(_ fields: ManifestFields, fits kind: Kind) throws(ManifestError) {
        let hasImage = fields["config"] != nil || fields["layers"] != nil
        let hasIndex = fields["manifests"] != nil
        if hasImage && hasIndex { throw .ambiguous(reason: imageAndIndex) }
        if hasIndex && kind != .index { throw .ambiguous(reason: "it has manifests, but its media type is no index") }
        if hasImage && kind != .image {
            throw .ambiguous(reason: "it has config or layers, but its media type is no image")
        }
        if kind == .image && fields["config"] == nil { throw .missing(path: "config") }
        if kind == .index && !fields.mentions("manifests") { throw .missing(path: "manifests") }
        if kind != .artifact && fields["schemaVersion"] == nil { throw .missing(path: "schemaVersion") }
    }

    private static var imageAndIndex: String { "it has the members of an image and of an index" }
}
