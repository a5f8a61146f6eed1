/// Roots and proofs of the Merkle tree of RFC 9162 §2.1, computed from the hashes of complete subtrees.
package enum MerkleTree {
    /// Answers with the hash over the 2^`level` leaves from `index` · 2^`level` on, all of which exist.
    ///
    /// Everything in this module that reads a tree reads it through this function, so it can be answered from tiles,
    /// from a table or from memory.
    package typealias NodeReader = (_ level: Int, _ index: Int64) throws -> TreeHash

    /// The root of the tree of the first `size` leaves.
    ///
    /// - Throws: `TreeError.impossibleSize`, and what `node` throws.
    package static func root(size: Int64, node: NodeReader) throws -> TreeHash {
        guard size >= 0 else { throw TreeError.impossibleSize(size) }
        return try hash(of: 0..<size, node: node)
    }

    /// The hash over a subtree, which may be incomplete at its right edge, from the complete ones it consists of.
    ///
    /// - Precondition: the subtree is one that RFC 9162 §2.1.1 splits a tree into, so it begins at a multiple of a power of
    ///   two that is no smaller than its length.
    static func hash(of leaves: Range<Int64>, node: NodeReader) throws -> TreeHash {
        var rest = leaves
        var result: TreeHash?
        // From the right, because there the complete subtrees are the smallest.
        while !rest.isEmpty {
            let level = Int64((rest.upperBound - rest.lowerBound).trailingZeroBitCount)
            let start = rest.upperBound - (1 << level)
            let peak = try node(Int(level), start >> level)
            result = result.map { .node(peak, $0) } ?? peak
            rest = rest.lowerBound..<start
        }
        return result ?? .emptyRoot
    }
}

extension Range<Int64> {
    /// The two subtrees of a tree over these leaves: the left one has the largest power of two of them that leaves
    /// something for the right one (RFC 9162 §2.1.1).
    ///
    /// - Precondition: there are two leaves or more.
    var subtrees: (left: Range<Int64>, right: Range<Int64>) {
        let count = upperBound - lowerBound
        let level = Int64(Int64.bitWidth - 1 - (count - 1).leadingZeroBitCount)
        let split = lowerBound + (1 << level)
        return (lowerBound..<split, split..<upperBound)
    }
}

/// Where the sibling of a node stands.
enum Side {
    case left, right
}

/// The sides of the siblings on the way from a node to the root, from below.
///
/// At the right edge of a tree some levels have no sibling; the node there is its own parent.
///
/// - Parameters:
///   - index: the node's place in its level.
///   - last: the place of the last node of that level, which may be incomplete. Not before `index`.
func siblings(ofNode index: Int64, last: Int64) -> [Side] {
    var (node, last) = (index, last)
    var sides: [Side] = []
    while last > 0 {
        if !node.isMultiple(of: 2) {
            sides.append(.left)
        } else if node < last {
            sides.append(.right)
        }
        node >>= 1
        last >>= 1
    }
    return sides
}
