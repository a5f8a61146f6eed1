package import LinuxIO
package import OCI

/// Why something was not found, not taken or not done. Nothing was changed.
package enum RegistryError: Error {
    case unknownRepository(RepositoryName)
    case unknownBlob(Digest)
    case unknownManifest(Reference)
    /// The manifest cannot be stored, and why.
    case invalidManifest(ManifestError)
    /// The manifest names content that the repository does not have.
    case missingContent([Digest])
    /// A foreign layer has to be here, and is not.
    case missingForeignLayers([Digest])
    /// A layer may be fetched from a place that cannot be allowed.
    case refusedURL(layer: Digest, url: String)
    /// The bytes hash to something else than the reference says.
    case digestMismatch(expected: Digest, computed: Digest)
    /// The tag may not point at anything else, nor go away.
    case immutableTag(Tag, Digest)
    /// Only an administrator may set or remove the tag.
    case protectedTag(Tag)
    case tooManyTags(limit: Int)
    case tooManyReferences(Int, limit: Int)
    /// The personal field of the record was never there, or is erased.
    case alreadyErased(PersonalField, record: Int64)
    /// The repositories of a quota would hold more than it allows: this many bytes more than before.
    case quotaExceeded(QuotaUsage, needed: Int64)
    /// A file failed.
    case storage(SystemError)
}
