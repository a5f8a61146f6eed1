import LinuxIO
package import OCI

/// An upload session as its client sees it.
package struct UploadStatus: Sendable {
    package let id: UploadID
    /// Bytes received and kept.
    package let offset: Int64
}

extension Registry {
    /// Begins an upload session.
    ///
    /// The session survives the end of the process, not a power failure: nothing was promised about its bytes yet.
    package func beginUpload(
        to repository: RepositoryName, algorithm: Digest.Algorithm = .sha256
    ) async throws -> UploadStatus {
        var random = SystemRandomNumberGenerator()
        let id = UploadID(using: &random)
        let (lifetime, limit) = (limits.uploadLifetime, limits.uploadsPerRepository)
        try await ledger.write(durable: false) { transaction in
            try transaction.beginUpload(id, algorithm: algorithm, in: repository, lifetime: lifetime, limit: limit)
        }
        return UploadStatus(id: id, offset: 0)
    }

    /// How far an upload is.
    package func uploadStatus(_ id: UploadID, in repository: RepositoryName) async throws -> UploadStatus {
        _ = try session(id, in: repository)
        return UploadStatus(id: id, offset: try await blobs.offset(of: id))
    }

    /// Appends the bytes of `source` to an upload.
    ///
    /// What arrives before the source breaks off is kept, so that the client can go on from there.
    ///
    /// - Parameter range: the bytes that this chunk claims to be; with nil it goes wherever the upload is.
    package func append(
        _ source: some ByteSource, to id: UploadID, in repository: RepositoryName, range: ClosedRange<Int64>?
    ) async throws -> UploadStatus {
        let intake = try await takeUp(id, in: repository)
        do {
            let offset = try await receive(source, into: intake, range: range)
            await intake.end()
            return UploadStatus(id: id, offset: offset)
        } catch {
            await intake.end()
            throw error
        }
    }

    /// Appends the bytes of `source`, if any, and makes the upload the blob `digest`, durably.
    ///
    /// When this returns, the blob survives a power failure. Committing a digest that is already stored succeeds. On an
    /// error the upload stays open and may be retried.
    ///
    /// - Throws: `UploadError.digestMismatch` when the received bytes hash to something else.
    package func commit(
        _ id: UploadID, as digest: Digest, in repository: RepositoryName, last source: some ByteSource,
        range: ClosedRange<Int64>?
    ) async throws {
        let blob = try await store(id, as: digest, in: repository, last: source, range: range)
        try await ledger.write { transaction in
            try transaction.linkBlob(blob, to: repository)
            try transaction.endUpload(id)
        }
        await blobs.release(id)
    }

    /// Makes the file of a blob durable, or has the bytes of a small one ready for its row. When an earlier request came that
    /// far and only the rows failed, there is nothing left to do, and nothing has to be sent again.
    private func store(
        _ id: UploadID, as digest: Digest, in repository: RepositoryName, last source: some ByteSource,
        range: ClosedRange<Int64>?
    ) async throws -> CommittedBlob {
        _ = try session(id, in: repository)
        if let committed = await blobs.committed(id), committed.digest == digest { return committed }
        let intake = try await takeUp(id, in: repository)
        do {
            _ = try await receive(source, into: intake, range: range, isLast: true)
            return try await blobs.commit(intake, as: digest)
        } catch {
            await intake.end()
            throw error
        }
    }

    /// Stores a blob that comes whole in one request.
    package func putBlob(_ source: some ByteSource, as digest: Digest, to repository: RepositoryName) async throws {
        var random = SystemRandomNumberGenerator()
        let id = UploadID(using: &random)
        do {
            let intake = try await blobs.resume(id, algorithm: digest.algorithm)
            _ = try await intake.receive(from: source, isLast: true)
            let blob = try await blobs.commit(intake, as: digest)
            try await ledger.write { try $0.linkBlob(blob, to: repository) }
            await blobs.release(id)
        } catch {
            try? await blobs.discard(id)
            throw error
        }
    }

    /// Ends an upload and drops its bytes.
    package func cancelUpload(_ id: UploadID, in repository: RepositoryName) async throws {
        _ = try session(id, in: repository)
        try await ledger.write(durable: false) { _ = try $0.endUpload(id) }
        try await blobs.discard(id)
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
            try idle.filter { try transaction.endUpload($0, expiredAt: now) }
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

    private func session(_ id: UploadID, in repository: RepositoryName) throws -> StoredUpload {
        let now = clock.milliseconds
        guard let upload = try ledger.read({ try $0.upload(id, in: repository, at: now) }) else {
            throw UploadError.unknownUpload
        }
        return upload
    }

    /// Begins a turn at an upload whose session is alive, before the turn and after it has begun: in between, another
    /// request may have finished it.
    private func takeUp(_ id: UploadID, in repository: RepositoryName) async throws -> UploadIntake {
        let intake = try await blobs.resume(id, algorithm: continued(id, in: repository).algorithm)
        do {
            _ = try session(id, in: repository)
            return intake
        } catch {
            try? await blobs.discard(id)
            throw error
        }
    }

    /// The session of a request that is about to send bytes. Such a session lives on, whatever becomes of the request: it must
    /// not expire under it. That is written down once in half a lifetime, not with every chunk.
    private func continued(_ id: UploadID, in repository: RepositoryName) async throws -> StoredUpload {
        let session = try session(id, in: repository)
        let lifetime = limits.uploadLifetime
        if session.expires - clock.milliseconds < lifetime / 2 {
            try await ledger.write(durable: false) { try $0.extendUpload(id, lifetime: lifetime) }
        }
        return session
    }

    /// Receives one chunk; says where the upload is afterwards.
    private func receive(
        _ source: some ByteSource, into intake: UploadIntake, range: ClosedRange<Int64>?, isLast: Bool = false
    ) async throws -> Int64 {
        if let range {
            guard range.lowerBound == intake.startOffset else {
                throw UploadError.chunkOutOfOrder(expectedOffset: intake.startOffset, received: range.lowerBound)
            }
            if let length = source.length, length != range.length {
                throw UploadError.chunkSizeMismatch(stated: range.length, received: length)
            }
        }
        let count = try await intake.receive(from: source, isLast: isLast)
        if let range, count != range.length {
            try await intake.rollBack()
            throw UploadError.chunkSizeMismatch(stated: range.length, received: count)
        }
        return intake.startOffset + count
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
