/// Shows that a tree is a continuation of an older one: every leaf of the older is in its place in the newer
/// (RFC 9162 §2.1.4).
package struct ConsistencyProof: Hashable, Sendable {
    /// The number of leaves of the older tree.
    package let oldSize: Int64

    /// The number of leaves of the newer tree.
    package let newSize: Int64

    /// The hashes, in the order of RFC 9162 §2.1.4.1.
    package let hashes: [TreeHash]

    /// A proof as somebody presents it. Whether it proves anything, only `verify` can tell.
    package init(from oldSize: Int64, to newSize: Int64, hashes: [TreeHash]) {
        self.oldSize = oldSize
        self.newSize = newSize
        self.hashes = hashes
    }

    /// Checks that the tree with the new root continues the tree with the old one (RFC 9162 §2.1.4.2).
    ///
    /// Every tree continues the empty one and itself. No hashes at all prove that, but the roots must still be right.
    package func verify(oldRoot: TreeHash, newRoot: TreeHash) throws(ProofError) {
        guard oldSize >= 0, oldSize <= newSize else { throw .treeShrinks(from: oldSize, to: newSize) }
        if oldSize == 0 || oldSize == newSize {
            guard hashes.isEmpty else { throw .wrongLength(expected: 0, found: hashes.count) }
            let computed = oldSize == 0 ? .emptyRoot : newRoot
            guard oldRoot == computed else { throw .wrongOldRoot(expected: oldRoot, computed: computed) }
            guard newSize > 0 || newRoot == computed else { throw .wrongRoot(expected: newRoot, computed: computed) }
        } else {
            try verifyGrowth(oldRoot: oldRoot, newRoot: newRoot)
        }
    }

    /// - Precondition: 0 < `oldSize` < `newSize`.
    private func verifyGrowth(oldRoot: TreeHash, newRoot: TreeHash) throws(ProofError) {
        // The last complete subtree of the older tree is in both; from it a way leads to either root.
        let level = Int64(oldSize.trailingZeroBitCount)
        let sides = siblings(ofNode: (oldSize - 1) >> level, last: (newSize - 1) >> level)
        // When it is the whole older tree, its hash is known and left out.
        let isWhole = oldSize.nonzeroBitCount == 1
        let expected = sides.count + (isWhole ? 0 : 1)
        guard hashes.count == expected, let start = isWhole ? oldRoot : hashes.first else {
            throw .wrongLength(expected: expected, found: hashes.count)
        }
        var (old, new) = (start, start)
        for (side, sibling) in zip(sides, hashes.dropFirst(isWhole ? 0 : 1)) {
            switch side {
            case .left: (old, new) = (.node(sibling, old), .node(sibling, new))
            case .right: new = .node(new, sibling)  // Leaves that the older tree does not have.
            }
        }
        guard old == oldRoot else { throw .wrongOldRoot(expected: oldRoot, computed: old) }
        guard new == newRoot else { throw .wrongRoot(expected: newRoot, computed: new) }
    }
}

extension MerkleTree {
    /// Computes the proof that the tree of the first `newSize` leaves continues the tree of the first `oldSize`
    /// (RFC 9162 §2.1.4.1).
    ///
    /// - Throws: `TreeError.treeShrinks`, and what `node` throws.
    package static func consistencyProof(from oldSize: Int64, to newSize: Int64, node: NodeReader) throws
        -> ConsistencyProof
    {
        guard oldSize >= 0, oldSize <= newSize else { throw TreeError.treeShrinks(from: oldSize, to: newSize) }
        var hashes: [TreeHash] = []
        var way = 0..<newSize
        // Down to the last subtree that the older tree has whole. The empty tree has none, and every tree continues it.
        while oldSize > 0, way.upperBound != oldSize {
            let (left, right) = way.subtrees
            let isLeft = oldSize <= left.upperBound
            way = isLeft ? left : right
            hashes.append(try hash(of: isLeft ? right : left, node: node))
        }
        // Its hash is needed unless it is all of the older tree.
        if oldSize > 0, way.lowerBound > 0 { hashes.append(try hash(of: way, node: node)) }
        return ConsistencyProof(from: oldSize, to: newSize, hashes: hashes.reversed())
    }
}
