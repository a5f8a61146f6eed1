package import OCI

/// A manifest on its way into a repository: the bytes and what the client said about them.
package struct ManifestPush: Sendable {
    package var repository: RepositoryName
    /// The tag or digest under which it is put.
    package var reference: Reference
    /// More tags to set, when it is put by digest.
    package var tags: [Tag]
    /// What the client says the bytes are.
    package var contentType: String?
    package var content: [UInt8]

    /// Describes a push.
    package init(
        to repository: RepositoryName, as reference: Reference, tags: [Tag] = [], contentType: String?,
        content: [UInt8]
    ) {
        self.repository = repository
        self.reference = reference
        self.tags = tags
        self.contentType = contentType
        self.content = content
    }
}

extension ManifestPush {
    /// Checks everything that needs nothing but the push, which may be megabytes of JSON.
    ///
    /// - Returns: the manifest, the digest under which it is stored, and the tags that are to point at it, each once.
    /// - Throws: `RegistryError`.
    package func examine(
        _ limits: RegistryLimits, _ policy: RepositoryPolicy
    ) throws -> (manifest: Manifest, digest: Digest, tags: [Tag]) {
        guard tags.count <= limits.tagsPerPush else { throw RegistryError.tooManyTags(limit: limits.tagsPerPush) }
        let manifest: Manifest
        do {
            manifest = try Manifest(
                parsing: content, contentType: contentType, limits: JSONLimits(depth: limits.jsonDepth))
        } catch {
            throw RegistryError.invalidManifest(error)
        }
        let count = manifest.layers.count + manifest.manifests.count
        guard count <= limits.references else {
            throw RegistryError.tooManyReferences(count, limit: limits.references)
        }
        for layer in manifest.layers { try Self.checkURLs(of: layer, prefixes: policy.urlPrefixes) }
        switch reference {
        case .tag(let tag): return (manifest, Digest(.sha256, of: content), [tag])
        case .digest(let expected):
            let computed = Digest(expected.algorithm, of: content)
            guard computed == expected else {
                throw RegistryError.digestMismatch(expected: expected, computed: computed)
            }
            var seen = Set<Tag>()
            return (manifest, computed, tags.filter { seen.insert($0).inserted })
        }
    }

    /// A client follows these URLs without asking us again: only the web, and nothing that could hide where it leads.
    private static func checkURLs(of layer: Descriptor, prefixes: [String]) throws(RegistryError) {
        for url in layer.urls {
            let isAllowed = prefixes.isEmpty || prefixes.contains { url.utf8.starts(with: $0.utf8) }
            guard isAllowed, isPlainWebURL(url) else {
                throw .refusedURL(layer: layer.digest, url: url)
            }
        }
    }

    /// `http` or `https`, printable ASCII, without a fragment, and without a user before the host, which a reader could
    /// take for the host.
    private static func isPlainWebURL(_ url: String) -> Bool {
        let bytes = url.utf8
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }) else { return false }
        guard bytes.starts(with: "https://".utf8) || bytes.starts(with: "http://".utf8) else { return false }
        let authority = bytes.drop { $0 != UInt8(ascii: "/") }.dropFirst(2).prefix { $0 != UInt8(ascii: "/") }
        return !authority.isEmpty && !authority.contains(UInt8(ascii: "@"))
    }
}

extension RepositoryPolicy {
    /// Foreign layers stay where their URLs say, unless the repository wants them here; a sparse repository takes
    /// manifests before their content.
    ///
    /// - Parameter absent: what the manifest names and the repository does not have.
    package func check(absent: [Digest], of manifest: Manifest) throws(RegistryError) {
        guard !absent.isEmpty, !allowsSparse else { return }
        // Content that is a foreign layer and also something else must be here for what else it is.
        let required = manifest.references.filter { $0.role == .config || !$0.descriptor.mediaType.isForeignLayer }
        let missing = Self.unique(absent, among: Set(required.map(\.descriptor.digest)))
        guard missing.isEmpty else { throw .missingContent(missing) }
        guard !requiresForeignLayers else { throw .missingForeignLayers(Self.unique(absent, among: Set(absent))) }
    }

    /// Those of `digests` that are in `wanted`, each once: the same content may be missing in several roles.
    private static func unique(_ digests: [Digest], among wanted: Set<Digest>) -> [Digest] {
        var left = wanted
        return digests.filter { left.remove($0) != nil }
    }
}
