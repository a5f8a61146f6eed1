package import OCI
package import RegistryCore
import Synchronization

/// Says what a registry would do with what is moved in, and changes nothing: content is hashed and not kept.
///
/// Works beside a running server.
package final class Rehearsal: ImageTarget {
    private struct State {
        /// What there is already; nil when there is nothing.
        let archive: LedgerArchive?
        /// What would have been taken by now.
        var manifests: Set<Key> = []
        var blobs: Set<Key> = []
        var everyBlob: Set<Digest> = []
        var tags: [TagKey: Digest] = [:]

        func read<Value>(or nothing: Value, _ body: (LedgerReader) throws -> Value) throws -> Value {
            try archive.map { try $0.read(body) } ?? nothing
        }

        func hasManifest(_ key: Key) throws -> Bool {
            try manifests.contains(key)
                || read(or: false) { try $0.manifest(.digest(key.digest), in: key.repository, content: false) != nil }
        }

        func hasBlob(_ key: Key) throws -> Bool {
            try blobs.contains(key) || read(or: false) { try $0.blobSize(key.digest, in: key.repository) != nil }
        }

        func digest(of key: TagKey) throws -> Digest? {
            try tags[key]
                ?? read(or: nil) { try $0.manifest(.tag(key.tag), in: key.repository, content: false)?.digest }
        }

        mutating func add(blob key: Key) {
            blobs.insert(key)
            everyBlob.insert(key.digest)
        }
    }

    private struct Key: Hashable {
        let digest: Digest
        let repository: RepositoryName
    }

    private struct TagKey: Hashable {
        let tag: Tag
        let repository: RepositoryName
    }

    /// Bytes that are hashed at a time.
    private static let bufferSize = 256 * 1024

    private let state: Mutex<State>
    private let limits: RegistryLimits
    private let mostBlobBytes: Int64
    private let rule: @Sendable (RepositoryName) -> RepositoryPolicy

    /// - Parameters:
    ///   - archive: opens what there is already; gives nil when there is nothing.
    ///   - mostBlobBytes: what the registry takes as one blob; 0 for no limit.
    ///   - rule: what a repository allows.
    package init(
        limits: RegistryLimits, mostBlobBytes: Int64 = 0,
        rule: @escaping @Sendable (RepositoryName) -> RepositoryPolicy,
        archive: () throws -> sending LedgerArchive?
    ) rethrows {
        state = Mutex(State(archive: try archive()))
        self.limits = limits
        self.mostBlobBytes = mostBlobBytes
        self.rule = rule
    }

    package func hasManifest(_ digest: Digest, in repository: RepositoryName) throws -> Bool {
        try state.withLock { try $0.hasManifest(Key(digest: digest, repository: repository)) }
    }

    package func digest(of tag: Tag, in repository: RepositoryName) throws -> Digest? {
        try state.withLock { try $0.digest(of: TagKey(tag: tag, repository: repository)) }
    }

    package func hasBlob(_ digest: Digest, in repository: RepositoryName) throws -> Bool {
        try state.withLock { try $0.hasBlob(Key(digest: digest, repository: repository)) }
    }

    package func linkBlob(_ digest: Digest, to repository: RepositoryName) async throws -> Bool {
        try state.withLock { state in
            let isThere =
                try state.everyBlob.contains(digest) || state.read(or: false) { try $0.isServed(digest, in: .all) }
            if isThere { state.add(blob: Key(digest: digest, repository: repository)) }
            return isThere
        }
    }

    package func putBlob(_ file: SourceFile, as digest: Digest, to repository: RepositoryName) async throws {
        if mostBlobBytes > 0, file.size > mostBlobBytes { throw UploadError.tooLarge(limit: mostBlobBytes) }
        let computed = try Self.digest(digest.algorithm, of: file)
        guard computed == digest else { throw UploadError.digestMismatch(expected: digest, computed: computed) }
        state.withLock { $0.add(blob: Key(digest: digest, repository: repository)) }
    }

    private static func digest(_ algorithm: Digest.Algorithm, of file: SourceFile) throws -> Digest {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 64)
        defer { buffer.deallocate() }
        var hasher = ContentHasher(algorithm)
        var offset: Int64 = 0
        while case let count = try file.fill(buffer, from: offset), count > 0 {
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += Int64(count)
        }
        return hasher.digest
    }

    package func put(_ push: ManifestPush) async throws {
        let (repository, policy) = (push.repository, rule(push.repository))
        let (manifest, digest, tags) = try push.examine(limits, policy)
        try state.withLock { state in
            let absent = try manifest.references.map(\.descriptor.digest).filter { digest in
                let key = Key(digest: digest, repository: repository)
                return try !state.hasBlob(key) && !state.hasManifest(key)
            }
            try policy.check(absent: absent, of: manifest)
            for tag in tags {
                let old = try state.digest(of: TagKey(tag: tag, repository: repository))
                if let old, old != digest { try policy.checkMove(of: tag, from: old) }
            }
            for tag in tags { state.tags[TagKey(tag: tag, repository: repository)] = digest }
            state.manifests.insert(Key(digest: digest, repository: repository))
        }
    }
}
