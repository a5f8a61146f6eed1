/// A JSON document, or a part of one.
///
/// What the reader accepts and what the writers produce is the same set of values; in particular every number
/// is finite and every object has distinct keys. `==` is Swift's: strings that are canonically equivalent
/// in Unicode are equal, and the order of an object's members counts. Compare `canonical()` where bytes matter.
package enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Reads one strict RFC 8259 document that fills `bytes`.
    ///
    /// Refuses what two readers might understand differently: duplicate keys (also when they differ only in
    /// escapes or in Unicode normalisation), invalid UTF-8, lone surrogates, a byte order mark, numbers no
    /// double can hold; and what costs too much: nesting, values and combining marks without end.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        var reader = JSONReader(bytes, limits: limits)
        self = try reader.document()
    }

    /// A number without fraction.
    package static func integer(_ value: Int64) -> JSONValue { .number(JSONNumber(value)) }
}

extension JSONValue {
    /// The text, when this is a string.
    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The number, when this is one written as an integer that fits.
    package var int64: Int64? {
        if case .number(let number) = self { number.int64 } else { nil }
    }

    /// The elements, when this is an array.
    package var array: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The members, when this is an object.
    package var object: JSONObject? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The value of that member, when this is an object and has it.
    package subscript(key: String) -> JSONValue? { object?[key] }
}

/// Answers are written as literals; members keep the order in which they are written. There is no literal for
/// `.null`, because `nil` already means that there is no value.
extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    /// `true` or `false`.
    package init(booleanLiteral value: Bool) { self = .bool(value) }

    /// An integer.
    package init(integerLiteral value: Int64) { self = .integer(value) }

    /// A string.
    package init(stringLiteral value: String) { self = .string(value) }

    /// An array.
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// An object. Of members with the same key the last wins.
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}
