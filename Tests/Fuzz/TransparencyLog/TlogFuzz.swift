// Fuzzes proofs in files of their own, as text, as JSON and as in Sigstore bundles: no trap, what is written reads as the same, and
// nothing believed that was not signed.
// Built and run by Tests/Fuzz/run.

import OCI

@testable import TransparencyLog

/// The input is a proof in one of the three forms.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTlog(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    if let proof = try? TlogProof(parsing: bytes) {
        precondition(proof.bytes == bytes, "another spelling of the same proof")
        precondition(proof.inclusion.size == proof.checkpoint.checkpoint.size)
        precondition(proof.inclusion.hashes.count <= TlogProof.mostHashes && proof.inclusion.index >= 0)
        let made = try? TlogProof(extra: proof.extra, inclusion: proof.inclusion, checkpoint: proof.checkpoint)
        precondition(made == proof, "it can be read and not be made")
        precondition((try? proof.verify(leaf: .leaf(of: proof.extra ?? []), policy: policy)) == nil)
    }
    if let bundle = try? ProofBundle(parsing: bytes) {
        let written = bundle.json.serialized()
        guard let again = try? ProofBundle(parsing: written) else {
            preconditionFailure("what is written is no bundle")
        }
        precondition(again.entry == bundle.entry && again.inclusion == bundle.inclusion && again.body == bundle.body)
        precondition(again.checkpoint == bundle.checkpoint && again.envelope == bundle.envelope)
        precondition(again.json.serialized() == written && (try? bundle.verify(policy)) == nil)
    }
    if let json = try? JSONValue(parsing: bytes), let entry = try? TransparencyLogEntry(json) {
        precondition((try? TransparencyLogEntry(entry.json)) == entry, "what is written reads as another")
        precondition(entry.inclusion.size == entry.checkpoint.checkpoint.size && (try? entry.verify(policy)) == nil)
    }
    return 0
}

/// Trusts a log whose key nobody has.
private let policy: Policy = {
    let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    guard let policy = try? Policy(parsing: Array("log \(key)\nquorum none\n".utf8)) else {
        preconditionFailure("no policy")
    }
    return policy
}()
