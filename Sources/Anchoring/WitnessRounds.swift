package import HTTPClient
package import TransparencyLog

/// What came of asking one witness once.
package enum RoundOutcome: Equatable, Sendable {
    /// The log has no checkpoint yet.
    case nothingToCosign
    /// The witness vouches for a tree of this size; its cosignature is stored.
    case cosigned(size: Int64)
    /// The witness did not answer.
    case unreachable(HTTPClientError)
    /// The witness will not sign: it does not know the log, or it asks to be asked later.
    case refused(WitnessRefusal)
    /// The witness answered something that the protocol does not have, or signed with another key; a sentence.
    case unusable(String)
    /// We could not ask, or not store the answer; a sentence.
    case failed(String)
    /// The witness has seen a longer or another log, so this one was rolled back or forked. Nothing is signed any more.
    case contradicted(reason: String)
}

/// Asks witnesses to cosign the newest checkpoint (c2sp.org/tlog-witness, "add-checkpoint").
package struct WitnessRounds: Sendable {
    private let log: any AnchoredLog
    private let client: OutboundClient

    /// Rounds over `log`.
    package init(log: any AnchoredLog, client: OutboundClient) {
        self.log = log
        self.client = client
    }

    /// Asks one witness once, from where it is known to be, and a second time if it says that it is somewhere else.
    ///
    /// A witness that has cosigned the newest checkpoint is asked all the same: it then signs the present time, and it is
    /// the one who would notice that this log is not the one it knew.
    package func run(with witness: Witness) async -> RoundOutcome {
        do {
            return try await round(with: witness)
        } catch let error as HTTPClientError {
            return .unreachable(error)
        } catch let error as UnusableAnswer {
            return .unusable(error.reason.description)
        } catch {
            return .failed("\(error)")
        }
    }

    private func round(with witness: Witness) async throws -> RoundOutcome {
        guard let checkpoint = try log.latestCheckpoint() else { return .nothingToCosign }
        // What is recorded as cosigned may be larger than what is there: then the record is of no use for a proof.
        let known = min(try log.cosignedSize(by: witness.key), checkpoint.checkpoint.size)
        switch try await ask(witness, from: known, about: checkpoint) {
        case .conflict(let size): return try await again(with: witness, from: size, after: known, about: checkpoint)
        case let answer: return try await settle(answer, of: witness, from: known, about: checkpoint)
        }
    }

    /// The witness has signed a tree of another size last.
    private func again(
        with witness: Witness, from size: Int64, after known: Int64, about older: SignedCheckpoint
    ) async throws -> RoundOutcome {
        // Another round, here or in another process of this log, may have been faster with a newer checkpoint.
        guard let checkpoint = try log.latestCheckpoint() else { return .nothingToCosign }
        guard size <= checkpoint.checkpoint.size else {
            return await contradicted(
                "the witness \(witness.name) has cosigned \(size) leaves of this log, and there are only "
                    + "\(checkpoint.checkpoint.size): the log was rolled back")
        }
        // Version 1.0.0 of the protocol answers so where later ones answer 422.
        guard size != known || size != older.checkpoint.size else {
            return await contradicted(otherRoot(witness, at: size))
        }
        let answer = try await ask(witness, from: size, about: checkpoint)
        return try await settle(answer, of: witness, from: size, about: checkpoint)
    }

    private func ask(
        _ witness: Witness, from oldSize: Int64, about checkpoint: SignedCheckpoint
    ) async throws -> WitnessAnswer {
        let proof = try log.consistencyProof(from: oldSize, to: checkpoint.checkpoint.size)
        let request = try WitnessRequest(consistency: proof, checkpoint: checkpoint)
        let response = try await client.send(
            OutboundRequest(.post(request.body), witness.addCheckpoint, fields: [("Content-Type", "text/plain")]))
        do {
            return try WitnessAnswer(status: response.status, body: response.body)
        } catch {
            throw UnusableAnswer(reason: error)
        }
    }

    private func settle(
        _ answer: WitnessAnswer, of witness: Witness, from oldSize: Int64, about checkpoint: SignedCheckpoint
    ) async throws -> RoundOutcome {
        switch answer {
        case .cosigned(let signatures): return try await keep(signatures, by: witness, of: checkpoint)
        case .conflict(let size): return .unusable("the witness says \(size) leaves after it was asked from \(oldSize)")
        // From 0 there is no proof that could be wrong, so then it proves nothing against the log.
        case .refused(.inconsistent) where oldSize > 0:
            return await contradicted(
                oldSize == checkpoint.checkpoint.size
                    ? otherRoot(witness, at: oldSize)
                    : "the witness \(witness.name) finds that \(checkpoint.checkpoint.size) leaves do not continue the "
                        + "\(oldSize) that it has cosigned: the log was forked")
        case .refused(let refusal): return .refused(refusal)
        }
    }

    private func keep(
        _ signatures: [NoteSignature], by witness: Witness, of checkpoint: SignedCheckpoint
    ) async throws -> RoundOutcome {
        let cosignatures: [VerifiedSignature]
        do {
            cosignatures = try checkpoint.adding(signatures, by: [witness.key]).note.verify(by: [witness.key])
        } catch {
            return .unusable(error.description)
        }
        try await log.store(cosignatures.map(\.signature), of: checkpoint, by: witness.key)
        return .cosigned(size: checkpoint.checkpoint.size)
    }

    private func otherRoot(_ witness: Witness, at size: Int64) -> String {
        "the witness \(witness.name) has cosigned another root for \(size) leaves of this log: the log was forked"
    }

    private func contradicted(_ reason: String) async -> RoundOutcome {
        await log.stopSigning(because: reason)
        return .contradicted(reason: reason)
    }
}

/// The witness answered what the protocol does not have.
private struct UnusableAnswer: Error {
    let reason: WitnessError
}
