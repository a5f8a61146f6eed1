import Testing
import TransparencyLog

@Suite struct `Every proof` {
    private static let tree = MemoryTree(size: 600)

    /// Ranges of tree sizes, so that they run side by side.
    private static let sizes = stride(from: 1, through: 600, by: 50).map { $0..<$0 + 50 }

    @Test(arguments: sizes)
    func `of inclusion up to 600 leaves is accepted`(_ sizes: Range<Int>) throws {
        for size in sizes {
            let root = try Self.tree.root(size)
            for index in 0..<size {
                let proof = try Self.tree.inclusion(index, size)
                try proof.verify(leaf: Self.tree[0][index], root: root)
            }
        }
    }

    @Test(arguments: sizes)
    func `of consistency up to 600 leaves is accepted`(_ sizes: Range<Int>) throws {
        for size in sizes {
            let root = try Self.tree.root(size)
            for old in 0...size {
                let proof = try Self.tree.consistency(old, size)
                try proof.verify(oldRoot: Self.tree.root(old), newRoot: root)
            }
        }
    }

    @Test func `up to 100,000 leaves is accepted, and by the letter of the standard`() throws {
        let tree = MemoryTree(size: 100_000)
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<500 {
            let size = Int.random(in: 601...100_000, using: &generator)
            let old = Int.random(in: 1..<size, using: &generator)
            let root = try tree.root(size)
            let inclusion = try tree.inclusion(old, size)
            try inclusion.verify(leaf: tree[0][old], root: root)
            #expect(Algorithm.includes(inclusion, leaf: tree[0][old], root: root))
            let consistency = try tree.consistency(old, size)
            try consistency.verify(oldRoot: tree.root(old), newRoot: root)
            #expect(Algorithm.continues(consistency, old: try tree.root(old), new: root))
        }
    }
}

@Suite struct `A wrong proof` {
    private static let tree = MemoryTree(size: 66)

    @Test(arguments: 1...33)
    func `of inclusion is refused`(_ size: Int) throws {
        let root = try Self.tree.root(size)
        for index in 0..<size {
            let leaf = Self.tree[0][index]
            let proof = try Self.tree.inclusion(index, size)
            for hashes in wrong(proof.hashes) {
                refused(InclusionProof(index: proof.index, size: proof.size, hashes: hashes), leaf, root)
            }
            for other in -1...34 where other != index {
                refused(InclusionProof(index: Int64(other), size: proof.size, hashes: proof.hashes), leaf, root)
            }
            // A proof may fit a tree of another size as well, but then its root is another.
            for other in -1...66 where other != size {
                guard let otherRoot = try? Self.tree.root(other) else { continue }
                refused(InclusionProof(index: proof.index, size: Int64(other), hashes: proof.hashes), leaf, otherRoot)
            }
            refused(proof, .leaf(of: []), root)
            refused(proof, leaf, .emptyRoot)
        }
    }

    @Test(arguments: 1...33)
    func `of consistency is refused`(_ size: Int) throws {
        let root = try Self.tree.root(size)
        for old in 0...size {
            let oldRoot = try Self.tree.root(old)
            let proof = try Self.tree.consistency(old, size)
            for hashes in wrong(proof.hashes) {
                refused(ConsistencyProof(from: proof.oldSize, to: proof.newSize, hashes: hashes), oldRoot, root)
            }
            // The empty tree is continued by every other, and a tree by itself; otherwise the sizes must be right.
            for other in -1...34 where other != old && other != 0 {
                guard other <= size else {
                    refused(ConsistencyProof(from: Int64(other), to: proof.newSize, hashes: []), oldRoot, root)
                    continue
                }
                refused(ConsistencyProof(from: Int64(other), to: proof.newSize, hashes: proof.hashes), oldRoot, root)
            }
            refused(proof, .leaf(of: [9]), root)
            if old > 0 { refused(proof, oldRoot, .leaf(of: [9])) }
        }
    }

    @Test func `says what is wrong with it`() throws {
        let proof = try Self.tree.inclusion(1, 3)
        let (leaf, root) = (Self.tree[0][1], try Self.tree.root(3))
        #expect(throws: ProofError.wrongLength(expected: 2, found: 0)) {
            try InclusionProof(index: 1, size: 3, hashes: []).verify(leaf: leaf, root: root)
        }
        #expect(throws: ProofError.leafOutsideTree(index: 3, size: 3)) {
            try InclusionProof(index: 3, size: 3, hashes: []).verify(leaf: leaf, root: root)
        }
        #expect(throws: ProofError.wrongRoot(expected: leaf, computed: root)) {
            try proof.verify(leaf: leaf, root: leaf)
        }
        #expect(throws: ProofError.treeShrinks(from: 3, to: 2)) {
            try ConsistencyProof(from: 3, to: 2, hashes: []).verify(oldRoot: root, newRoot: root)
        }
        #expect(throws: ProofError.wrongOldRoot(expected: leaf, computed: root)) {
            try ConsistencyProof(from: 3, to: 3, hashes: []).verify(oldRoot: leaf, newRoot: root)
        }
        #expect(throws: ProofError.wrongOldRoot(expected: leaf, computed: .emptyRoot)) {
            try ConsistencyProof(from: 0, to: 3, hashes: []).verify(oldRoot: leaf, newRoot: root)
        }
        #expect(throws: ProofError.wrongRoot(expected: leaf, computed: .emptyRoot)) {
            try ConsistencyProof(from: 0, to: 0, hashes: []).verify(oldRoot: .emptyRoot, newRoot: leaf)
        }
    }

    @Test func `with numbers from an attacker does not trap`() {
        let hashes = Array(repeating: TreeHash.emptyRoot, count: 64)
        let numbers: [Int64] = [.min, -1, 0, 1, 2, 1 << 62, .max - 1, .max]
        for first in numbers {
            for second in numbers {
                for count in 0...64 {
                    let some = Array(hashes[..<count])
                    try? InclusionProof(index: first, size: second, hashes: some).verify(
                        leaf: .emptyRoot, root: .emptyRoot)
                    try? ConsistencyProof(from: first, to: second, hashes: some).verify(
                        oldRoot: .leaf(of: []), newRoot: .emptyRoot)
                }
            }
        }
    }

    /// One hash changed, missing, or too many; two in the wrong order.
    private func wrong(_ hashes: [TreeHash]) -> [[TreeHash]] {
        var all = [hashes + [.emptyRoot], [.emptyRoot] + hashes]
        for (index, hash) in hashes.enumerated() {
            var changed = hashes
            changed[index] = TreeHash(bytes: hash.bytes.dropLast() + [hash.bytes[31] ^ 1]) ?? .emptyRoot
            var shorter = hashes
            shorter.remove(at: index)
            var swapped = hashes
            swapped.swapAt(0, index)
            all += [changed, shorter] + (swapped == hashes ? [] : [swapped])
        }
        return all
    }

    private func refused(_ proof: InclusionProof, _ leaf: TreeHash, _ root: TreeHash) {
        #expect(throws: ProofError.self) { try proof.verify(leaf: leaf, root: root) }
        #expect(!Algorithm.includes(proof, leaf: leaf, root: root))
    }

    private func refused(_ proof: ConsistencyProof, _ oldRoot: TreeHash, _ root: TreeHash) {
        #expect(throws: ProofError.self) { try proof.verify(oldRoot: oldRoot, newRoot: root) }
        guard 0 < proof.oldSize, proof.oldSize < proof.newSize else { return }
        #expect(!Algorithm.continues(proof, old: oldRoot, new: root))
    }
}
