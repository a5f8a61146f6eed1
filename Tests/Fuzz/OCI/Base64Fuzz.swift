// Fuzzes Base64: no trap, one spelling for each value in each alphabet, and nothing that is read in both ways.
// Built and run by Tests/Fuzz/run.

@testable import OCI

/// The input is text to read, and bytes to write.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBase64(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let (text, urlText) = (Base64.encode(bytes), Base64.encodeForURL(bytes))
    precondition(Base64.decode(text.utf8) == bytes && Base64.decodeForURL(urlText.utf8) == bytes)
    precondition(Base64.decodeEither(text.utf8) == bytes && Base64.decodeEither(urlText.utf8) == bytes)
    precondition(text.utf8.count == (count + 2) / 3 * 4 && urlText.utf8.count == (count * 4 + 2) / 3)

    let (standard, forURL, either) = (Base64.decode(bytes), Base64.decodeForURL(bytes), Base64.decodeEither(bytes))
    if let standard { precondition(Array(Base64.encode(standard).utf8) == bytes, "another spelling") }
    if let forURL { precondition(Array(Base64.encodeForURL(forURL).utf8) == bytes, "another spelling") }
    for known in [standard, forURL].compactMap(\.self) { precondition(either == known, "read in two ways") }
    // Besides these there is the alphabet for URLs with padding.
    if let either, standard == nil, forURL == nil {
        let unpadded = Array(Base64.encodeForURL(either).utf8)
        precondition(bytes.starts(with: unpadded) && bytes.count == (unpadded.count + 3) / 4 * 4, "another spelling")
        precondition(bytes[unpadded.count...].allSatisfy { $0 == UInt8(ascii: "=") })
    }
    return 0
}
