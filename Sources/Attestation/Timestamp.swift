/// A moment, to the nanosecond, in UTC.
package struct Timestamp: Hashable, Sendable {
    /// Whole seconds since 1970, rounded down.
    package let seconds: Int64
    /// The rest, 0 to 999,999,999.
    package let nanoseconds: Int32

    /// A moment that this process took from a clock.
    ///
    /// - Precondition: `nanoseconds` is less than a second. Text comes in through the other initialiser.
    package init(seconds: Int64, nanoseconds: Int32 = 0) {
        precondition((0..<1_000_000_000).contains(nanoseconds), "nanoseconds are a part of a second")
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// A moment in milliseconds since 1970-01-01 UTC, as the registry's clock gives it.
    package init(milliseconds: Int64) {
        let (seconds, rest) = milliseconds.flooredDivision(by: 1000)
        self.init(seconds: seconds, nanoseconds: Int32(rest) * 1_000_000)
    }

    /// In milliseconds since 1970-01-01 UTC, rounded down; every time that was read from text fits.
    package var milliseconds: Int64 { seconds * 1000 + Int64(nanoseconds / 1_000_000) }

    /// Reads an RFC 3339 date and time with up to nine digits of fraction, in any zone; `nil` for anything else.
    ///
    /// in-toto (field_types.md, "Timestamp") wants `Z`, but builders have written offsets. A leap second counts as
    /// the second after it.
    package init?(parsing text: String) {
        var reader = TimestampReader(text)
        guard let timestamp = reader.timestamp() else { return nil }
        self = timestamp
    }
}

extension Timestamp: Comparable {
    /// Earlier is less.
    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC, with as many digits of fraction as there are.
    package var description: String { text(fraction: fraction) }

    /// RFC 3339 in UTC, always with three digits of fraction.
    package var textToMilliseconds: String { text(fraction: ".\(Int64(nanoseconds / 1_000_000).digits(3))") }

    private func text(fraction: String) -> String {
        let (days, second) = seconds.flooredDivision(by: 86_400)
        let date = CivilDate(daysSince1970: days)
        let parts: [(value: Int64, digits: Int, separator: Unicode.Scalar)] = [
            (date.year, 4, "-"), (date.month, 2, "-"), (date.day, 2, "T"), (second / 3600, 2, ":"),
            (second % 3600 / 60, 2, ":"),
        ]
        var text: [UInt8] = []
        text.reserveCapacity(32)
        for part in parts {
            text.append(part.value, digits: part.digits)
            text.append(UInt8(ascii: part.separator))
        }
        text.append(second % 60, digits: 2)
        text += fraction.utf8
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    private var fraction: String {
        guard nanoseconds > 0 else { return "" }
        var text = Int64(nanoseconds).digits(9)
        while text.last == "0" { text.removeLast() }
        return "." + text
    }
}

/// Which moments a record may name: what is outside was not measured by a clock that works.
package struct TimestampRange: Sendable {
    private let earliest: Timestamp
    private let latest: Timestamp

    /// Moments between the year 2000 and `now`, with some minutes more, because clocks differ.
    ///
    /// Go writes the year 1 and C writes 1970 where there is no time at all.
    package init(now: Timestamp, tolerance seconds: Int64 = 600) {
        earliest = Timestamp(seconds: 946_684_800)
        let (end, overflow) = now.seconds.addingReportingOverflow(seconds)
        latest = Timestamp(seconds: overflow ? .max : end, nanoseconds: now.nanoseconds)
    }

    /// Whether a record may name that moment.
    package func contains(_ timestamp: Timestamp) -> Bool {
        earliest <= timestamp && timestamp <= latest
    }
}

/// A date of the Gregorian calendar, also before there was one.
struct CivilDate: Equatable {
    let year: Int64
    let month: Int64
    let day: Int64

    /// `nil` unless there is such a day.
    init?(year: Int64, month: Int64, day: Int64) {
        guard (1...12).contains(month), day >= 1, day <= Self.length(ofMonth: month, in: year) else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    private static func length(ofMonth month: Int64, in year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

// Years are counted from March, so that the leap day is the last of the year and the months before it have lengths that
// a formula gives; 400 years, an era, have 146,097 days.
extension CivilDate {
    init(daysSince1970 days: Int64) {
        let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysSince1970: Int64 {
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).flooredDivision(by: 400)
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    fileprivate func digits(_ count: Int) -> String {
        var text: [UInt8] = []
        text.append(self, digits: count)
        return String(decoding: text, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Writes a number with at least so many digits. Years before the first have a sign in front.
    fileprivate mutating func append(_ value: Int64, digits: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        let start = count
        var rest = value.magnitude
        while rest > 0 || count - start < digits {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        self[start...].reverse()
    }
}
