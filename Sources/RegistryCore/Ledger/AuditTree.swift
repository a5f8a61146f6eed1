import struct Crypto.SHA256
import struct Crypto.SHA256Digest

/// A SHA-256 hash as a value without memory of its own.
struct AuditHash: Hashable {
    private var words = SIMD4<UInt64>()

    init(_ digest: SHA256Digest) {
        digest.withUnsafeBytes { bytes in withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) } }
    }

    /// The hash in these bytes; nil unless there are 32.
    init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 32 else { return nil }
        withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) }
    }

    /// The hash of all these bytes, one piece behind the other.
    init(of pieces: UnsafeRawBufferPointer...) {
        var hash = SHA256()
        for piece in pieces { hash.update(bufferPointer: piece) }
        self.init(hash.finalize())
    }

    /// The hash of a leaf (RFC 9162 §2.1.1).
    init(leaf entry: UnsafeRawBufferPointer) {
        self = withUnsafeBytes(of: UInt8(0)) { AuditHash(of: $0, entry) }
    }

    func withBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value { withUnsafeBytes(of: words, body) }

    /// The 32 bytes.
    var bytes: [UInt8] { withBytes { [UInt8]($0) } }
}

/// The tree of an audit: the same as `CompactRange`, for hashes that are never written down, so that appending a leaf and
/// computing a root take no memory.
struct AuditTree {
    private(set) var size: Int64
    private var peaks: [AuditHash] = []
    /// 0x01, and the two hashes of a node behind it.
    private var node = [UInt8](repeating: 1, count: 65)

    /// The tree of the first `size` leaves, from the roots of its complete subtrees, the largest first.
    init(size: Int64 = 0, peaks: [AuditHash] = []) {
        self.size = size
        self.peaks = peaks
    }

    /// Adds the next leaf, and shows it and every subtree that it completes, lowest first.
    mutating func append<Failure: Error>(
        _ leaf: AuditHash, completed: (_ level: Int, _ index: Int64, _ hash: AuditHash) throws(Failure) -> Void
    ) throws(Failure) {
        var hash = leaf
        try completed(0, size, hash)
        for level in 0..<(~size).trailingZeroBitCount {
            hash = hashOver(peaks.removeLast(), hash)
            try completed(level + 1, size >> Int64(level + 1), hash)
        }
        peaks.append(hash)
        size += 1
    }

    /// The root of the tree as it is now.
    mutating func root() -> AuditHash {
        guard var root = peaks.last else { return AuditHash(SHA256().finalize()) }
        for index in peaks.indices.dropLast().reversed() { root = hashOver(peaks[index], root) }
        return root
    }

    private mutating func hashOver(_ left: AuditHash, _ right: AuditHash) -> AuditHash {
        node.withUnsafeMutableBytes { bytes in
            left.withBytes { UnsafeMutableRawBufferPointer(rebasing: bytes[1..<33]).copyMemory(from: $0) }
            right.withBytes { UnsafeMutableRawBufferPointer(rebasing: bytes[33...]).copyMemory(from: $0) }
            return AuditHash(of: UnsafeRawBufferPointer(bytes))
        }
    }
}
