import struct Crypto.SHA256
import enum OCI.Base64

/// A SHA-256 hash in a Merkle tree: of a leaf, of a node, or of a whole tree (RFC 6962 §2.1, RFC 9162 §2.1.1).
package struct TreeHash: Hashable, Sendable {
    /// Bytes in a hash.
    package static let byteCount = 32

    /// The root of the tree without leaves: the hash of nothing.
    package static let emptyRoot = TreeHash(sha256: [])

    /// The 32 bytes of the hash.
    package let bytes: [UInt8]

    /// The hash in these bytes; `nil` unless there are exactly 32.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    private init(sha256 input: [UInt8]) {
        bytes = input.sha256
    }
}

/// The two ways in which hashes come about. The first byte keeps them apart, so that nobody can pass a node off as a
/// leaf (RFC 9162 §2.1.1).
extension TreeHash {
    /// The hash of a leaf with these bytes: `SHA-256(0x00 ‖ entry)`.
    package static func leaf(of entry: [UInt8]) -> TreeHash {
        TreeHash(sha256: joined(0x00, entry))
    }

    /// The hash over two subtrees: `SHA-256(0x01 ‖ left ‖ right)`.
    package static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
        TreeHash(sha256: joined(nodePrefix, left.bytes, right.bytes))
    }

    /// What the bytes that are hashed for a node begin with.
    static let nodePrefix: UInt8 = 0x01

    private static func joined(_ prefix: UInt8, _ parts: [UInt8]...) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1 + parts.reduce(0) { $0 + $1.count })
        bytes.append(prefix)
        for part in parts { bytes += part }
        return bytes
    }
}

extension TreeHash {
    /// The hash in lower-case hexadecimal.
    package var hex: String { bytes.hex }

    /// The hash in Base64, as checkpoints and proofs write it.
    package var base64: String { Base64.encode(bytes) }

    /// Reads 64 lower-case hexadecimal digits; `nil` for anything else.
    package init?(hex: some Collection<UInt8>) {
        guard let bytes = [UInt8](hex: hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// Reads Base64 with padding, in its one canonical spelling; `nil` for anything else.
    package init?(base64 text: some BidirectionalCollection<UInt8>) {
        guard let bytes = Base64.decode(text) else { return nil }
        self.init(bytes: bytes)
    }
}

extension TreeHash: CustomStringConvertible {
    /// The hash in Base64.
    package var description: String { base64 }
}

extension [UInt8] {
    /// The SHA-256 hash of these bytes.
    var sha256: [UInt8] { unsafe SHA256.hash(data: self).withUnsafeBytes { unsafe Array($0) } }
}
