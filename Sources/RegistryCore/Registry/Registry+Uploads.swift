import LinuxIO
package import OCI

/// An upload session as its client sees it.
package struct UploadStatus: Sendable {
    package let session: UploadSession
    /// Bytes received and kept.
    package let offset: Int64
}

extension Registry {
    /// Begins an upload session.
    ///
    /// That writes nothing: the session is what its name says until it keeps the first bytes. Any server with the same key goes on
    /// with it, also after a restart.
    ///
    /// - Throws: `UploadError.tooManyUploads` when the repository has as many as it may have, and `RegistryError.quotaExceeded` when a
    ///   quota of it has no room for anything.
    package func beginUpload(
        to repository: RepositoryName, algorithm: Digest.Algorithm = .sha256
    ) throws -> UploadStatus {
        var random = SystemRandomNumberGenerator()
        let (now, limit) = (clock.milliseconds, limits.uploadsPerRepository)
        guard try ledger.read({ try $0.uploadCount(in: repository, at: now) }) < limit else {
            throw UploadError.tooManyUploads(limit: limit)
        }
        try room(in: repository)?.check(1)
        let session = uploadKey.session(UploadID(using: &random), algorithm: algorithm, in: repository, at: now)
        return UploadStatus(session: session, offset: 0)
    }

    /// How far an upload is.
    package func uploadStatus(_ session: UploadSession, in repository: RepositoryName) async throws -> UploadStatus {
        let hasKept = try row(of: session, in: repository) != nil
        return UploadStatus(session: session, offset: hasKept ? try await blobs.offset(of: session.id) : 0)
    }

    /// Appends the bytes of `source` to an upload.
    ///
    /// What arrives before the source breaks off is kept, so that the client can go on from there.
    ///
    /// - Parameter range: the bytes that this chunk claims to be; with nil it goes wherever the upload is.
    package func append(
        _ source: some ByteSource, to session: UploadSession, in repository: RepositoryName, range: ClosedRange<Int64>?
    ) async throws -> UploadStatus {
        let row = try row(of: session, in: repository)
        let intake = try await takeUp(session, with: row, in: repository)
        do {
            let offset = try await receive(source, into: intake, range: range, room: try room(in: repository))
            await intake.end()
            return UploadStatus(session: session, offset: offset)
        } catch {
            await intake.end()
            throw error
        }
    }

    /// Appends the bytes of `source`, if any, and makes the upload the blob `digest`, durably.
    ///
    /// When this returns, the blob survives a power failure. Committing a digest that is already stored succeeds. On an
    /// error the upload stays open and may be retried, from its offset: that is 0 when the disk failed to flush it. A session
    /// that had kept nothing, and is given a small blob whole, keeps nothing of it either way: it may be used again while it lives.
    ///
    /// - Throws: `UploadError.digestMismatch` when the received bytes hash to something else.
    package func commit(
        _ session: UploadSession, as digest: Digest, in repository: RepositoryName, last source: some ByteSource,
        range: ClosedRange<Int64>?
    ) async throws {
        let row = try row(of: session, in: repository)
        if row == nil, source.isSmall {
            try source.check(range, at: 0)
            let blob = try await smallBlob(source, as: digest)
            // Another request may have kept something in it meanwhile: that is over then.
            try await link(blob, to: repository, ending: session.id)
        } else {
            let blob = try await store(session, with: row, as: digest, in: repository, last: source, range: range)
            try await link(blob, to: repository, ending: session.id)
        }
        await blobs.release(session.id)
    }

    private func link(_ blob: CommittedBlob, to repository: RepositoryName, ending id: UploadID) async throws {
        try await ledger.write { transaction in
            try transaction.linkBlob(blob, to: repository)
            try transaction.endUpload(id)
        }
    }

    /// Makes the file of a blob durable, or has the bytes of a small one ready for its row. When an earlier request came that
    /// far and only the rows failed, there is nothing left to do, and nothing has to be sent again.
    private func store(
        _ session: UploadSession, with row: StoredUpload?, as digest: Digest, in repository: RepositoryName,
        last source: some ByteSource, range: ClosedRange<Int64>?
    ) async throws -> CommittedBlob {
        if let committed = await blobs.committed(session.id), committed.digest == digest { return committed }
        let intake = try await takeUp(session, with: row, in: repository)
        do {
            _ = try await receive(source, into: intake, range: range, room: try room(in: repository, for: digest))
            return try await blobs.commit(intake, as: digest)
        } catch {
            await intake.end()
            throw error
        }
    }

    /// Receives a small blob that comes whole. Its bytes go into its row, and before that nowhere.
    private func smallBlob(_ source: some ByteSource, as digest: Digest) async throws -> CommittedBlob {
        let content = try await source.readWhole()
        let computed = Digest(digest.algorithm, of: content)
        guard computed == digest else { throw UploadError.digestMismatch(expected: digest, computed: computed) }
        guard blobs.hasRoom(for: content.count) else { throw UploadError.outOfSpace }
        return CommittedBlob(digest, size: Int64(content.count), content: content)
    }

    /// Stores a blob that comes whole in one request.
    package func putBlob(_ source: some ByteSource, as digest: Digest, to repository: RepositoryName) async throws {
        let room = try room(in: repository, for: digest)
        try room?.check(source.length ?? 1)
        if source.isSmall {
            let blob = try await smallBlob(source, as: digest)
            return try await ledger.write { try $0.linkBlob(blob, to: repository) }
        }
        var random = SystemRandomNumberGenerator()
        let id = UploadID(using: &random)
        do {
            let intake = try await blobs.resume(id, algorithm: digest.algorithm)
            _ = try await intake.receive(from: source) { try room?.check($0) }
            let blob = try await blobs.commit(intake, as: digest)
            try await ledger.write { try $0.linkBlob(blob, to: repository) }
            await blobs.release(id)
        } catch {
            try? await blobs.discard(id)
            throw error
        }
    }

    /// Ends an upload and drops its bytes.
    package func cancelUpload(_ session: UploadSession, in repository: RepositoryName) async throws {
        _ = try row(of: session, in: repository)
        let lifetime = limits.uploadLifetime
        try await ledger.write(durable: false) {
            try $0.cancelUpload(session, in: repository, lifetime: lifetime)
        }
        try await blobs.discard(session.id)
    }

    /// Drops uploads that nobody has continued in their lifetime, and files that no session remembers.
    ///
    /// - Returns: how many were dropped.
    @discardableResult
    package func dropExpiredUploads() async throws -> Int {
        let now = clock.milliseconds
        let expired = try ledger.read { try $0.expiredUploads(at: now, limit: Self.sweptAtOnce) }
        let idle = await idleUploads(among: expired)
        let ended = try await ledger.write(durable: false) { transaction in
            try idle.filter { try transaction.forgetUpload($0, expiredAt: now) }
        }
        for id in ended { try await blobs.discard(id) }
        return ended.count
    }

    /// Those that no request is at: whoever sends for longer than a lifetime has not left the upload alone.
    private func idleUploads(among ids: [UploadID]) async -> [UploadID] {
        var idle: [UploadID] = []
        for id in ids {
            let isInUse = await blobs.isInUse(id)
            if !isInUse { idle.append(id) }
        }
        return idle
    }

    /// Uploads that one sweep drops; the caller sweeps again when it was as many as that.
    package static let sweptAtOnce = 1000

    /// Drops files in uploads/ that belong to no session: what a crash left behind. At start only, before any upload.
    ///
    /// - Parameter progress: told how many of how many files have been looked at, before each.
    @discardableResult
    package func dropForgottenUploads(progress: (Int, Int) -> Void = { _, _ in }) async throws -> Int {
        let stored = try await blobs.storedUploads()
        var dropped = 0
        for (index, id) in stored.enumerated() {
            progress(index, stored.count)
            guard try ledger.read({ try !$0.hasUpload(id) }) else { continue }
            try await blobs.discard(id)
            dropped += 1
        }
        return dropped
    }

    // MARK: - Steps

    /// The row of a session; nil when it has kept nothing yet.
    ///
    /// - Throws: `UploadError.unknownUpload` unless the session is alive.
    private func row(of session: UploadSession, in repository: RepositoryName) throws -> StoredUpload? {
        if let row = try row(of: session.id, in: repository) { return row }
        guard session.isYounger(than: limits.uploadLifetime, at: clock.milliseconds),
            uploadKey.hasSealed(session, for: repository)
        else { throw UploadError.unknownUpload }
        return nil
    }

    private func row(of id: UploadID, in repository: RepositoryName) throws -> StoredUpload? {
        guard let row = try ledger.read({ try $0.upload(id) }) else { return nil }
        guard row.repository == repository.rawValue, !row.hasEnded, row.expires > clock.milliseconds else {
            throw UploadError.unknownUpload
        }
        return row
    }

    /// Begins a turn at an upload whose session is alive, before the turn and after it has begun: in between, another
    /// request may have finished it.
    private func takeUp(
        _ session: UploadSession, with row: StoredUpload?, in repository: RepositoryName
    ) async throws -> UploadIntake {
        let algorithm = try await keep(session, with: row, in: repository)
        let intake = try await blobs.resume(session.id, algorithm: algorithm)
        do {
            _ = try self.row(of: session.id, in: repository)
            return intake
        } catch {
            try? await blobs.discard(session.id)
            throw error
        }
    }

    /// Sees to it that a session which keeps bytes has a row, and lives on whatever becomes of the request: it must not expire
    /// under it. That is written down once in half a lifetime, not with every chunk.
    private func keep(
        _ session: UploadSession, with row: StoredUpload?, in repository: RepositoryName
    ) async throws -> Digest.Algorithm {
        let (lifetime, limit) = (limits.uploadLifetime, limits.uploadsPerRepository)
        guard let row else {
            try await ledger.write(durable: false) {
                try $0.keepUpload(session, in: repository, lifetime: lifetime, limit: limit)
            }
            return session.algorithm
        }
        if row.expires - clock.milliseconds < lifetime / 2 {
            try await ledger.write(durable: false) { try $0.extendUpload(session.id, lifetime: lifetime) }
        }
        return row.algorithm
    }

    /// Receives one chunk; says where the upload is afterwards.
    private func receive(
        _ source: some ByteSource, into intake: UploadIntake, range: ClosedRange<Int64>?, room: UploadRoom?
    ) async throws -> Int64 {
        let start = intake.startOffset
        try source.check(range, at: start)
        try room?.check(start + min(source.length ?? 0, .max - start))
        let count = try await intake.receive(from: source) { try room?.check(start + $0) }
        if let range, count != range.length {
            try await intake.rollBack()
            throw UploadError.chunkSizeMismatch(stated: range.length, received: count)
        }
        return start + count
    }

    /// What the quotas of a repository leave for an upload; nil when it has none, and when it has the blob. What another of the
    /// quota's repositories has would cost nothing either: a client that has not asked (mount) is refused that.
    private func room(in repository: RepositoryName, for digest: Digest? = nil) throws -> UploadRoom? {
        guard let usage = try ledger.quotas(for: repository).min(by: { $0.room < $1.room }) else { return nil }
        if let digest, try ledger.read({ try $0.blobSize(digest, in: repository) }) != nil { return nil }
        return UploadRoom(usage: usage)
    }
}

/// The most that an upload may have, by the quota that leaves least.
private struct UploadRoom: Sendable {
    let usage: QuotaUsage

    /// Refuses an upload of `bytes`.
    func check(_ bytes: Int64) throws(RegistryError) {
        guard bytes > usage.room else { return }
        throw .quotaExceeded(usage, needed: bytes)
    }
}

extension ByteSource {
    /// Whether its bytes belong into the database, as far as is known beforehand.
    fileprivate var isSmall: Bool { length.map { $0 <= CommittedBlob.mostInDatabase } ?? false }

    /// Refuses a chunk that does not begin at `offset`, or is not as long as its range says.
    fileprivate func check(_ range: ClosedRange<Int64>?, at offset: Int64) throws(UploadError) {
        guard let range else { return }
        guard range.lowerBound == offset else {
            throw .chunkOutOfOrder(expectedOffset: offset, received: range.lowerBound)
        }
        if let length, length != range.length {
            throw .chunkSizeMismatch(stated: range.length, received: length)
        }
    }
}

extension ClosedRange<Int64> {
    /// Bytes in a range that does not begin below 0. One from 0 to the largest number has one more than there are
    /// numbers for; no body has as many, nor one less.
    fileprivate var length: Int64 {
        let (length, overflow) = (upperBound - lowerBound).addingReportingOverflow(1)
        return overflow ? .max : length
    }
}
