/// What an image runs on, as an index entry says it.
///
/// Kept and never validated: BuildKit writes `unknown/unknown` for attestations, and Windows needs `os.version`
/// and `os.features` to survive exactly.
package struct Platform: Hashable, Sendable {
    /// The processor, in Go's words; empty when the document does not say.
    package var architecture: String
    /// The operating system, in Go's words; empty when the document does not say.
    package var os: String
    /// `os.version`, such as `10.0.20348.2340`; only Windows uses it.
    package var osVersion: String?
    /// `os.features`, such as `win32k`.
    package var osFeatures: [String]
    /// The processor's variant, such as `v8`.
    package var variant: String?

    /// A platform from its parts.
    package init(
        architecture: String, os: String, osVersion: String? = nil, osFeatures: [String] = [], variant: String? = nil
    ) {
        self.architecture = architecture
        self.os = os
        self.osVersion = osVersion
        self.osFeatures = osFeatures
        self.variant = variant
    }

    /// Reads a platform out of a document; only a member of the wrong type is refused.
    init(_ json: JSONValue, at path: String) throws(ManifestError) {
        let fields = try ManifestFields(json, at: path, names: Self.names)
        architecture = try fields.string("architecture") ?? ""
        os = try fields.string("os") ?? ""
        osVersion = try fields.string("os.version")
        osFeatures = try fields.strings("os.features")
        variant = try fields.string("variant")
    }

    private static let names = FieldNames("architecture", "os", "os.version", "os.features", "variant")

    /// The platform as the image specification writes it.
    package var json: JSONValue {
        var object: JSONObject = ["architecture": .string(architecture), "os": .string(os)]
        if let osVersion { object["os.version"] = .string(osVersion) }
        if !osFeatures.isEmpty { object["os.features"] = .array(osFeatures.map { .string($0) }) }
        if let variant { object["variant"] = .string(variant) }
        return .object(object)
    }
}
