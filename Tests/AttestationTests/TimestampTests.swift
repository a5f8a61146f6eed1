import Attestation
import Testing

/// Noon of the day on which the tests believe to run.
let now = Timestamp(seconds: 1_767_268_800)

@Suite struct `A timestamp` {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0, 0), ("2026-01-01T12:00:00Z", 1_767_268_800, 0),
            ("2022-12-08T11:48:59.466513707Z", 1_670_500_139, 466_513_707),
            ("1985-04-12T23:20:50.52Z", 482_196_050, 520_000_000),
            ("1996-12-19T16:39:57-08:00", 851_042_397, 0), ("2024-02-29t00:00:00z", 1_709_164_800, 0),
            ("2000-02-29T23:59:59.000000001+00:00", 951_868_799, 1),
            ("1937-01-01T12:00:27.87+00:20", -1_041_337_173, 870_000_000),
            ("1990-12-31T23:59:60Z", 662_688_000, 0), ("0000-01-01T00:00:00Z", -62_167_219_200, 0),
            ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, 999_999_999),
            ("1969-12-31T23:59:59.5Z", -1, 500_000_000),
        ] as [(String, Int64, Int32)])
    func `is read as RFC 3339 says`(_ text: String, _ seconds: Int64, _ nanoseconds: Int32) {
        #expect(Timestamp(parsing: text) == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "", "2026", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00,5Z",
        "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01", "2026-01-01T00:00:00ZZ",
        " 2026-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "12026-01-01T00:00:00Z", "2026-1-1T00:00:00Z",
        "２０２６-01-01T00:00:00Z", "2026-01-01T00:00:00Z\n", "1767268800",
        "2026-01-01T00:00:00.000000000000000000000000000000000000000000000000000Z",
    ])
    func `is refused when it is anything else`(_ text: String) {
        #expect(Timestamp(parsing: text) == nil)
    }

    @Test(arguments: [
        "2026-01-01T12:00:00Z", "2022-12-08T11:48:59.466513707Z", "1985-04-12T23:20:50.52Z",
        "2024-02-29T00:00:00.000001Z",
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.5Z",
    ])
    func `is written as it was read`(_ text: String) throws {
        #expect(try #require(Timestamp(parsing: text)).description == text)
    }

    @Test func `survives being written and read all through 800 years`() {
        for day in stride(from: Int64(-150_000), to: 150_000, by: 13) {
            let timestamp = Timestamp(seconds: day * 86_400 + 86_399)
            if Timestamp(parsing: timestamp.description) != timestamp { Issue.record("\(timestamp)") }
        }
    }

    @Test func `is ordered by time`() throws {
        let earlier = try #require(Timestamp(parsing: "2026-01-01T00:00:00.999999999Z"))
        let later = try #require(Timestamp(parsing: "2026-01-01T01:00:01+01:00"))
        #expect(earlier < later)
        #expect(Timestamp(seconds: -1, nanoseconds: 5) < Timestamp(seconds: 0))
    }
}

@Suite struct `What a record may name as its time` {
    @Test(arguments: [
        (now.seconds, true), (now.seconds + 600, true), (now.seconds + 601, false), (now.seconds - 3600, true),
        (946_684_800, true), (946_684_799, false), (0, false), (Int64.min, false), (Int64.max, false),
    ])
    func `is between the year 2000 and a little after now`(_ seconds: Int64, _ isAccepted: Bool) {
        #expect(TimestampRange(now: now).contains(Timestamp(seconds: seconds)) == isAccepted)
    }

    @Test func `has an end even when the clock is absurd`() {
        let range = TimestampRange(now: Timestamp(seconds: .max))
        #expect(range.contains(Timestamp(seconds: .max)))
    }
}
