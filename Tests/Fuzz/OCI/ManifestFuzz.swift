// Fuzzes the manifest reader and the JSON below it: no trap, and what is read is written back to the same value.
// Built and run by Tests/Fuzz/run.

@testable import OCI

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    if let value = try? JSONValue(parsing: bytes) {
        precondition((try? JSONValue(parsing: value.serialized())) == value, "what is written reads as the same")
        precondition((try? JSONValue(parsing: value.canonical())) != nil, "the canonical form is JSON")
    }
    for type in [nil, MediaType.ociManifest.rawValue, MediaType.ociIndex.rawValue] {
        guard let manifest = try? Manifest(parsing: bytes, contentType: type) else { continue }
        for reference in manifest.references {
            precondition(Digest(encoded: reference.descriptor.digest.encoded) == reference.descriptor.digest)
        }
    }
    _ = ImageConfig(parsing: bytes)
    return 0
}
