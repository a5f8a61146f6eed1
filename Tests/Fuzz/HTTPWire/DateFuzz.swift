// Fuzzes dates: no trap, a text that reads as the same moment in each of the three forms, and the order of the calendar.
// Built and run by Tests/Fuzz/run.

@testable import HTTPWire

/// The input is a date as text; its first eight bytes are also a moment.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDate(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    let now = HTTPDate(unixSeconds: 1_790_000_000)
    if let date = HTTPDate(parsing: String(decoding: bytes, as: UTF8.self), now: now) { check(date) }
    let moment = Int64(truncatingIfNeeded: bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    check(HTTPDate(unixSeconds: moment))
    // Most moments of 64 bits are outside of every year.
    check(HTTPDate(unixSeconds: moment >> 28))
    return 0
}

private func check(_ date: HTTPDate) {
    let text = date.text
    precondition(text.utf8.count == 29, "not of the one length")
    let now = HTTPDate(unixSeconds: date.unixSeconds - 86_400)
    precondition(HTTPDate(parsing: text, now: now) == date, "\(text) reads as another moment")
    precondition(
        HTTPDate(parsing: text + " ", now: now) == nil && HTTPDate(parsing: String(text.dropLast()), now: now) == nil)
    checkObsolete(date, text, now)
    let next = HTTPDate(unixSeconds: date.unixSeconds + 86_400)
    precondition(next >= date && (next > date || date.unixSeconds > 253_402_200_000), "a day is no day")
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` in the forms `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
private func checkObsolete(_ date: HTTPDate, _ text: String, _ now: HTTPDate) {
    let words = text.split(separator: " ").map(String.init)
    guard let weekday = CivilDate.weekdays.first(where: { $0.prefix(3) == words[0].dropLast() }) else {
        preconditionFailure("there is no such day")
    }
    let day = words[1].utf8.first == UInt8(ascii: "0") ? " " + words[1].dropFirst() : words[1]
    let asctime = "\(weekday.prefix(3)) \(words[2]) \(day) \(words[4]) \(words[3])"
    precondition(HTTPDate(parsing: asctime, now: now) == date, "\(asctime) reads as another moment")
    let rfc850 = "\(weekday), \(words[1])-\(words[2])-\(words[3].suffix(2)) \(words[4]) GMT"
    // Two digits say a year of the century of now; the year after a century ends is in another.
    guard CivilDate(daysSince1970: now.unixSeconds / 86_400).year / 100 == Int64(words[3]).map({ $0 / 100 }),
        now.unixSeconds > 0
    else { return }
    precondition(HTTPDate(parsing: rfc850, now: now) == date, "\(rfc850) reads as another moment")
}
