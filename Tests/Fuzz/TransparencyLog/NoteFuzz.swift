// Fuzzes signed notes and checkpoints: no trap, one spelling of each, limits that hold, and nothing believed that was not signed.
// Built and run by Tests/Fuzz/run.

@testable import TransparencyLog

/// The input is a note; and it is a text that is signed here.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNote(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    if let note = try? SignedNote(parsing: bytes) {
        precondition(note.bytes == bytes, "another spelling of the same note")
        precondition((1...SignedNote.mostSignatures).contains(note.signatures.count))
        precondition(note.text.allSatisfy { $0 >= 0x20 || $0 == .newline }, "it moves a terminal's cursor")
        precondition((try? note.verify(by: [log.verifier, witness.verifier])) == nil, "nobody has signed this")
    }
    if let signed = try? SignedCheckpoint(parsing: bytes) {
        precondition(signed.bytes == bytes && signed.checkpoint.text == signed.note.text)
        check(signed.checkpoint)
    }
    if let checkpoint = try? Checkpoint(parsing: bytes) {
        precondition(checkpoint.text == bytes, "another spelling of the same checkpoint")
        check(checkpoint)
        // Signing takes long, and it is the same for nearly every input.
        if count.isMultiple(of: 4) { checkSigned(checkpoint) }
    }
    if let key = try? VerifierKey(parsing: String(decoding: bytes, as: UTF8.self)) {
        precondition(Array(key.description.utf8) == bytes, "another spelling of the same key")
    }
    checkAnswer(bytes)
    return 0
}

private let seed = [UInt8](repeating: 7, count: 32)
private let log = key { name throws(KeyError) in try SignerKey(name: name, seed: seed) }
private let witness = key { name throws(KeyError) in try CosignerKey(name: name, seed: seed) }

private func key<Key>(_ make: (KeyName) throws(KeyError) -> Key) -> Key {
    guard let name = try? KeyName(parsing: "fuzz.example.com"), let key = try? make(name) else {
        preconditionFailure("no key")
    }
    return key
}

private func check(_ checkpoint: Checkpoint) {
    precondition(checkpoint.size >= 0 && !checkpoint.origin.isEmpty)
    precondition(checkpoint.size > 0 || checkpoint.root == .emptyRoot)
    precondition((try? Checkpoint(parsing: checkpoint.text)) == checkpoint, "what is written is another")
}

private func checkSigned(_ checkpoint: Checkpoint) {
    guard let own = try? Checkpoint(origin: "fuzz.example.com", size: checkpoint.size, root: checkpoint.root),
        let signed = try? SignedCheckpoint(own, signedBy: [log]),
        let cosigned = try? signed.cosigned(by: witness, at: 1_790_000_000)
    else { preconditionFailure("it cannot be signed") }
    precondition((try? SignedCheckpoint(parsing: cosigned.bytes)) == cosigned)
    precondition((try? cosigned.verify(by: log.verifier)) != nil, "its own signature is not valid")
    guard let verified = try? cosigned.note.verify(by: [witness.verifier]) else { preconditionFailure("not cosigned") }
    precondition(verified.count == 1 && verified[0].time == 1_790_000_000)
    guard let text = try? Checkpoint(parsing: checkpoint.text + Array("x\n".utf8)).text,
        let other = try? SignedNote(text: text, signatures: cosigned.note.signatures)
    else { return }
    precondition((try? other.verify(by: [log.verifier])) == nil, "another text was not signed")
    precondition((try? other.verify(by: [witness.verifier])) == nil, "another text was not cosigned")
}

private func checkAnswer(_ bytes: [UInt8]) {
    for status in [200, 409] {
        guard let answer = try? WitnessAnswer(status: status, body: bytes) else { continue }
        switch answer {
        case .cosigned(let lines): precondition(lines.flatMap { Array($0.line.utf8) } == bytes, "another spelling")
        case .conflict(let size): precondition(Array("\(size)\n".utf8) == bytes, "another spelling")
        case .refused: preconditionFailure("it was not refused")
        }
    }
}
