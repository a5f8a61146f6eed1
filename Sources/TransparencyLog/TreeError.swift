/// Why no root or proof can be computed, or a tree not be continued.
package enum TreeError: Error, Equatable {
    case impossibleSize(Int64)
    case wrongNumberOfPeaks(expected: Int, found: Int)
    case leafOutsideTree(index: Int64, size: Int64)
    case treeShrinks(from: Int64, to: Int64)
}

extension TreeError: CustomStringConvertible {
    /// One sentence with the values.
    package var description: String {
        switch self {
        case .impossibleSize(let size): "a tree cannot have \(size) leaves"
        case .wrongNumberOfPeaks(let expected, let found): "the tree has \(expected) peaks, not \(found)"
        case .leafOutsideTree(let index, let size): "a tree of \(size) leaves has no leaf \(index)"
        case .treeShrinks(let from, let to): "a tree of \(from) leaves cannot grow to \(to)"
        }
    }
}

/// Why a proof does not prove what it claims (RFC 9162 §2.1.3.2, §2.1.4.2).
package enum ProofError: Error, Equatable {
    case leafOutsideTree(index: Int64, size: Int64)
    case treeShrinks(from: Int64, to: Int64)
    case wrongLength(expected: Int, found: Int)
    case wrongRoot(expected: TreeHash, computed: TreeHash)
    /// The proof does not even lead to the root of the older tree.
    case wrongOldRoot(expected: TreeHash, computed: TreeHash)
}

extension ProofError: CustomStringConvertible {
    /// One sentence with the values.
    package var description: String {
        switch self {
        case .leafOutsideTree(let index, let size): "a tree of \(size) leaves has no leaf \(index)"
        case .treeShrinks(let from, let to): "a tree of \(from) leaves cannot grow to \(to)"
        case .wrongLength(let expected, let found): "the proof has \(found) hashes instead of \(expected)"
        case .wrongRoot(let expected, let computed): "the proof leads to the root \(computed) instead of \(expected)"
        case .wrongOldRoot(let expected, let computed):
            "the proof leads to the older root \(computed) instead of \(expected)"
        }
    }
}
