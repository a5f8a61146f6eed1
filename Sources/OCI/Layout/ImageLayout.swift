/// The OCI image layout (image specification, image-layout.md): images as a folder of files that every tool reads.
///
/// As a tar archive it is what `skopeo copy oci-archive:…`, `podman load` and `docker load` take.
package enum ImageLayout {
    /// Where the bytes of a file come from.
    package enum Content: Hashable, Sendable {
        /// They are here.
        case bytes([UInt8])
        /// They are what the digest names: a manifest or a blob, as the media type says.
        case stored(Descriptor)
    }

    /// A file besides those of the layout, which readers of the layout pass over: a proof, or Docker's `manifest.json`.
    package struct Extra: Hashable, Sendable {
        /// The path in the layout.
        package let name: String
        /// The content.
        package let bytes: [UInt8]

        /// Describes a file.
        package init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// Puts a layout together, in an order that lets a reader of the stream know what comes: `oci-layout`, `index.json`,
    /// the contents, the extra files. Content that is named more than once is in it once.
    ///
    /// - Parameters:
    ///   - roots: what `index.json` lists; `Descriptor.named` gives each the name by which tools ask for it.
    ///   - contents: everything that the layout holds, the roots included.
    package static func archive(
        roots: [Descriptor], contents: [(descriptor: Descriptor, content: Content)], extras: [Extra] = []
    ) throws(TarError) -> TarArchive<Content> {
        var entries = [file("oci-layout", marker), file("index.json", index(of: roots))]
        var seen: Set<Digest> = []
        for (descriptor, content) in contents where seen.insert(descriptor.digest).inserted {
            let size = if case .bytes(let bytes) = content { Int64(bytes.count) } else { descriptor.size }
            entries.append(TarEntry(name: path(of: descriptor.digest), size: size, content: content))
        }
        entries += extras.map { file($0.name, $0.bytes) }
        return try TarArchive(entries)
    }

    /// The file `oci-layout`.
    package static let marker = Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)

    /// The file `index.json`, with annotations of its own if there are any.
    package static func index(of roots: [Descriptor], annotations: [String: String] = [:]) -> [UInt8] {
        var index: JSONObject = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociIndex.rawValue),
            "manifests": .array(roots.map(\.json)),
        ]
        if !annotations.isEmpty { index["annotations"] = .object(JSONObject(sorting: annotations)) }
        return JSONValue.object(index).serialized()
    }

    /// Where the content of a digest is.
    package static func path(of digest: Digest) -> String { "blobs/\(digest.algorithm.rawValue)/\(digest.hex)" }

    private static func file(_ name: String, _ bytes: [UInt8]) -> TarEntry<Content> {
        TarEntry(name: name, size: Int64(bytes.count), content: .bytes(bytes))
    }
}

extension Descriptor {
    /// The same content under a name, which counts in the `index.json` of an image layout and nowhere else (image
    /// specification, annotations.md, `org.opencontainers.image.ref.name`).
    package func named(_ name: String) -> Descriptor {
        var named = self
        named.annotations[Self.nameKey] = name
        return named
    }

    /// The name that the descriptor has in the `index.json` of an image layout; any text.
    package var name: String? { annotations[Self.nameKey] }

    private static let nameKey = "org.opencontainers.image.ref.name"
}
