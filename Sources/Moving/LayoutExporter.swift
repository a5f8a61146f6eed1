import LinuxIO
package import OCI
package import RegistryCore

/// Writes repositories of a data folder as an OCI image layout: every manifest that a repository has, whatever it refers to.
///
/// Only reads the data folder, also beside a running server: what is pushed meanwhile may be in it or not. `index.json` is
/// written last, so that what breaks off is no layout.
package struct LayoutExporter {
    /// What is written.
    package enum Form: Sendable {
        case folder
        /// The same as one file.
        case tar
        /// The images of tags as one file, for Docker too.
        case dockerArchive(DockerImages)
    }

    static let page = 1000

    let archive: LedgerArchive
    let data: String
    private let form: Form
    private let quorum: Int?
    let writer: any LayoutWriter
    let events: MoveEvents
    var report = MoveReport()
    private(set) var written: Set<Digest> = []
    /// Those of what was written that are manifests.
    private(set) var manifests: Set<Digest> = []
    /// Content that is damaged, and how.
    private var damaged: [Digest: String] = [:]
    private var lacks = LackingContent()
    var roots: [Descriptor] = []
    /// What Docker's list says.
    var dockerImages: [DockerImage] = []

    /// Makes the folder at `path`, unless it is there and empty, or the file.
    ///
    /// - Parameters:
    ///   - archive: the ledger of the data folder.
    ///   - data: the data folder.
    ///   - quorum: how many witnesses should have signed what the proofs of records lead to; nil when no records go along.
    /// - Throws: `LayoutWriteError`.
    package init(
        _ archive: LedgerArchive, of data: String, to path: String, as form: Form = .folder,
        withRecords quorum: Int? = nil, events: MoveEvents
    ) throws {
        self.archive = archive
        self.data = data
        self.form = form
        self.quorum = quorum
        self.events = events
        writer = if case .folder = form { try LayoutFolder(path) } else { try LayoutTar(path) }
    }

    /// Writes everything.
    ///
    /// - Throws: when the ledger cannot be read or the layout cannot be written; then there is no file.
    package mutating func run(selecting selects: (RepositoryName) -> Bool) throws -> MoveReport {
        do {
            let all = try repositories()
            let names = all.filter(selects)
            try write(names, isAll: names.count == all.count)
        } catch {
            writer.abandon()
            throw error
        }
        return report
    }

    private mutating func write(_ names: [RepositoryName], isAll: Bool) throws {
        for (index, name) in names.enumerated() {
            let place = "(\(index + 1) of \(names.count) repositories)"
            if case .dockerArchive(let images) = form {
                try export(images, of: name, place)
            } else {
                try export(name, place)
            }
        }
        if case .dockerArchive = form { try writer.write("manifest.json", DockerImage.list(dockerImages)) }
        if let quorum {
            let chosen = Set(names)
            try writeRecords(in: isAll ? .all : .some { chosen.contains($0) }, quorum: quorum)
        }
        try writer.write("oci-layout", ImageLayout.marker)
        try writer.synchronize()
        try writer.write("index.json", ImageLayout.index(of: roots, annotations: lacks.annotations))
        try writer.synchronize()
    }

    private func repositories() throws -> [RepositoryName] {
        var names: [String] = []
        while case let page = try archive.read({ try $0.repositories(after: names.last, limit: Self.page) }),
            !page.isEmpty
        {
            names += page
        }
        return names.compactMap { try? RepositoryName(parsing: $0) }
    }

    private mutating func export(_ name: RepositoryName, _ place: String) throws {
        var manifests: [Digest: Descriptor] = [:]
        var children: Set<Digest> = []
        var key: Int64 = 0
        while case let page = try archive.read({ try $0.manifests(of: name, after: key, limit: Self.page) }),
            let last = page.last
        {
            for (done, (_, stored)) in page.enumerated() {
                guard let manifest = try export(stored.digest, of: name) else { continue }
                manifests[stored.digest] = Descriptor(
                    mediaType: MediaType(rawValue: stored.mediaType), digest: stored.digest, size: stored.size)
                children.formUnion(manifest.manifests.map(\.digest))
                events.progress("exporting manifests of \(name) \(place)", done, page.count)
            }
            key = last.key
        }
        try addRoots(of: name, manifests, children)
        if !manifests.isEmpty { report.repositories += 1 }
    }

    /// Names what tags point at, and what nothing else in the layout leads to.
    private mutating func addRoots(
        of name: RepositoryName, _ manifests: [Digest: Descriptor], _ children: Set<Digest>
    ) throws {
        var tagged: Set<Digest> = []
        var last: String?
        while case let page = try archive.read({ try $0.tags(of: name, after: last, limit: Self.page) }), !page.isEmpty
        {
            for text in page {
                let tag = try Tag(parsing: text)
                let stored = try archive.read { try $0.manifest(.tag(tag), in: name, content: false) }
                // One that was pushed since the manifests were read is for the next time.
                guard let stored, let descriptor = manifests[stored.digest] else { continue }
                roots.append(descriptor.named("\(name):\(tag)"))
                tagged.insert(stored.digest)
                report.tags.moved += 1
            }
            last = page.last
        }
        for digest in manifests.keys.sorted() where !tagged.contains(digest) && !children.contains(digest) {
            if let descriptor = manifests[digest] { roots.append(descriptor.named("\(name)@\(digest)")) }
        }
    }

    /// Writes a manifest and its blobs; nil when it is not as it was pushed.
    mutating func export(_ digest: Digest, of name: RepositoryName) throws -> Manifest? {
        let stored = try archive.read { try $0.manifest(.digest(digest), in: name, content: true) }
        // Somebody has deleted it meanwhile.
        guard let stored else { return nil }
        guard Digest(digest.algorithm, of: stored.content) == digest,
            let manifest = Manifest(stored: stored.content, mediaType: stored.mediaType)
        else {
            skip(Skipped(.manifest, digest, in: name, because: "it is damaged"))
            return nil
        }
        for (descriptor, role) in manifest.references {
            if role != .manifest {
                try export(blob: descriptor, of: name)
            } else if try archive.read({ try $0.manifest(.digest(descriptor.digest), in: name, content: false) }) == nil
            {
                lacks.add(descriptor.digest, to: name)
            }
        }
        manifests.insert(digest)
        if written.insert(digest).inserted { try writer.write(digest, stored.content) }
        report.manifests.moved += 1
        return manifest
    }

    private mutating func export(blob descriptor: Descriptor, of name: RepositoryName) throws {
        let digest = descriptor.digest
        guard let blob = try archive.read({ try $0.blob(digest, in: name) }) else {
            // A foreign layer, or what was deleted on purpose: the layout has as much of the image as the registry has.
            return lacks.add(digest, to: name)
        }
        guard !written.contains(digest) else { return }
        if let reason = damaged[digest] { return skip(Skipped(.blob, digest, in: name, because: reason)) }
        do {
            if let content = blob.content {
                guard Digest(digest.algorithm, of: content) == digest else { throw ContentError.damaged }
                try writer.write(digest, content)
            } else {
                try writer.copy(digest, size: blob.size, from: open(digest))
            }
            written.insert(digest)
            report.blobs.moved += 1
            report.bytes += blob.size
        } catch let error as ContentError {
            // A server that reclaims space takes the row first, and then the file.
            guard try archive.read({ try $0.blob(digest, in: name) }) != nil else { return lacks.add(digest, to: name) }
            damaged[digest] = "\(error)"
            skip(Skipped(.blob, digest, in: name, because: "\(error)"))
        }
    }

    /// All of a blob that a repository has, if it is whole and not larger than `limit`.
    func content(ofBlob digest: Digest, in name: RepositoryName, atMost limit: Int64) throws -> [UInt8]? {
        guard let blob = try archive.read({ try $0.blob(digest, in: name) }), blob.size <= limit else { return nil }
        let content = try? blob.content ?? BlobStore.read(digest, size: Int(blob.size), in: data)
        return content.flatMap { Digest(digest.algorithm, of: $0) == digest ? $0 : nil }
    }

    private func open(_ digest: Digest) throws(ContentError) -> SharedDescriptor {
        do throws(SystemError) { return SharedDescriptor(try BlobStore.open(digest, in: data)) } catch {
            throw .unreadable(error)
        }
    }

    mutating func skip(_ skipped: Skipped) {
        report.add(skipped)
        events.skipped(skipped)
    }
}
