package import LinuxIO
package import OCI

/// Why an upload did not go on. The upload stays open and may be continued, unless it is unknown.
package enum UploadError: Error, Equatable {
    /// It has expired, was cancelled or finished, never existed, or belongs to another repository.
    case unknownUpload
    /// A chunk does not start where the bytes received so far end.
    case chunkOutOfOrder(expectedOffset: Int64, received: Int64)
    /// A chunk has another length than its range says.
    case chunkSizeMismatch(stated: Int64, received: Int64)
    /// What was received hashes to something else.
    case digestMismatch(expected: Digest, computed: Digest)
    /// The blob is larger than the registry takes.
    case tooLarge(limit: Int64)
    /// The repository has too many uploads in progress.
    case tooManyUploads(limit: Int)
    /// A newer request continues the same upload.
    case superseded
    /// The disk has no room.
    case outOfSpace
    /// The disk failed in another way.
    case storage(SystemError)

    init(_ error: SystemError) {
        self = error.isOutOfSpace ? .outOfSpace : .storage(error)
    }
}

/// Where the bytes of an upload come from: the body of a request, or an array in a test.
package protocol ByteSource {
    /// Bytes there will be in all, if that is known.
    var length: Int64? { get }
    /// Puts bytes at the front of `buffer` until it is full or there are no more; says how many. An error may follow
    /// bytes that arrived before it: they are given first, and the error with the next call.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) async throws -> Int
}
