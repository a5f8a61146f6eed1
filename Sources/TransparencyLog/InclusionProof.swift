/// Shows that a leaf is in a tree: the hashes beside the path from the leaf to the root (RFC 9162 §2.1.3).
package struct InclusionProof: Hashable, Sendable {
    /// The leaf's place, counted from zero.
    package let index: Int64

    /// The number of leaves of the tree.
    package let size: Int64

    /// The hashes, the leaf's sibling first and the root's child last.
    package let hashes: [TreeHash]

    /// A proof as somebody presents it. Whether it proves anything, only `verify` can tell.
    package init(index: Int64, size: Int64, hashes: [TreeHash]) {
        self.index = index
        self.size = size
        self.hashes = hashes
    }

    /// Checks that the leaf with this hash is where the proof says in the tree with this root (RFC 9162 §2.1.3.2).
    package func verify(leaf: TreeHash, root: TreeHash) throws(ProofError) {
        guard index >= 0, index < size else { throw .leafOutsideTree(index: index, size: size) }
        let sides = siblings(ofNode: index, last: size - 1)
        guard hashes.count == sides.count else { throw .wrongLength(expected: sides.count, found: hashes.count) }
        var computed = leaf
        for (side, sibling) in zip(sides, hashes) {
            computed = side == .left ? .node(sibling, computed) : .node(computed, sibling)
        }
        guard computed == root else { throw .wrongRoot(expected: root, computed: computed) }
    }
}

extension MerkleTree {
    /// Computes the proof for a leaf in the tree of the first `size` leaves (RFC 9162 §2.1.3.1).
    ///
    /// - Throws: `TreeError.leafOutsideTree`, and what `node` throws.
    package static func inclusionProof(index: Int64, size: Int64, node: NodeReader) throws -> InclusionProof {
        guard index >= 0, index < size else { throw TreeError.leafOutsideTree(index: index, size: size) }
        var way = 0..<size
        var hashes: [TreeHash] = []
        while way.upperBound - way.lowerBound > 1 {
            let (left, right) = way.subtrees
            way = left.contains(index) ? left : right
            hashes.append(try hash(of: left.contains(index) ? right : left, node: node))
        }
        return InclusionProof(index: index, size: size, hashes: hashes.reversed())
    }
}
