import OCI
import RegistryTesting

/// Manifests as text, for what the fixtures cannot say.
enum Manifests {
    /// The two bytes that stand for nothing.
    static let empty = [UInt8]("{}")

    /// A descriptor; `more` is put behind its three members.
    static func descriptor(_ content: [UInt8], _ type: MediaType = .ociLayerGzip, _ more: String = "") -> String {
        #"{"mediaType":"\#(type.rawValue)","digest":"\#(content.digest)","size":\#(content.count)\#(more)}"#
    }

    /// An image manifest of any type; nil leaves the member `mediaType` out.
    static func image(
        _ type: MediaType? = .ociManifest, config: String = descriptor(empty, .empty), layers: [String] = [],
        more: String = ""
    ) -> [UInt8] {
        let layers = layers.joined(separator: ",")
        return [UInt8](#"{"schemaVersion":2\#(member(type)),"config":\#(config),"layers":[\#(layers)]\#(more)}"#)
    }

    /// An index of any type; nil leaves the member `mediaType` out.
    static func index(_ type: MediaType? = .ociIndex, _ manifests: [String] = [], more: String = "") -> [UInt8] {
        [UInt8](#"{"schemaVersion":2\#(member(type)),"manifests":[\#(manifests.joined(separator: ","))]\#(more)}"#)
    }

    /// The withdrawn artifact manifest; nil leaves the member `mediaType` out.
    static func artifact(_ type: MediaType?, blobs: [String] = [], more: String = "") -> [UInt8] {
        let type = type.map { #""mediaType":"\#($0.rawValue)","# } ?? ""
        return [UInt8](#"{\#(type)"artifactType":"a/b","blobs":[\#(blobs.joined(separator: ","))]\#(more)}"#)
    }

    /// An artifact's manifest of exactly so many bytes, whose only blob is `empty`.
    static func padded(to count: Int) -> [UInt8] {
        let bare = image(.ociManifest, more: #","artifactType":"a/b","annotations":{"padding":""}"#)
        let padding = String(repeating: "x", count: count - bare.count)
        return image(.ociManifest, more: #","artifactType":"a/b","annotations":{"padding":"\#(padding)"}"#)
    }

    private static func member(_ type: MediaType?) -> String {
        type.map { #","mediaType":"\#($0.rawValue)""# } ?? ""
    }
}
