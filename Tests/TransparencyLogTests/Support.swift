import TransparencyLog

/// A tree in memory, with every complete subtree at hand.
struct MemoryTree {
    private(set) var range = CompactRange()
    private var levels: [[TreeHash]] = []

    init(leaves: [TreeHash] = []) {
        for leaf in leaves { append(leaf) }
    }

    /// A tree whose leaves are numbers.
    init(size: Int) {
        self.init(leaves: (0..<size).map { .leaf(of: Array("leaf \($0)".utf8)) })
    }

    /// The leaves, and above them the roots of complete subtrees.
    subscript(level: Int) -> [TreeHash] { level < levels.count ? levels[level] : [] }

    mutating func append(_ leaf: TreeHash) {
        var levels = levels
        self.levels = []
        range.append(leaf) { level, index, hash in
            if level == levels.count { levels.append([]) }
            precondition(index == levels[level].count, "subtrees are completed in their order")
            levels[level].append(hash)
        }
        self.levels = levels
    }

    /// The hash of a complete subtree; an error, should anybody ask for one that there is not.
    func node(level: Int, index: Int64) throws -> TreeHash {
        guard levels.indices.contains(level), levels[level].indices.contains(Int(index)) else {
            throw AbsentNode(level: level, index: index)
        }
        return levels[level][Int(index)]
    }

    func root(_ size: Int) throws -> TreeHash { try MerkleTree.root(size: Int64(size), node: node) }

    func inclusion(_ index: Int, _ size: Int) throws -> InclusionProof {
        try MerkleTree.inclusionProof(index: Int64(index), size: Int64(size), node: node)
    }

    func consistency(_ old: Int, _ new: Int) throws -> ConsistencyProof {
        try MerkleTree.consistencyProof(from: Int64(old), to: Int64(new), node: node)
    }
}

/// A proof asked for a subtree that is not complete.
struct AbsentNode: Error {
    let level: Int
    let index: Int64
}

/// The definitions of RFC 6962 §2.1, letter by letter, to compare with.
enum Definition {
    static func root(_ leaves: ArraySlice<TreeHash>) -> TreeHash {
        guard leaves.count > 1 else { return leaves.first ?? .emptyRoot }
        let k = split(leaves)
        return .node(root(leaves[..<k]), root(leaves[k...]))
    }

    static func path(_ index: Int, _ leaves: ArraySlice<TreeHash>) -> [TreeHash] {
        guard leaves.count > 1 else { return [] }
        let k = split(leaves)
        return index < k
            ? path(index, leaves[..<k]) + [root(leaves[k...])] : path(index, leaves[k...]) + [root(leaves[..<k])]
    }

    static func proof(_ size: Int, _ leaves: ArraySlice<TreeHash>, isWhole: Bool = true) -> [TreeHash] {
        guard size < leaves.endIndex else { return isWhole ? [] : [root(leaves)] }
        let k = split(leaves)
        return size <= k
            ? proof(size, leaves[..<k], isWhole: isWhole) + [root(leaves[k...])]
            : proof(size, leaves[k...], isWhole: false) + [root(leaves[..<k])]
    }

    /// Where the largest power of two smaller than their number ends.
    private static func split(_ leaves: ArraySlice<TreeHash>) -> Int {
        var k = 1
        while k * 2 < leaves.count { k *= 2 }
        return leaves.startIndex + k
    }
}

/// The algorithms of RFC 9162, step by step, to compare with.
enum Algorithm {
    /// §2.1.3.2
    static func includes(_ proof: InclusionProof, leaf: TreeHash, root: TreeHash) -> Bool {
        guard proof.index >= 0, proof.index < proof.size else { return false }
        var (fn, sn, r) = (proof.index, proof.size - 1, leaf)
        for p in proof.hashes {
            if sn == 0 { return false }
            if fn & 1 == 1 || fn == sn {
                r = .node(p, r)
                while fn & 1 == 0, fn != 0 { (fn, sn) = (fn >> 1, sn >> 1) }
            } else {
                r = .node(r, p)
            }
            (fn, sn) = (fn >> 1, sn >> 1)
        }
        return sn == 0 && r == root
    }

    /// §2.1.4.2, for an older tree that is neither empty nor the newer one.
    static func continues(_ proof: ConsistencyProof, old: TreeHash, new: TreeHash) -> Bool {
        var path = proof.hashes
        if path.isEmpty { return false }
        if proof.oldSize & (proof.oldSize - 1) == 0 { path.insert(old, at: 0) }
        var (fn, sn) = (proof.oldSize - 1, proof.newSize - 1)
        while fn & 1 == 1 { (fn, sn) = (fn >> 1, sn >> 1) }
        var (fr, sr) = (path[0], path[0])
        for c in path.dropFirst() {
            if sn == 0 { return false }
            if fn & 1 == 1 || fn == sn {
                (fr, sr) = (.node(c, fr), .node(c, sr))
                while fn & 1 == 0, fn != 0 { (fn, sn) = (fn >> 1, sn >> 1) }
            } else {
                sr = .node(sr, c)
            }
            (fn, sn) = (fn >> 1, sn >> 1)
        }
        return fr == old && sr == new && sn == 0
    }
}

/// The same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// `bytes` with a few bytes changed, added, removed or repeated, in many ways.
func mutants(of bytes: [UInt8], count: Int, using generator: inout SeededGenerator) -> [[UInt8]] {
    (0..<count).map { _ in mutant(of: bytes, using: &generator) }
}

private func mutant(of bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
    let interesting = Array("\n\n\r\0\t 019+-/=.:#px— AZaz".utf8) + [0x7F, 0x80, 0xC3, 0xFF]
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        let byte = interesting.randomElement(using: &generator) ?? 0
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[index] = byte
        case 1: bytes.insert(byte, at: index)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(contentsOf: bytes[index...].prefix(60), at: index)
        default: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        }
    }
    return bytes
}
