/// Reads the three date forms of RFC 9110 §5.6.7.
struct DateReader {
    private let text: [UInt8]
    private var index = 0

    init(_ text: String) {
        self.text = Array(text.utf8.prefix(40))
    }

    /// Seconds since 1970; nil when the text is not a date.
    mutating func read(now: Int64) -> Int64? {
        guard let weekday = word() else { return nil }
        let isShort = CivilDate.weekdays.contains { $0.prefix(3) == weekday }
        if isShort { return skip(", ") ? readIMF() : readAsctime() }
        guard CivilDate.weekdays.contains(weekday), skip(", ") else { return nil }
        return readRFC850(now: now)
    }

    /// `06 Nov 1994 08:49:37 GMT`
    private mutating func readIMF() -> Int64? {
        guard let day = number(2), skip(" "), let month = month(), skip(" "), let year = number(4), skip(" "),
            let time = time(), skip(" GMT"), isAtEnd
        else { return nil }
        return moment(Int64(year), month, day, time)
    }

    /// `06-Nov-94 08:49:37 GMT`
    private mutating func readRFC850(now: Int64) -> Int64? {
        guard let day = number(2), skip("-"), let month = month(), skip("-"), let shortYear = number(2), skip(" "),
            let time = time(), skip(" GMT"), isAtEnd
        else { return nil }
        let thisYear = CivilDate(daysSince1970: now / 86_400).year
        let year = thisYear / 100 * 100 + Int64(shortYear)
        return moment(year > thisYear + 50 ? year - 100 : year, month, day, time)
    }

    /// ` Nov  6 08:49:37 1994`
    private mutating func readAsctime() -> Int64? {
        guard skip(" "), let month = month(), skip(" "), let day = skip(" ") ? number(1) : number(2), skip(" "),
            let time = time(), skip(" "), let year = number(4), isAtEnd
        else { return nil }
        return moment(Int64(year), month, day, time)
    }

    private func moment(_ year: Int64, _ month: Int, _ day: Int, _ time: Int) -> Int64? {
        guard let date = CivilDate(year: year, month: month, day: day) else { return nil }
        return date.daysSince1970 * 86_400 + Int64(time)
    }

    /// `08:49:37` as seconds of the day. 60 is a leap second.
    private mutating func time() -> Int? {
        guard let hour = number(2), skip(":"), let minute = number(2), skip(":"), let second = number(2),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    private mutating func month() -> Int? {
        guard let name = word(), let index = CivilDate.months.firstIndex(of: name) else { return nil }
        return index + 1
    }

    private mutating func word() -> String? {
        let start = index
        while index < text.count, 0x61...0x7A ~= text[index].lowercased { index += 1 }
        return text.span.text(start..<index)
    }

    /// Exactly this many digits.
    private mutating func number(_ digits: Int) -> Int? {
        guard text.count - index >= digits, let number = text.span.decimal(index..<(index + digits)) else { return nil }
        index += digits
        return Int(number.value)
    }

    private mutating func skip(_ expected: String) -> Bool {
        guard text[index...].starts(with: expected.utf8) else { return false }
        index += expected.utf8.count
        return true
    }

    private var isAtEnd: Bool { index == text.count }
}
