import Testing

@testable import HTTPWire

private let now = HTTPDate(unixSeconds: 1_790_000_000)  // September 2026

@Suite struct `Reading and writing HTTP dates` {
    @Test(
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (-62_167_219_200, "Sat, 01 Jan 0000 00:00:00 GMT"),
        ] as [(Int64, String)])
    func `writes and reads the IMF-fixdate`(_ seconds: Int64, _ text: String) {
        #expect(HTTPDate(unixSeconds: seconds).text == text)
        #expect(HTTPDate(parsing: text, now: now)?.unixSeconds == seconds)
    }

    @Test(arguments: ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])
    func `reads the obsolete forms`(_ text: String) {
        #expect(HTTPDate(parsing: text, now: now)?.unixSeconds == 784_111_777)
    }

    @Test func `takes a two-digit year for at most fifty years ahead`() {
        #expect(HTTPDate(parsing: "Friday, 06-Nov-76 08:49:37 GMT", now: now)?.text.contains("2076") == true)
        #expect(HTTPDate(parsing: "Friday, 06-Nov-77 08:49:37 GMT", now: now)?.text.contains("1977") == true)
        #expect(HTTPDate(parsing: "Friday, 06-Nov-26 08:49:37 GMT", now: now)?.text.contains("2026") == true)
    }

    @Test(arguments: [
        "", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Son, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 29 Feb 2100 08:49:37 GMT",
        "Sun Nov 06 08:49:37 1994 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun, 06 Nov -994 08:49:37 GMT",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37 GMT and a long tail that goes on and on", "Sun, 06 NOV 1994 08:49:37 GMT", "日本",
    ])
    func `knows what is not a date`(_ text: String) {
        #expect(HTTPDate(parsing: text, now: now) == nil)
    }

    @Test func `stays within four-digit years whatever the clock says`() {
        #expect(HTTPDate(unixSeconds: .max).text == "Fri, 31 Dec 9999 23:59:59 GMT")
        #expect(HTTPDate(unixSeconds: .min).text == "Sat, 01 Jan 0000 00:00:00 GMT")
    }

    @Test func `agrees with itself over eight hundred years`() {
        for day in stride(from: Int64(-146_097), to: 146_097, by: 1) {
            let date = HTTPDate(unixSeconds: day * 86_400 + 12_345)
            guard HTTPDate(parsing: date.text, now: now) != date else { continue }
            Issue.record("\(date.text) is not \(date.unixSeconds)")
            return
        }
    }

    @Test func `orders moments`() {
        #expect(HTTPDate(unixSeconds: 1) < HTTPDate(unixSeconds: 2))
    }
}
