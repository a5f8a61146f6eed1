// Fuzzes the small field parsers: ranges, Content-Range, entity tags, Accept and dates.
// Built and run by Tests/Fuzz/run.

import HTTPTypes

@testable import HTTPWire

/// The first byte chooses the size of the content.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRange(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let text = String(decoding: UnsafeBufferPointer(start: start + 1, count: count - 1), as: UTF8.self)
    checkRanges(text, size: start[0] == 0xFF ? .max : Int64(start[0]))
    if case .range(let range) = ContentRange(text) { precondition(range.lowerBound >= 0) }
    _ = IfNoneMatch(text)?.matches(EntityTag("sha256:ab"))
    _ = IfRange.allowsRange(text, of: EntityTag("sha256:ab"))
    var fields = HTTPFields()
    fields.append(HTTPField(name: .accept, value: text))
    _ = Accept(fields).matches("application/json")
    _ = Accept(fields).matches(text)
    let now = HTTPDate(unixSeconds: 1_790_000_000)
    if let date = HTTPDate(parsing: text, now: now) { precondition(HTTPDate(parsing: date.text, now: now) == date) }
    return 0
}

private func checkRanges(_ text: String, size: Int64) {
    guard case .ranges(let ranges) = RangeRequest.parse(text, size: size) else { return }
    precondition((1...16).contains(ranges.count))
    for (index, range) in ranges.enumerated() {
        precondition(range.lowerBound >= 0 && range.upperBound < size)
        precondition(!ranges[..<index].contains { $0.overlaps(range) })
    }
}
