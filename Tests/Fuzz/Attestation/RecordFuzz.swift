// Fuzzes plain build records: no trap, nothing unknown, and what answers show of a record reads as the same record.
// Built and run by Tests/Fuzz/run.

import OCI

@testable import Attestation

/// The input is a record in JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRecord(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(AttestationError) {
        let record = try BuildRecord(parsingPlain: bytes, now: now)
        precondition(record.remarks.isEmpty && record.dependencies.isEmpty, "a plain record has no doubts")
        precondition(record.labels.byteCount <= BuildRecord.Limits.labels)
        if let start = record.startedOn, let end = record.finishedOn { precondition(start <= end) }
        precondition(record.invocation == record.invocationURL, "an address that no browser may be sent to")
        if let source = record.source { precondition(source.withoutCredentials == source) }
        check(record)
    } catch {
        precondition(error.description.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "not to be shown")
    }
    return 0
}

private let now = Timestamp(seconds: 1_790_000_000)

private func check(_ record: BuildRecord) {
    guard var object = record.json.object else { preconditionFailure("a record is an object") }
    // What only answers have.
    object["dirty"] = nil
    object["revisionEvidence"] = nil
    let written = JSONValue.object(object)
    guard let again = try? BuildRecord(parsingPlain: written.serialized(), now: now) else {
        preconditionFailure("what is written is no record")
    }
    precondition(again == record || record.revision?.isDirty == true, "what is written reads as another")
}
