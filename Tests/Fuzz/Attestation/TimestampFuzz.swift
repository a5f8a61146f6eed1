// Fuzzes RFC 3339 timestamps, addresses of source code and of images: no trap, and one moment for each text.
// Built and run by Tests/Fuzz/run.

@testable import Attestation

/// The input is a text; its first eight bytes are also a moment.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTimestamp(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    let text = String(decoding: bytes, as: UTF8.self)
    if let timestamp = Timestamp(parsing: text) { check(timestamp) }
    let moment = Int64(truncatingIfNeeded: bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    // The years 1 to 9999, which four digits can say.
    let seconds = moment >> 26
    if (-62_135_596_800...253_402_300_799).contains(seconds) {
        check(Timestamp(seconds: seconds, nanoseconds: Int32(moment & 0x3FF_FFFF)))
    }
    checkSource(text)
    if let image = ImageReference(uri: text) { precondition(!image.repository.isEmpty) }
    return 0
}

private func check(_ timestamp: Timestamp) {
    precondition((0..<1_000_000_000).contains(timestamp.nanoseconds))
    let text = timestamp.description
    // An offset may lead out of the years that have four digits.
    guard text.utf8.first != UInt8(ascii: "-"), text.utf8.prefix(5).last == UInt8(ascii: "-") else { return }
    precondition(Timestamp(parsing: text) == timestamp, "\(text) reads as another moment")
    let rounded = Timestamp(milliseconds: timestamp.milliseconds)
    precondition(rounded <= timestamp && rounded.seconds == timestamp.seconds)
    precondition(Timestamp(parsing: timestamp.textToMilliseconds) == rounded, "milliseconds are another moment")
    precondition(Timestamp(seconds: timestamp.seconds, nanoseconds: 999_999_999) >= timestamp)
}

private func checkSource(_ text: String) {
    let clean = text.withoutCredentials
    precondition(clean.withoutCredentials.utf8.elementsEqual(clean.utf8), "\(clean) still has credentials")
    precondition(clean.utf8.count <= text.utf8.count)
    let source = SourceURI(text)
    precondition(source.repository.utf8.count <= clean.utf8.count)
    if !source.repository.isEmpty { precondition(source.isRepository(source.repository), "not its own repository") }
}
