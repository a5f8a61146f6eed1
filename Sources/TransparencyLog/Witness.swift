/// What a log sends to a witness (c2sp.org/tlog-witness, "add-checkpoint").
package struct WitnessRequest: Hashable, Sendable {
    /// Hashes that a witness takes.
    package static let mostHashes = 63

    /// How the new tree continues the one that the witness has signed last.
    package let consistency: ConsistencyProof

    /// What the witness is asked to sign.
    package let checkpoint: SignedCheckpoint

    /// A request to sign.
    ///
    /// - Throws: `.wrongSize` when the checkpoint is about a tree of another size than the proof, `.tooManyHashes`.
    package init(consistency: ConsistencyProof, checkpoint: SignedCheckpoint) throws(WitnessError) {
        guard consistency.newSize == checkpoint.checkpoint.size else {
            throw .wrongSize(expected: checkpoint.checkpoint.size, found: consistency.newSize)
        }
        guard consistency.hashes.count <= Self.mostHashes else { throw .tooManyHashes }
        self.consistency = consistency
        self.checkpoint = checkpoint
    }

    /// The body of the request.
    package var body: [UInt8] {
        let lines = ["old \(consistency.oldSize)"] + consistency.hashes.map(\.base64) + [""]
        return lines.flatMap { Array($0.utf8) + [.newline] } + checkpoint.bytes
    }
}

/// What a witness answers to that.
package enum WitnessAnswer: Hashable, Sendable {
    /// 200: lines that `SignedCheckpoint.adding` checks.
    case cosigned([NoteSignature])
    /// 409: the witness has signed a tree of this size last, so the proof has to start there.
    case conflict(size: Int64)
    /// The witness will not sign.
    case refused(WitnessRefusal)

    /// Reads an answer.
    package init(status: Int, body: [UInt8]) throws(WitnessError) {
        switch status {
        case 200:
            do {
                self = .cosigned(try NoteSignature.all(in: body[...]))
            } catch {
                throw .malformedCosignatures(error)
            }
        case 409:
            var reader = LineReader(body[...])
            guard let size = reader.next().flatMap({ Int64(decimal: $0) }), reader.rest.isEmpty else {
                throw .malformedSize
            }
            self = .conflict(size: size)
        default:
            self = .refused(WitnessRefusal(status: status))
        }
    }
}

/// Why a witness does not sign.
package enum WitnessRefusal: Hashable, Sendable {
    /// 400: the request is malformed, or the tree would shrink.
    case malformed
    /// 403: there is no valid signature by a key that the witness trusts.
    case untrusted
    /// 404: the witness does not know the origin.
    case unknownLog
    /// 422: the proof proves nothing, or the witness has seen another root for this size. Somebody lies.
    case inconsistent
    /// Any other status: try again later.
    case other(status: Int)

    init(status: Int) {
        self =
            switch status {
            case 400: .malformed
            case 403: .untrusted
            case 404: .unknownLog
            case 422: .inconsistent
            default: .other(status: status)
            }
    }
}

/// Why a witness cannot be asked, or its answer not be read.
package enum WitnessError: Error, Equatable {
    case wrongSize(expected: Int64, found: Int64)
    case tooManyHashes
    case malformedCosignatures(NoteError)
    case malformedSize
}

extension WitnessError: CustomStringConvertible {
    /// One sentence.
    package var description: String {
        switch self {
        case .wrongSize(let expected, let found):
            "the proof is for a tree of \(found) leaves, the checkpoint for one of \(expected)"
        case .tooManyHashes: "a witness takes at most \(WitnessRequest.mostHashes) hashes"
        case .malformedCosignatures(let error): error.description
        case .malformedSize: "the answer of the witness is not a tree size in a line of its own"
        }
    }
}
