/// A moment as HTTP writes it, to the second (RFC 9110 §5.6.7).
package struct HTTPDate: Sendable, Hashable, Comparable {
    package let unixSeconds: Int64

    /// The years 0 to 9999, which is what four digits can say.
    private static let expressible: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    /// A moment outside the years 0 to 9999 becomes the nearest one inside.
    package init(unixSeconds: Int64) {
        self.unixSeconds = min(max(unixSeconds, Self.expressible.lowerBound), Self.expressible.upperBound)
    }

    /// Reads an IMF-fixdate or either of the two obsolete forms; nil when `text` is none of them.
    ///
    /// `now` is for RFC 850's two-digit year, which is never more than 50 years ahead of it.
    package init?(parsing text: String, now: HTTPDate) {
        var reader = DateReader(text)
        guard let moment = reader.read(now: now.unixSeconds) else { return nil }
        self.init(unixSeconds: moment)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    package var text: String {
        let days = unixSeconds.dividedRoundingDown(by: 86_400)
        let second = unixSeconds - days * 86_400
        let date = CivilDate(daysSince1970: days)
        let weekday = CivilDate.weekdays[Int((days + 3) - (days + 3).dividedRoundingDown(by: 7) * 7)]
        let month = CivilDate.months[date.month - 1]
        let time = "\(padded(second / 3600)):\(padded(second / 60 % 60)):\(padded(second % 60))"
        return "\(weekday.prefix(3)), \(padded(Int64(date.day))) \(month) \(padded(date.year, to: 4)) \(time) GMT"
    }

    package static func < (first: HTTPDate, second: HTTPDate) -> Bool { first.unixSeconds < second.unixSeconds }

    private func padded(_ number: Int64, to width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

/// A day of the proleptic Gregorian calendar.
struct CivilDate {
    static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    let year: Int64
    /// 1 to 12.
    let month: Int
    let day: Int

    /// nil when the month has no such day.
    init?(year: Int64, month: Int, day: Int) {
        guard (1...12).contains(month) else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...lengths[month - 1]).contains(day) else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// Howard Hinnant, "chrono-compatible low-level date algorithms": years that begin in March, in eras of 400.
    init(daysSince1970 days: Int64) {
        let shifted = days + 719_468
        let era = shifted.dividedRoundingDown(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        self.day = Int(dayOfYear - (153 * marchMonth + 2) / 5 + 1)
        self.month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
        self.year = yearOfEra + era * 400 + (marchMonth < 10 ? 0 : 1)
    }

    var daysSince1970: Int64 {
        let marchYear = month > 2 ? year : year - 1
        let era = marchYear.dividedRoundingDown(by: 400)
        let yearOfEra = marchYear - era * 400
        let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Int64 {
    fileprivate func dividedRoundingDown(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
