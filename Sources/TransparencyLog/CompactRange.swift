/// The right edge of a growing Merkle tree: what has to be kept to append leaves and to know the root.
///
/// A tree of n leaves is a row of complete subtrees, one for each bit that is set in n, the largest first. Their roots
/// are the peaks; nothing else of the tree is needed to go on (RFC 9162 §2.1.2).
package struct CompactRange: Hashable, Sendable {
    /// More leaves than anybody can write, and few enough that counting them never overflows.
    package static let mostLeaves: Int64 = 1 << 62

    /// The number of leaves.
    package private(set) var size: Int64

    /// The roots of the complete subtrees, from the first leaves to the last.
    package private(set) var peaks: [TreeHash]

    /// The tree without leaves.
    package init() {
        size = 0
        peaks = []
    }

    /// Continues where a tree was left.
    ///
    /// - Throws: `.impossibleSize`, and `.wrongNumberOfPeaks` unless there is one for each bit set in `size`. Whether they
    ///   are the right ones shows in `root` only.
    package init(size: Int64, peaks: [TreeHash]) throws(TreeError) {
        guard (0...Self.mostLeaves).contains(size) else { throw .impossibleSize(size) }
        guard peaks.count == size.nonzeroBitCount else {
            throw .wrongNumberOfPeaks(expected: size.nonzeroBitCount, found: peaks.count)
        }
        self.size = size
        self.peaks = peaks
    }

    /// Adds the next leaf, and shows every subtree that it completes, so that tiles can be filled on the way.
    ///
    /// - Parameter completed: called for the leaf itself (level 0) and for each node over 2^level leaves that now has
    ///   all of them, lowest first, with its index among the nodes of its level.
    package mutating func append(
        _ leaf: TreeHash, completed: (_ level: Int, _ index: Int64, _ hash: TreeHash) -> Void = { _, _, _ in }
    ) {
        var hash = leaf
        completed(0, size, hash)
        // A complete subtree of each size waits for as many bits as are set at the end of `size`, like a carry.
        for level in 0..<(~size).trailingZeroBitCount {
            hash = .node(peaks.removeLast(), hash)
            completed(level + 1, size >> Int64(level + 1), hash)
        }
        peaks.append(hash)
        size += 1
    }

    /// The root of the tree as it is now.
    package var root: TreeHash {
        guard let last = peaks.last else { return .emptyRoot }
        return peaks.dropLast().reversed().reduce(last) { .node($1, $0) }
    }
}
