// Fuzzes statements and the predicates of provenance: no trap, subjects that are what the document names, and a record whose
// limits hold, that names no credentials and no absurd time.
// Built and run by Tests/Fuzz/run.

import OCI

@testable import Attestation

/// The input is a statement in JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzStatement(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let statement = try? Statement(parsing: bytes) else { return 0 }
    precondition((1...Statement.mostSubjects).contains(statement.subjects.count))
    for digest in statement.subjectDigests { precondition(statement.isAbout(digest), "not about its own subject") }
    precondition(Set(statement.subjectDigests).count == statement.subjectDigests.count, "a subject stands twice")
    for subject in statement.subjects {
        precondition(!subject.digests.values.isEmpty)
        for digest in subject.digests.digests { precondition(subject.digests.contains(digest)) }
    }
    checkAgain(statement, bytes)
    let record = BuildRecord(provenance: statement, now: now)
    precondition((record != nil) == (statement.predicateFamily == .slsaProvenance))
    if let record { check(record, statement) }
    return 0
}

private let now = Timestamp(seconds: 1_790_000_000)

/// The order of members and the space between them say nothing.
private func checkAgain(_ statement: Statement, _ bytes: [UInt8]) {
    guard let canonical = try? JSONValue(parsing: bytes).canonical(), let again = try? Statement(parsing: canonical)
    else {
        preconditionFailure("the canonical form is no statement")
    }
    precondition(again.subjectDigests == statement.subjectDigests && again.predicateType == statement.predicateType)
}

private func check(_ record: BuildRecord, _ statement: Statement) {
    precondition(record.subjects == statement.subjects)
    precondition(record.labels.byteCount <= BuildRecord.Limits.labels)
    precondition(record.dependencies.count <= BuildRecord.Limits.dependencies)
    let times = TimestampRange(now: now)
    for time in [record.startedOn, record.finishedOn].compactMap(\.self) { precondition(times.contains(time)) }
    if let revision = record.revision {
        precondition(Revision(commit: revision.commit, evidence: revision.evidence) != nil, "no commit")
    }
    for text in [record.source, record.invocation].compactMap(\.self) + record.dependencies.map(\.uri) {
        precondition(text.withoutCredentials.utf8.elementsEqual(text.utf8), "\(text) has credentials")
    }
    for image in record.images { precondition(!image.repository.isEmpty) }
    let json = record.json
    precondition((try? JSONValue(parsing: json.serialized()))?.canonical() == json.canonical(), "it is not JSON")
}
