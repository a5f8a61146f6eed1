/// What an image configuration tells about where an image comes from.
///
/// A configuration is a blob: it was stored whatever it contains. So this reads what it can and leaves out what
/// is not as the image specification has it; nothing here has been checked by anyone.
package struct ImageConfig: Equatable, Sendable {
    /// `config.Labels`, without those whose value is not a string.
    package let labels: [String: String]
    /// When the image was built, in the author's words; RFC 3339 if the author is right.
    package let created: String?
    /// The processor, in Go's words.
    package let architecture: String?
    /// The operating system, in Go's words.
    package let os: String?
    /// `os.version`, such as `10.0.20348.2340`.
    package let osVersion: String?
    /// `os.features`, without those that are not strings.
    package let osFeatures: [String]
    /// The processor's variant, such as `v8`.
    package let variant: String?
    /// The hashes of the uncompressed layers, base first. Empty unless every one is a digest, because the position
    /// of each counts.
    package let diffIDs: [Digest]

    /// `nil` when the bytes are not one JSON object that every reader understands alike.
    package init?(parsing bytes: [UInt8]) {
        guard let json = try? JSONValue(parsing: bytes), let object = json.object else { return nil }
        labels = Self.labels(json["config"]?["Labels"])
        created = object["created"]?.string
        architecture = object["architecture"]?.string
        os = object["os"]?.string
        osVersion = object["os.version"]?.string
        osFeatures = object["os.features"]?.array?.compactMap(\.string) ?? []
        variant = object["variant"]?.string
        diffIDs = Self.digests(json["rootfs"]?["diff_ids"])
    }

    private static func labels(_ json: JSONValue?) -> [String: String] {
        var labels: [String: String] = [:]
        for member in json?.object?.members ?? [] {
            if let text = member.value.string { labels[member.key] = text }
        }
        return labels
    }

    private static func digests(_ json: JSONValue?) -> [Digest] {
        let elements = json?.array ?? []
        let digests = elements.compactMap { element in element.string.flatMap { try? Digest(parsing: $0) } }
        return digests.count == elements.count ? digests : []
    }
}
