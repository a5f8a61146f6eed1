package import OCI

/// Something that a build used: source code, a base image, a file (SLSA, build-provenance.md, `resolvedDependencies`;
/// version 0.2 calls them materials).
package struct Dependency: Equatable, Sendable {
    /// What the builder calls it.
    package let name: String?
    /// Where it comes from, without credentials; empty when only digests are known.
    package let uri: String
    /// What it was when it was used; `nil` when the builder does not say.
    package let digests: DigestSet?

    /// A dependency from its parts.
    package init(name: String? = nil, uri: String, digests: DigestSet? = nil) {
        self.name = name
        self.uri = uri.withoutCredentials
        self.digests = digests
    }

    /// The image, when it is one. Of these, some are base images and some are tools of the build: provenance does not
    /// tell which.
    package var image: ImageReference? { ImageReference(uri: uri, digests: digests) }

    /// The commit, when it is a git repository at one.
    var commit: String? {
        guard let values = digests?.values else { return nil }
        if let commit = values["gitCommit"] { return commit }
        // BuildKit and Tekton: the commit's hash is under the name of the hash function. Of a file it would be the file's.
        return SourceURI(uri).isGit ? values["sha1"] ?? values["sha256"] : nil
    }
}

/// The name of an image as provenance writes it: a package URL, or a scheme and a reference.
package struct ImageReference: Hashable, Sendable {
    /// Such as `alpine` or `ghcr.io/team/app`: as the builder writes it, not completed.
    package let repository: String
    /// The tag that was asked for.
    package let tag: String?
    /// What was used.
    package let digest: Digest?
    /// Such as `linux/amd64`.
    package let platform: String?

    /// Reads `pkg:docker/alpine@3.22?platform=linux%2Famd64`, `pkg:oci/…`, `docker://…` and the like; `nil` for what is
    /// no image.
    package init?(uri: String, digests: DigestSet? = nil) {
        guard uri.utf8.count <= BuildRecord.Limits.text,
            let scheme = Self.schemes.first(where: { uri.utf8.starts(with: $0.utf8) })
        else { return nil }
        var reader = PackageURL(String(decoding: uri.utf8.dropFirst(scheme.utf8.count), as: UTF8.self))
        if scheme.utf8.starts(with: "pkg:".utf8) { reader.readQualifiers() }
        let (name, version) = reader.nameAndVersion
        guard !name.isEmpty else { return nil }
        repository = reader.qualifiers["repository_url"] ?? name
        let pinned = (try? Digest(parsing: version)) ?? reader.qualifiers["digest"].flatMap { try? Digest(parsing: $0) }
        digest = digests?.digests.first ?? pinned
        tag = reader.qualifiers["tag"] ?? (version.isEmpty || version.contains(":") ? nil : version)
        platform = reader.qualifiers["platform"]
    }

    private static let schemes = ["pkg:docker/", "pkg:oci/", "docker-image://", "docker://", "oci://"]
}

/// What follows the type in a package URL (purl-spec): `name@version?key=value&…`.
///
/// A reference without package URL has the same form without qualifiers, but for the tag after a colon.
private struct PackageURL {
    private var location: String
    private(set) var qualifiers: [String: String] = [:]

    init(_ location: String) {
        self.location = location
    }

    mutating func readQualifiers() {
        let parts = location.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return }
        location = String(decoding: parts[0], as: UTF8.self)
        for qualifier in parts[1].prefix(while: { $0 != UInt8(ascii: "#") }).split(separator: UInt8(ascii: "&")) {
            let pair = qualifier.split(separator: UInt8(ascii: "="), maxSplits: 1)
            guard pair.count == 2, let value = pair[1].percentDecoded else { continue }
            qualifiers[String(decoding: pair[0], as: UTF8.self)] = value
        }
    }

    /// The version is a tag or a digest; empty when there is none. `name:tag@sha256:…` gives the digest.
    var nameAndVersion: (name: String, version: String) {
        let text = location.utf8[...]
        let at = text.lastIndex(of: UInt8(ascii: "@"))
        var name = text[..<(at ?? text.endIndex)]
        var version = at.map { text[text.index(after: $0)...].percentDecoded ?? "" } ?? ""
        let lastPart = name.lastIndex(of: UInt8(ascii: "/")).map { name.index(after: $0) } ?? name.startIndex
        if let colon = name[lastPart...].firstIndex(of: UInt8(ascii: ":")) {
            if version.isEmpty { version = String(decoding: name[name.index(after: colon)...], as: UTF8.self) }
            name = name[..<colon]
        }
        return (name.percentDecoded ?? "", version)
    }
}

extension Substring.UTF8View {
    /// RFC 3986 §2.1; `nil` when a percent sign is not followed by two digits, or the bytes are not UTF-8.
    fileprivate var percentDecoded: String? {
        var bytes: [UInt8] = []
        var rest = self
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var hexValue: UInt8? {
        Character(Unicode.Scalar(self)).hexDigitValue.map { UInt8(truncatingIfNeeded: $0) }
    }
}
