import enum OCI.Base64

/// A proof in a file of its own that an entry is in a log, and that witnesses have seen that log (c2sp.org/tlog-proof).
///
/// Needs no network to be checked: only the entry, and a policy that says which keys to trust.
package struct TlogProof: Hashable, Sendable {
    /// Bytes of a proof. The longest entry as extra data takes 88 KiB, the longest note 256 KiB.
    package static let longest = 512 * 1024

    /// Hashes of a proof. No tree that can be counted has longer ones.
    package static let mostHashes = 63

    private static let header = "c2sp.org/tlog-proof@v1"

    /// Anything that helps to reproduce the entry. Nobody vouches for it; we put the bytes of the entry here.
    package let extra: [UInt8]?

    /// Where the entry is in the tree of the checkpoint.
    package let inclusion: InclusionProof

    /// What the log, and perhaps witnesses, have signed.
    package let checkpoint: SignedCheckpoint

    /// Puts a proof together.
    ///
    /// - Throws: `.wrongSize` when the checkpoint is about a tree of another size, `.tooManyHashes`, `.tooLong`.
    package init(
        extra: [UInt8]? = nil, inclusion: InclusionProof, checkpoint: SignedCheckpoint
    ) throws(TlogProofError) {
        guard inclusion.size == checkpoint.checkpoint.size else {
            throw .wrongSize(expected: checkpoint.checkpoint.size, found: inclusion.size)
        }
        guard inclusion.hashes.count <= Self.mostHashes else { throw .tooManyHashes }
        guard inclusion.index >= 0 else { throw .malformedIndex }
        self.extra = extra
        self.inclusion = inclusion
        self.checkpoint = checkpoint
        guard bytes.count <= Self.longest else { throw .tooLong }
    }

    /// Reads a proof. There is one spelling of each, so `bytes` gives back what was read.
    package init(parsing bytes: [UInt8]) throws(TlogProofError) {
        guard bytes.count <= Self.longest else { throw .tooLong }
        var reader = LineReader(bytes[...])
        guard let header = reader.next(), header.elementsEqual(Self.header.utf8) else { throw .malformedHeader }
        var line = reader.next()
        extra = try Self.extra(in: line)
        if extra != nil { line = reader.next() }
        guard let index = line?.after("index ").flatMap({ Int64(decimal: $0) }) else { throw .malformedIndex }
        let hashes = try Self.hashes(from: &reader)
        do {
            checkpoint = try SignedCheckpoint(parsing: Array(reader.rest))
        } catch {
            throw .malformedCheckpoint(error)
        }
        inclusion = InclusionProof(index: index, size: checkpoint.checkpoint.size, hashes: hashes)
    }

    private static func extra(in line: ArraySlice<UInt8>?) throws(TlogProofError) -> [UInt8]? {
        guard let text = line?.after("extra ") else { return nil }
        guard let extra = Base64.decode(text) else { throw .malformedExtra }
        return extra
    }

    private static func hashes(from reader: inout LineReader) throws(TlogProofError) -> [TreeHash] {
        var hashes: [TreeHash] = []
        while true {
            guard let line = reader.next() else { throw .malformedHash }
            if line.isEmpty { return hashes }
            guard hashes.count < mostHashes else { throw .tooManyHashes }
            guard let hash = TreeHash(base64: line) else { throw .malformedHash }
            hashes.append(hash)
        }
    }

    /// The proof as a `.tlog-proof` file.
    package var bytes: [UInt8] {
        var lines = [Self.header]
        if let extra { lines.append("extra " + Base64.encode(extra)) }
        lines.append("index \(inclusion.index)")
        lines += inclusion.hashes.map(\.base64) + [""]
        return lines.flatMap { Array($0.utf8) + [.newline] } + checkpoint.bytes
    }

    /// Checks all of it: log, witnesses, and that the entry is in the tree ("Verifying a tlog proof").
    ///
    /// - Parameter leaf: `TreeHash.leaf(of: entry)`. Take the entry from `extra` only to look at what is in it: the proof
    ///   says that it was logged, not that it is about what you expect.
    /// - Returns: the log, and which witnesses have signed and when.
    package func verify(leaf: TreeHash, policy: Policy) throws(TlogProofError) -> Policy.Verdict {
        let verdict: Policy.Verdict
        do {
            verdict = try policy.evaluate(checkpoint)
        } catch {
            throw .untrustedCheckpoint(error)
        }
        do {
            try inclusion.verify(leaf: leaf, root: checkpoint.checkpoint.root)
        } catch {
            throw .notIncluded(error)
        }
        return verdict
    }
}

/// Why something is not a proof, or proves nothing.
package enum TlogProofError: Error, Equatable {
    case tooLong
    case malformedHeader
    case malformedExtra
    case malformedIndex
    case malformedHash
    case tooManyHashes
    case wrongSize(expected: Int64, found: Int64)
    case malformedCheckpoint(CheckpointError)
    case untrustedCheckpoint(PolicyViolation)
    case notIncluded(ProofError)
}

extension TlogProofError: CustomStringConvertible {
    /// One sentence.
    package var description: String {
        switch self {
        case .tooLong: "a proof has at most \(TlogProof.longest) bytes"
        case .malformedHeader: "the first line of a proof is c2sp.org/tlog-proof@v1"
        case .malformedExtra: "the extra data of a proof is Base64"
        case .malformedIndex: "a proof has a line with the index of the entry, without superfluous zeros"
        case .malformedHash: "each hash of a proof is a line of Base64 of 32 bytes, and an empty line follows the last"
        case .tooManyHashes: "a proof has at most \(TlogProof.mostHashes) hashes"
        case .wrongSize(let expected, let found):
            "the proof is for a tree of \(found) leaves, the checkpoint for one of \(expected)"
        case .malformedCheckpoint(let error): error.description
        case .untrustedCheckpoint(let violation): violation.description
        case .notIncluded(let error): error.description
        }
    }
}
