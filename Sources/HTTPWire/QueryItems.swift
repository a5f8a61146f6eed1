/// The `name=value` items of a query, in the order they were sent.
///
/// Names and values are percent-decoded. A `+` stays a plus: clients send `artifactType=application/vnd.x+json`
/// unescaped, and nobody sends a space. An item without `=` has an empty value; `&&` holds no item.
/// The query has been checked by `RequestTarget`: escapes are valid, values are UTF-8 without control characters.
package struct QueryItems: Sequence, Sendable {
    package typealias Element = (name: String, value: String)

    /// Past it, `414`. A push may carry as many tags as the configuration allows, at most 100.
    static let limit = 128

    private let query: String

    init(query: String?) {
        self.query = query ?? ""
    }

    /// The items of a form (`application/x-www-form-urlencoded`), where a `+` stands for a space.
    ///
    /// - Throws: the rejection of what would not be a query either.
    package init(form bytes: [UInt8]) throws(Rejection) {
        let escaped = bytes.flatMap { $0 == UInt8(ascii: "+") ? Array("%20".utf8) : [$0] }
        self.init(query: try Self.check(escaped.span, 0..<escaped.count))
    }

    /// The value of the first item with this name.
    package func first(_ name: String) -> String? {
        first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    /// The values of all items with this name.
    package func all(_ name: String) -> [String] {
        compactMap { $0.name.utf8.elementsEqual(name.utf8) ? $0.value : nil }
    }

    package func makeIterator() -> Iterator { Iterator(query: query) }

    package struct Iterator: IteratorProtocol {
        private let query: String
        private var offset = 0

        fileprivate init(query: String) {
            self.query = query
        }

        package mutating func next() -> Element? {
            let bytes = query.utf8.span
            while offset < bytes.count {
                let item = QueryItems.item(bytes, from: offset, before: bytes.count)
                offset = item.upperBound + 1
                if item.isEmpty { continue }
                return try? QueryItems.decode(bytes, item)
            }
            return nil
        }
    }

    /// The text of a query, once it is known that each of its items can be decoded.
    static func check(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Rejection) -> String {
        guard bytes.allSatisfy(in: range, \.isQueryByte) else { throw .invalidTargetCharacter }
        let hasNonASCII = try PercentEncoding.check(bytes, range)
        var count = 0
        var start = range.lowerBound
        while start < range.upperBound {
            let item = item(bytes, from: start, before: range.upperBound)
            start = item.upperBound + 1
            count += 1
            if count > limit { throw .tooManyQueryItems }
            if hasNonASCII { _ = try decode(bytes, item) }
        }
        guard let text = bytes.text(range) else { throw .invalidTargetCharacter }
        return text
    }

    private static func item(_ bytes: Span<UInt8>, from start: Int, before end: Int) -> Range<Int> {
        start..<(bytes.firstIndex(of: UInt8(ascii: "&"), in: start..<end) ?? end)
    }

    private static func decode(_ bytes: Span<UInt8>, _ item: Range<Int>) throws(Rejection) -> Element {
        let nameEnd = bytes.firstIndex(of: UInt8(ascii: "="), in: item) ?? item.upperBound
        let valueStart = Swift.min(nameEnd + 1, item.upperBound)
        return (
            name: try PercentEncoding.decode(bytes, item.lowerBound..<nameEnd),
            value: try PercentEncoding.decode(bytes, valueStart..<item.upperBound)
        )
    }
}
