// Fuzzes Sigstore bundles: no trap, limits that hold, exactly one signature, and what is written reads as the same.
// Built and run by Tests/Fuzz/run.

import OCI

@testable import Attestation

/// The input is a bundle in JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBundle(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let bundle = try? SigstoreBundle(parsing: bytes) else { return 0 }
    precondition(bundle.envelope.signatures.count == 1)
    precondition(bundle.tlogEntries.count <= SigstoreBundle.mostProofs)
    precondition(bundle.timestamps.count <= SigstoreBundle.mostProofs)
    let written = bundle.json.serialized()
    guard let again = try? SigstoreBundle(parsing: written) else { preconditionFailure("what is written is no bundle") }
    precondition(again.material == bundle.material && again.timestamps == bundle.timestamps)
    precondition(again.tlogEntries == bundle.tlogEntries)
    precondition(again.envelope.preAuthenticationEncoding == bundle.envelope.preAuthenticationEncoding)
    precondition(again.envelope.signatures == bundle.envelope.signatures)
    precondition(again.json.serialized() == written, "what is written reads as another")
    return 0
}
