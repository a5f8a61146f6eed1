import OCI

/// Documents as clients push them, and the parts to build more.
enum Fixture {
    static let hexA = String(repeating: "a", count: 64)
    static let digestA = "sha256:" + hexA
    static let digestB = "sha256:" + String(repeating: "b", count: 64)
    static let digestC = "sha256:" + String(repeating: "c", count: 64)

    static func descriptor(
        _ digest: String = digestA, type: MediaType = .ociLayerGzip, size: Int64 = 2, extra: String = ""
    ) -> String {
        #"{"mediaType":"\#(type)","digest":"\#(digest)","size":\#(size)\#(extra)}"#
    }

    /// An image manifest with one layer, and whatever `extra` adds after it.
    static func image(
        _ type: MediaType = .ociManifest, layers: String = "[\(descriptor(digestB))]", extra: String = ""
    ) -> String {
        let config = descriptor(type: type == .dockerManifest ? .dockerConfig : .ociConfig)
        return #"{"schemaVersion":2,"mediaType":"\#(type)","config":\#(config),"layers":\#(layers)\#(extra)}"#
    }

    static func index(_ type: MediaType = .ociIndex, manifests: String, extra: String = "") -> String {
        #"{"schemaVersion":2,"mediaType":"\#(type)","manifests":\#(manifests)\#(extra)}"#
    }

    /// A small valid document of that type.
    static func body(of type: MediaType) -> String {
        if type.isIndex { return index(type, manifests: "[\(descriptor(digestB, type: .ociManifest))]") }
        if type != .artifactManifest { return image(type) }
        return #"{"mediaType":"\#(type)","artifactType":"application/x","blobs":[\#(descriptor())]}"#
    }

    /// Uses every member we read, so that a mutation can hit each of them.
    static let richImage = image(
        layers: "[\(descriptor(digestB, extra: #","urls":["https://example.com/l"],"annotations":{"k\u00e9":"v"}"#))]",
        extra:
            #","artifactType":"application/x","subject":\#(descriptor(digestC, type: .ociManifest)),"annotations":{"a":"b"}"#
    )

    static let richIndex = index(
        manifests:
            "[\(descriptor(digestB, type: .ociManifest, extra: #","platform":\#(windows),"artifactType":"x""#))]",
        extra: #","annotations":{"a":"b"}"#)

    static let windows =
        #"{"architecture":"amd64","os":"windows","os.version":"10.0.20348.2340","os.features":["win32k"],"variant":"v1"}"#
}

/// Reads a manifest from text.
func manifest(_ text: String, contentType: String? = nil) throws(ManifestError) -> Manifest {
    try Manifest(parsing: Array(text.utf8), contentType: contentType)
}

/// Reads JSON from text.
func json(_ text: String, limits: JSONLimits = .default) throws(JSONError) -> JSONValue {
    try JSONValue(parsing: Array(text.utf8), limits: limits)
}

/// Whether a message is fit for a log line and an HTTP status line.
func isPresentable(_ message: String) -> Bool {
    message.utf8.count < 1000 && message.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
}
