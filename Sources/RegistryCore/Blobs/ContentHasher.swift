import Glibc
import LinuxIO
package import OCI

import struct Crypto.SHA256
import struct Crypto.SHA512

/// Computes the digest of content that arrives in pieces.
///
/// The state cannot be saved: after a restart, what is already on the disk is read again.
package struct ContentHasher {
    private enum State {
        case sha256(SHA256)
        case sha512(SHA512)
    }

    private var state: State

    /// Begins with nothing.
    package init(_ algorithm: Digest.Algorithm) {
        switch algorithm {
        case .sha256: state = .sha256(SHA256())
        case .sha512: state = .sha512(SHA512())
        }
    }

    /// Adds the next piece.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .sha256(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .sha512(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha512(hash)
        }
    }

    /// Adds `count` bytes of a file from `offset` on. Blocks.
    mutating func update(
        from file: SharedDescriptor, at offset: Int64, count: Int64, buffer size: Int
    ) throws(SystemError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { buffer.deallocate() }
        var position: Int64 = 0
        while position < count {
            let wanted = Int(min(Int64(size), count - position))
            let read = try systemCall("pread") {
                pread(file.number, buffer.baseAddress, wanted, off_t(offset + position))
            }
            guard read > 0 else { throw SystemError(code: EIO, call: "pread") }
            update(UnsafeRawBufferPointer(rebasing: buffer[..<read]))
            position += Int64(read)
        }
    }

    /// The digest of everything so far; more may follow.
    package var digest: Digest {
        switch state {
        case .sha256(let hash): Digest(algorithm: .sha256, hash: Array(hash.finalize()))
        case .sha512(let hash): Digest(algorithm: .sha512, hash: Array(hash.finalize()))
        }
    }
}

extension Digest {
    /// The digest of content that is in memory.
    package init(_ algorithm: Algorithm, of bytes: [UInt8]) {
        var hasher = ContentHasher(algorithm)
        bytes.withUnsafeBytes { hasher.update($0) }
        self = hasher.digest
    }
}
