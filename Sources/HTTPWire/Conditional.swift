/// An entity tag (RFC 9110 §8.8.3).
package struct EntityTag: Sendable, Hashable {
    /// Without the quotes.
    package let opaque: String
    package let isWeak: Bool

    package init(_ opaque: String, isWeak: Bool = false) {
        self.opaque = opaque
        self.isWeak = isWeak
    }

    /// As it stands in an `ETag` field. A tag cannot contain a quote, a space or a control character: they are left out.
    package var text: String {
        // Nearly all tags are digests, and this is part of every answer that has one.
        let bytes = opaque.utf8.span
        if bytes.allSatisfy(in: bytes.whole, { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }) {
            return isWeak ? "W/\"\(opaque)\"" : "\"\(opaque)\""
        }
        let safe = opaque.unicodeScalars.filter { $0.value > 0x20 && $0 != "\"" && $0 != "\u{7F}" }
        return (isWeak ? "W/\"" : "\"") + String(String.UnicodeScalarView(safe)) + "\""
    }

    /// One element of a list of tags; nil when it is not one.
    ///
    /// A tag without quotes is let in, as the reference registry does: people paste digests.
    fileprivate init?(_ bytes: Span<UInt8>, _ element: Range<Int>) {
        let isWeak = element.count > 2 && bytes.text(element.lowerBound..<(element.lowerBound + 2)) == "W/"
        var tag = isWeak ? (element.lowerBound + 2)..<element.upperBound : element
        let quote = UInt8(ascii: "\"")
        if tag.count >= 2, bytes[tag.lowerBound] == quote, bytes[tag.upperBound - 1] == quote {
            tag = (tag.lowerBound + 1)..<(tag.upperBound - 1)
        }
        guard bytes.firstIndex(of: quote, in: tag) == nil, let opaque = bytes.text(tag) else { return nil }
        self.init(opaque, isWeak: isWeak)
    }

    /// RFC 9110 §8.8.3.2: equal whether or not either is weak.
    package func weaklyEquals(_ other: EntityTag) -> Bool { opaque.utf8.elementsEqual(other.opaque.utf8) }

    /// RFC 9110 §8.8.3.2: equal and neither is weak.
    package func stronglyEquals(_ other: EntityTag) -> Bool { weaklyEquals(other) && !isWeak && !other.isWeak }
}

/// The condition "only if I do not have it already" (RFC 9110 §13.1.2).
package struct IfNoneMatch: Sendable {
    private let list: String

    /// nil without a field. Several field lines come joined by commas, as `HTTPFields` gives them.
    package init?(_ field: String?) {
        guard let field else { return nil }
        self.list = field
    }

    /// Whether the client has what `tag` names, so that GET and HEAD answer `304`. `*` matches everything.
    package func matches(_ tag: EntityTag) -> Bool {
        let bytes = list.utf8.span
        var offset = 0
        while let element = bytes.listElement(from: &offset) {
            if element.count == 1, bytes[element.lowerBound] == UInt8(ascii: "*") { return true }
            if EntityTag(bytes, element)?.weaklyEquals(tag) == true { return true }
        }
        return false
    }
}

/// The condition "a range only if it is still the same" (RFC 9110 §13.1.5).
package enum IfRange {
    /// Whether the `Range` field counts. If not, the answer is the whole content.
    ///
    /// A date never matches: our content is identified by its digest, not by its age.
    package static func allowsRange(_ field: String?, of tag: EntityTag) -> Bool {
        guard let field else { return true }
        let bytes = field.utf8.span
        return EntityTag(bytes, bytes.trimmed(bytes.whole))?.stronglyEquals(tag) == true
    }
}
