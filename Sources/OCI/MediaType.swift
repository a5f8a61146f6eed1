/// What kind of content some bytes are, in the registry's vocabulary of media types.
///
/// Any text is a `MediaType`: a registry stores types it has never heard of. The questions below
/// recognise only the exact spelling of the specifications.
package struct MediaType: RawRepresentable, Hashable, Sendable {
    /// The type as it was written.
    package let rawValue: String

    /// Takes the text as it is; use `init(contentType:)` for a header.
    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The type a `Content-Type` field names: without parameters and surrounding space, in lower case.
    ///
    /// An empty field gives an empty type, which is no type at all. Bytes outside ASCII, which no type has, become
    /// `?`: Swift compares such text in a time that an attacker may choose.
    package init(contentType: String) {
        var type = contentType.utf8.prefix { $0 != UInt8(ascii: ";") }.drop(while: Self.isSpace)
        while let last = type.last, Self.isSpace(last) { type = type.dropLast() }
        rawValue = String(decoding: type.map(Self.normalized), as: UTF8.self)
    }

    private static func isSpace(_ character: UInt8) -> Bool {
        character == UInt8(ascii: " ") || character == UInt8(ascii: "\t")
    }

    private static func normalized(_ character: UInt8) -> UInt8 {
        switch character {
        case 0x80...: UInt8(ascii: "?")
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character | 0x20
        default: character
        }
    }
}

extension MediaType: CustomStringConvertible {
    /// The type as it was written, which may be anything: quote it where it leaves the process.
    package var description: String { rawValue }
}

/// Open Container Initiative.
extension MediaType {
    /// An image manifest, also the carrier of every modern artifact.
    package static let ociManifest = MediaType(rawValue: "application/vnd.oci.image.manifest.v1+json")
    /// An image index: one name for several platforms.
    package static let ociIndex = MediaType(rawValue: "application/vnd.oci.image.index.v1+json")
    /// An image configuration: labels, platform and layer hashes.
    package static let ociConfig = MediaType(rawValue: "application/vnd.oci.image.config.v1+json")
    /// A layer, not compressed.
    package static let ociLayer = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar")
    /// A layer compressed with gzip.
    package static let ociLayerGzip = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+gzip")
    /// A layer compressed with zstd.
    package static let ociLayerZstd = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+zstd")
    /// A layer that its licence keeps elsewhere. Deprecated, still in the field.
    package static let ociNondistributableLayer =
        MediaType(rawValue: "application/vnd.oci.image.layer.nondistributable.v1.tar")
    /// The same, compressed with gzip.
    package static let ociNondistributableLayerGzip =
        MediaType(rawValue: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")
    /// The same, compressed with zstd.
    package static let ociNondistributableLayerZstd =
        MediaType(rawValue: "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd")
    /// The two bytes `{}`, where a descriptor is required and nothing is meant.
    package static let empty = MediaType(rawValue: "application/vnd.oci.empty.v1+json")
    /// The artifact manifest of OCI 1.1 release candidates. Withdrawn, but some were pushed.
    package static let artifactManifest = MediaType(rawValue: "application/vnd.oci.artifact.manifest.v1+json")
}

/// Docker, image manifest version 2, schema 2.
extension MediaType {
    /// An image manifest.
    package static let dockerManifest = MediaType(rawValue: "application/vnd.docker.distribution.manifest.v2+json")
    /// A manifest list, Docker's image index.
    package static let dockerManifestList =
        MediaType(rawValue: "application/vnd.docker.distribution.manifest.list.v2+json")
    /// An image configuration.
    package static let dockerConfig = MediaType(rawValue: "application/vnd.docker.container.image.v1+json")
    /// A layer compressed with gzip.
    package static let dockerLayer = MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar.gzip")
    /// A Windows base layer that stays on Microsoft's servers.
    package static let dockerForeignLayer =
        MediaType(rawValue: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
}

extension MediaType {
    /// Whether the content is something `/manifests/` stores, an index included.
    package var isManifest: Bool {
        self == .ociManifest || self == .dockerManifest || self == .artifactManifest || isIndex
    }

    /// Whether the content is a list of manifests, OCI's or Docker's.
    package var isIndex: Bool {
        self == .ociIndex || self == .dockerManifestList
    }

    /// Whether the content is a layer that clients may leave out of a push.
    ///
    /// Only the type decides. Image specification, layer.md: the presence of `urls` says nothing.
    package var isForeignLayer: Bool {
        switch self {
        case .dockerForeignLayer, .ociNondistributableLayer, .ociNondistributableLayerGzip,
            .ociNondistributableLayerZstd:
            true
        default: false
        }
    }

    /// Docker image manifest version 2, schema 1, signed or not: withdrawn years ago.
    var isDockerSchema1: Bool {
        rawValue == "application/vnd.docker.distribution.manifest.v1+json"
            || rawValue == "application/vnd.docker.distribution.manifest.v1+prettyjws"
    }

    /// What clients send that do not know, or do not say, what they send.
    var saysNothing: Bool {
        rawValue.isEmpty || rawValue == "application/json" || rawValue == "application/octet-stream"
    }
}
