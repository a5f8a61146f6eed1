// Fuzzes proofs of inclusion and consistency: no trap, every proof of a tree holds, and nothing else does: no other leaf, root, size
// or place, and no hash more or less.
// Built and run by Tests/Fuzz/run.

@testable import TransparencyLog

/// The first bytes are two sizes and a place of a small tree, then a change to its proofs; with the rest, hashes of a proof that
/// was made of nothing.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzProof(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard bytes.count >= 20 else { return 0 }
    let size = Int64(bytes[0]) + 1
    let change = Change(bytes[3], bytes[4], bytes[5])
    checkInclusion(Int64(bytes[1]) % size, size, change)
    checkConsistency(Int64(bytes[2]) % (size + 1), size, change)
    checkInvented(bytes.dropFirst(4))
    return 0
}

private struct Change {
    let place: Int
    let bit: UInt8
    let kind: UInt8

    init(_ place: UInt8, _ bit: UInt8, _ kind: UInt8) {
        self.place = Int(place)
        self.bit = 1 << (bit & 7)
        self.kind = kind & 3
    }

    /// Other hashes than these.
    func applied(to hashes: [TreeHash]) -> [TreeHash] {
        var hashes = hashes
        switch kind {
        case 0: hashes.insert(.emptyRoot, at: place % (hashes.count + 1))
        case 1 where !hashes.isEmpty: hashes.remove(at: place % hashes.count)
        case 2 where hashes.count > 1: hashes.swapAt(0, 1 + place % (hashes.count - 1))
        default:
            guard !hashes.isEmpty else { return [.emptyRoot] }
            hashes[place % hashes.count] = flipped(hashes[place % hashes.count])
        }
        return hashes
    }

    func flipped(_ hash: TreeHash) -> TreeHash {
        var bytes = hash.bytes
        bytes[place % bytes.count] ^= bit
        return TreeHash(bytes: bytes) ?? .emptyRoot
    }
}

/// Every complete subtree over 512 different leaves.
private let levels: [[TreeHash]] = {
    var levels = [(0..<512).map { TreeHash.leaf(of: Array("\($0)".utf8)) }]
    while let last = levels.last, last.count > 1 {
        levels.append(stride(from: 0, to: last.count, by: 2).map { .node(last[$0], last[$0 + 1]) })
    }
    return levels
}()

private func node(_ level: Int, _ index: Int64) throws -> TreeHash { levels[level][Int(index)] }

private let roots = (0...257).map { size in
    guard let root = try? MerkleTree.root(size: Int64(size), node: node) else { preconditionFailure("no root") }
    return root
}

private func checkInclusion(_ index: Int64, _ size: Int64, _ change: Change) {
    guard let proof = try? MerkleTree.inclusionProof(index: index, size: size, node: node) else {
        preconditionFailure("no proof")
    }
    let (leaf, root) = (levels[0][Int(index)], roots[Int(size)])
    func holds(_ proof: InclusionProof, _ leaf: TreeHash, _ root: TreeHash) -> Bool {
        (try? proof.verify(leaf: leaf, root: root)) != nil
    }
    precondition(holds(proof, leaf, root), "leaf \(index) of \(size) is not in its tree")
    precondition(!holds(proof, change.flipped(leaf), root) && !holds(proof, leaf, change.flipped(root)))
    precondition(!holds(proof, leaf, roots[Int(size) - 1]), "the tree before has it in the same way")
    let changed = change.applied(to: proof.hashes)
    precondition(
        changed == proof.hashes || !holds(InclusionProof(index: index, size: size, hashes: changed), leaf, root))
    let place = Int64(change.place) % size
    precondition(
        place == index || !holds(InclusionProof(index: place, size: size, hashes: proof.hashes), leaf, root),
        "it is in two places")
}

private func checkConsistency(_ old: Int64, _ new: Int64, _ change: Change) {
    guard let proof = try? MerkleTree.consistencyProof(from: old, to: new, node: node) else {
        preconditionFailure("no proof")
    }
    let (before, after) = (roots[Int(old)], roots[Int(new)])
    func holds(_ proof: ConsistencyProof, _ before: TreeHash, _ after: TreeHash) -> Bool {
        (try? proof.verify(oldRoot: before, newRoot: after)) != nil
    }
    precondition(holds(proof, before, after), "\(old) leaves do not grow to \(new)")
    precondition(!holds(proof, change.flipped(before), after), "another tree grows to it")
    // Whoever knows nothing of a tree believes everything of it.
    precondition(old == 0 || !holds(proof, before, change.flipped(after)), "it grows to another tree")
    let changed = ConsistencyProof(from: old, to: new, hashes: change.applied(to: proof.hashes))
    precondition(changed == proof || !holds(changed, before, after), "another proof holds as well")
    precondition(old == new || !holds(ConsistencyProof(from: new, to: old, hashes: proof.hashes), after, before))
}

/// A proof of any size with any hashes. Whoever finds one that holds has broken SHA-256.
private func checkInvented(_ bytes: ArraySlice<UInt8>) {
    let first = Int64(bigEndianBytes: bytes.prefix(8))
    let second = Int64(bigEndianBytes: bytes.dropFirst(8).prefix(8))
    var rest = bytes.dropFirst(16)
    var hashes: [TreeHash] = []
    while let hash = TreeHash(bytes: rest.prefix(32)) {
        hashes.append(hash)
        rest = rest.dropFirst(32)
    }
    let (leaf, root) = (levels[0][0], roots[200])
    precondition(
        (try? InclusionProof(index: first, size: second, hashes: hashes).verify(leaf: leaf, root: root)) == nil)
    let growth = ConsistencyProof(from: first, to: second, hashes: hashes)
    precondition((try? growth.verify(oldRoot: leaf, newRoot: root)) == nil)
}
