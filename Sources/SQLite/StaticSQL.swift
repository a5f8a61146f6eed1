/// One SQL statement, written in the program as a literal.
///
/// There is no way to make one from a `String`, so an interpolated query does not compile and
/// nothing that a client sends can become SQL. Values travel as parameters: `?1`, `?2`, …
package struct StaticSQL: ExpressibleByStringLiteral, Sendable, CustomStringConvertible {
    private let literal: StaticString

    package init(stringLiteral literal: StaticString) {
        self.literal = literal
    }

    package var description: String { literal.description }

    /// Where the text stands for as long as the process lives. A connection finds its statement by it.
    var address: UnsafePointer<UInt8> { literal.utf8Start }

    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: address, count: literal.utf8CodeUnitCount) }
}
