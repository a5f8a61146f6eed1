package import HTTPTypes

/// The media types a client takes (RFC 9110 §12.5.1).
///
/// Which type it likes best is ignored: manifests are never converted. Only `q=0`, "not this one", counts.
package struct Accept: Sendable {
    /// One for each field line: Go clients send a line for each type.
    private let lines: [String]

    package init(_ fields: HTTPFields) {
        self.lines = fields[values: .accept]
    }

    /// Whether the client said nothing, which means that it takes everything.
    package var isAbsent: Bool { lines.isEmpty }

    /// Whether the client takes `mediaType`: the most specific range that covers it decides.
    ///
    /// Parameters other than `q` are ignored, on both sides.
    package func matches(_ mediaType: String) -> Bool {
        if isAbsent { return true }
        let wanted = Array(mediaType.utf8.prefix { $0 != UInt8(ascii: ";") }.map(\.lowercased))
        let type = wanted.span.trimmed(0..<wanted.count)
        var best: (specificity: Specificity, isAccepted: Bool) = (.none, false)
        for line in lines {
            let bytes = line.utf8.span
            var offset = 0
            while let element = bytes.listElement(from: &offset) {
                let specificity = Specificity(of: bytes, element, for: wanted.span, type)
                guard specificity > .none, specificity >= best.specificity else { continue }
                let isSameRank = specificity == best.specificity
                let isAccepted = !Weight.isZero(bytes, element)
                best = (specificity, isAccepted || isSameRank && best.isAccepted)
            }
        }
        return best.isAccepted
    }
}

/// How closely a media range fits a type.
private enum Specificity: Comparable {
    case none
    case anything
    case anySubtype
    case exactly

    init(of bytes: Span<UInt8>, _ element: Range<Int>, for wanted: Span<UInt8>, _ type: Range<Int>) {
        let end = bytes.firstIndex(of: UInt8(ascii: ";"), in: element) ?? element.upperBound
        let range = bytes.trimmed(element.lowerBound..<end)
        if range.count == 3, bytes.text(range) == "*/*" {
            self = .anything
            return
        }
        let isAnySubtype = range.count > 2 && bytes.text((range.upperBound - 2)..<range.upperBound) == "/*"
        let compared = isAnySubtype ? range.count - 1 : range.count
        guard isAnySubtype ? type.count > compared : type.count == compared else {
            self = .none
            return
        }
        for index in 0..<compared where bytes[range.lowerBound + index].lowercased != wanted[type.lowerBound + index] {
            self = .none
            return
        }
        self = isAnySubtype ? .anySubtype : .exactly
    }
}

/// The `q` of a media range (RFC 9110 §12.4.2).
private enum Weight {
    static func isZero(_ bytes: Span<UInt8>, _ element: Range<Int>) -> Bool {
        var start = bytes.firstIndex(of: UInt8(ascii: ";"), in: element)
        while let semicolon = start {
            start = bytes.firstIndex(of: UInt8(ascii: ";"), in: (semicolon + 1)..<element.upperBound)
            let parameter = bytes.trimmed((semicolon + 1)..<(start ?? element.upperBound))
            if parameter.count > 2, bytes.equals("q=", ignoringCaseIn: parameter.prefix(2)) {
                return isZero(bytes, value: parameter.dropFirst(2))
            }
        }
        return false
    }

    /// `0`, `0.`, `0.0`, `0.00`, `0.000`
    private static func isZero(_ bytes: Span<UInt8>, value: Range<Int>) -> Bool {
        guard bytes[value.lowerBound] == UInt8(ascii: "0") else { return false }
        for index in value where bytes[index] != UInt8(ascii: "0") && bytes[index] != UInt8(ascii: ".") {
            return false
        }
        return true
    }
}
