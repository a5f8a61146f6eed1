import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import OCI
import RegistryCore
import Synchronization
import TransparencyLog

// Copies for those who have no network.
extension API {
    /// `GET /provenance/<digest>/archive`: an OCI image layout as one tar, with the image, everything that refers to it, and
    /// the proof of every record about it.
    func getArchive(of digest: Digest, _ request: AdmittedRequest) async throws -> Response {
        let name = request.head.target.queryItems.first("repository")
        let repository = try name.map { text in
            do { return try RepositoryName(parsing: text) } catch { throw Problem(400, .nameInvalid, "\(error)") }
        }
        let visible = request.traceable
        let (contents, archive) = try await registry.aside { try self.archive(of: digest, in: repository, visible) }
        let rest = Mutex(archive.makeIterator())
        let stream = BodyStream(length: archive.length) {
            guard let piece = rest.withLock({ $0.next() }) else { return nil }
            return try await self.piece(piece, from: contents.repository)
        }
        return Response(
            .ok,
            [
                .contentType: "application/x-tar",
                .contentDisposition: "attachment; filename=\"\(digest.hex.prefix(12)).tar\"",
                .cacheControl: "no-cache",
            ], body: .stream(stream))
    }

    private func archive(
        of digest: Digest, in repository: RepositoryName?, _ visible: RepositorySelection
    ) throws -> (ArchiveContents, TarArchive<ImageLayout.Content>) {
        let contents = try registry.archive(of: digest, in: repository, of: visible)
        var extras: [ImageLayout.Extra] = []
        for record in contents.records {
            let proof = try registry.proof(of: record)
            extras.append(
                ImageLayout.Extra(name: "waybill/records/\(record).json", bytes: try bundle(proof).serialized()))
        }
        if let checkpoint = try registry.publishedCheckpoint() {
            extras.append(ImageLayout.Extra(name: "waybill/checkpoint", bytes: checkpoint.bytes))
        }
        if let (token, checkpoint) = try registry.lastTimestamp() {
            extras.append(ImageLayout.Extra(name: "waybill/checkpoint.stamped", bytes: checkpoint.bytes))
            extras.append(ImageLayout.Extra(name: "waybill/checkpoint.tsr", bytes: token))
        }
        if let trace = try registry.trace(digest, in: visible, after: -1, count: nil) {
            let document = JSONValue.object(document(of: trace)).serialized()
            extras.append(ImageLayout.Extra(name: "waybill/trace.json", bytes: document))
        }
        let archive = try ImageLayout.archive(
            roots: [contents.root], contents: contents.contents.map { ($0, .stored($0)) }, extras: extras)
        return (contents, archive)
    }

    private func piece(
        _ piece: TarArchive<ImageLayout.Content>.Piece, from repository: RepositoryName
    ) async throws -> BodyPiece {
        switch piece {
        case .bytes(let bytes): return .bytes(bytes)
        case .content(let entry):
            switch entry.content {
            case .bytes(let bytes): return .bytes(bytes)
            case .stored(let descriptor):
                switch try registry.blob(descriptor.digest, in: repository) {
                case .manifest(let manifest): return .bytes(manifest.content)
                case .bytes(let bytes): return .bytes(bytes)
                case .file(let size): return .file(storedFile(of: descriptor.digest, size: size))
                }
            }
        }
    }

    // MARK: - Export

    /// Records that one piece of an export has.
    private static let exportedAtOnce: Int64 = 256

    /// `GET /provenance/export?from=<n>&to=<n>&evidence=true`: leaves and records as JSON, one a line; `to` is not included.
    /// The member `leaf` is the leaf byte for byte.
    func export(_ request: AdmittedRequest) throws -> Response {
        let query = request.head.target.queryItems
        let size = try registry.publishedCheckpoint()?.checkpoint.size ?? 0
        let from = try query.first("from").map { try number($0, "from") } ?? 0
        let to = min(try query.first("to").map { try number($0, "to") } ?? size, size)
        guard from <= to else {
            throw Problem(
                400, .unsupported, "from must not be above to, nor above the size of the log, which is \(size)")
        }
        let hasEvidence = query.first("evidence") == "true"
        let position = Mutex(from)
        let stream = BodyStream {
            let start = position.withLock { position in
                defer { position = min(position + Self.exportedAtOnce, to) }
                return position
            }
            guard start < to else { return nil }
            let end = min(start + Self.exportedAtOnce, to)
            return .bytes(try await self.registry.aside { try self.lines(start..<end, hasEvidence: hasEvidence) })
        }
        return Response(.ok, [.contentType: "application/x-ndjson", .cacheControl: "no-cache"], body: .stream(stream))
    }

    private func lines(_ indices: Range<Int64>, hasEvidence: Bool) throws -> [UInt8] {
        var lines: [UInt8] = []
        for (record, leaf) in try registry.leaves(indices) {
            lines += "{\"index\":\(record.id),\"leafHash\":\"\(TreeHash.leaf(of: leaf).hex)\",\"leaf\":".utf8
            lines += leaf
            lines += ",\"record\":".utf8
            lines += JSONValue.object(document(of: record)).serialized()
            if hasEvidence, let (evidence, content) = try registry.evidence(of: record) {
                let json: JSONValue = [
                    "mediaType": .string(evidence.mediaType), "content": .string(Base64.encode(content)),
                ]
                lines += ",\"evidence\":".utf8
                lines += json.serialized()
            }
            lines += "}\n".utf8
        }
        return lines
    }
}
