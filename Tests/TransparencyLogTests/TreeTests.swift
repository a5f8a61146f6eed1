import Testing
import TransparencyLog

@Suite struct `A Merkle tree` {
    private let tree = MemoryTree(leaves: Vectors.leaves.map { .leaf(of: $0) })

    @Test(arguments: Vectors.roots.indices)
    func `has the roots of the known trees`(_ size: Int) throws {
        #expect(try tree.root(size).hex == Vectors.roots[size])
        #expect(MemoryTree(leaves: Array(tree[0][..<size])).range.root.hex == Vectors.roots[size])
    }

    @Test func `proves what the known proofs prove`() throws {
        #expect(Vectors.inclusion.count == 36 && Vectors.consistency.count == 36)
        for known in Vectors.inclusion {
            let proof = try tree.inclusion(known.first, known.second)
            #expect(proof.hashes.map { String($0.hex.prefix(8)) } == known.hashes)
            try proof.verify(leaf: tree[0][known.first], root: tree.root(known.second))
        }
        for known in Vectors.consistency {
            let proof = try tree.consistency(known.first, known.second)
            #expect(proof.hashes.map { String($0.hex.prefix(8)) } == known.hashes)
            try proof.verify(oldRoot: tree.root(known.first), newRoot: tree.root(known.second))
        }
    }

    @Test func `follows the definition at every size`() throws {
        let tree = MemoryTree(size: 40)
        for size in 0...40 {
            let leaves = tree[0][..<size]
            #expect(try tree.root(size) == Definition.root(leaves))
            for index in 0..<size { #expect(try tree.inclusion(index, size).hashes == Definition.path(index, leaves)) }
            for old in 1..<max(1, size) {
                #expect(try tree.consistency(old, size).hashes == Definition.proof(old, leaves))
            }
        }
    }

    @Test func `continues from its peaks`() throws {
        let tree = MemoryTree(size: 70)
        for size in 0...70 {
            let half = MemoryTree(leaves: Array(tree[0][..<size])).range
            var range = try CompactRange(size: half.size, peaks: half.peaks)
            #expect(range == half && range.root == half.root)
            for leaf in tree[0][size...] { range.append(leaf) }
            #expect(range == tree.range)
        }
    }

    @Test func `is not continued from the wrong number of peaks or leaves`() {
        let hash = TreeHash.emptyRoot
        #expect(throws: TreeError.wrongNumberOfPeaks(expected: 2, found: 1)) {
            try CompactRange(size: 5, peaks: [hash])
        }
        #expect(throws: TreeError.wrongNumberOfPeaks(expected: 0, found: 1)) {
            try CompactRange(size: 0, peaks: [hash])
        }
        for size in [-1, .min, .max, CompactRange.mostLeaves + 1] {
            #expect(throws: TreeError.impossibleSize(size)) { try CompactRange(size: size, peaks: [hash]) }
        }
    }

    @Test func `of the largest size a number can have is still handled`() throws {
        var range = try CompactRange(size: CompactRange.mostLeaves, peaks: [.emptyRoot])
        range.append(.emptyRoot)
        #expect(range.peaks.count == 2)
        let node = { (_: Int, _: Int64) in TreeHash.emptyRoot }
        let root = try MerkleTree.root(size: .max, node: node)
        let inclusion = try MerkleTree.inclusionProof(index: .max - 1, size: .max, node: node)
        try inclusion.verify(leaf: .emptyRoot, root: root)
        #expect(inclusion.hashes.count == 62)
        let consistency = try MerkleTree.consistencyProof(from: .max - 1, to: .max, node: node)
        try consistency.verify(oldRoot: MerkleTree.root(size: .max - 1, node: node), newRoot: root)
    }

    @Test func `has no proof for what is not in it`() {
        for (index, size) in [(0, 0), (3, 3), (-1, 3), (0, -1), (.max, .max), (.min, .max)] as [(Int64, Int64)] {
            #expect(throws: TreeError.leafOutsideTree(index: index, size: size)) {
                try MerkleTree.inclusionProof(index: index, size: size, node: tree.node)
            }
        }
        for (old, new) in [(1, 0), (-1, 3), (.min, .max), (.max, .min), (-2, -1)] as [(Int64, Int64)] {
            #expect(throws: TreeError.treeShrinks(from: old, to: new)) {
                try MerkleTree.consistencyProof(from: old, to: new, node: tree.node)
            }
        }
        #expect(throws: TreeError.impossibleSize(-1)) { try MerkleTree.root(size: -1, node: tree.node) }
    }

    @Test func `passes on the failure of whoever reads its nodes`() {
        #expect(throws: AbsentNode.self) { try tree.inclusion(0, 9) }
        #expect(throws: AbsentNode.self) { try tree.consistency(1, 9) }
        #expect(throws: AbsentNode.self) { try tree.root(9) }
    }
}

@Suite struct `A tree hash` {
    @Test func `of nothing, a leaf and a node is as the standard says`() {
        #expect(TreeHash.emptyRoot.base64 == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
        #expect(TreeHash.leaf(of: bytes("waybill-leaf-0")).hex.hasPrefix("7225a75a"))
        let root = TreeHash.node(
            .node(.leaf(of: bytes("waybill-leaf-0")), .leaf(of: bytes("waybill-leaf-1"))),
            .leaf(of: bytes("waybill-leaf-2")))
        #expect(root.hex == "e27a656db880e2999b98c4989c00b7331fa0a8fd27a1100ce156ccfbb11cb795")
        #expect(root.base64 == "4nplbbiA4pmbmMSYnAC3Mx+gqP0noRAM4VbM+7Ect5U=")
    }

    @Test func `survives each of its forms`() {
        let hash = TreeHash.leaf(of: [1])
        #expect(TreeHash(bytes: hash.bytes) == hash)
        #expect(TreeHash(hex: hash.hex.utf8) == hash)
        #expect(TreeHash(base64: hash.base64.utf8) == hash)
    }

    @Test(arguments: [
        "", "00", String(repeating: "0", count: 63), String(repeating: "A0", count: 32),
        String(repeating: "0", count: 66), String(repeating: "é", count: 32),
    ])
    func `is not made from other hexadecimal text`(_ text: String) {
        #expect(TreeHash(hex: text.utf8) == nil)
    }

    @Test(arguments: [
        "", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=",
        "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuA==", " 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hS====", "AAAA47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    ])
    func `is not made from other Base64, nor from a second spelling of the same`(_ text: String) {
        #expect(TreeHash(base64: text.utf8) == nil)
    }

    @Test(arguments: 0...80)
    func `of long entries is made from all their bytes`(_ count: Int) {
        let entry = [UInt8](repeating: 7, count: count)
        #expect(TreeHash.leaf(of: entry) != .leaf(of: entry + [7]))
        #expect(TreeHash(bytes: entry) == nil || count == 32)
    }
}
