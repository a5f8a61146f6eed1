/// What a `Range` field asks for (RFC 9110 §14.2).
package enum RangeRequest: Sendable, Equatable {
    /// There is no range, or one that has to be ignored: malformed, of another unit, or too many at once.
    case whole
    /// At least one range, in the order asked for, each inside the content, none overlapping another.
    case ranges([ClosedRange<Int64>])
    /// The field is well formed, and nothing it asks for exists: `416`.
    case unsatisfiable

    /// Reads a field value against content of `size` bytes.
    ///
    /// A range that ends before it begins (`500-0`) counts as one that cannot be satisfied. RFC 9110 §14.1.1 calls
    /// it invalid, which would mean to ignore it, but the OCI conformance suite demands `416`. Of empty content no
    /// range can be satisfied, not even a suffix. More than `limit` ranges are an attack (RFC 9110 §17.15): `.whole`.
    /// Ranges that overlap become one, in the place of the first (RFC 9110 §15.3.7.2).
    package static func parse(_ field: String?, size: Int64, limit: Int = 16) -> RangeRequest {
        guard let field else { return .whole }
        let bytes = field.utf8.span
        guard let equals = bytes.firstIndex(of: UInt8(ascii: "="), in: bytes.whole),
            bytes.equals("bytes", ignoringCaseIn: 0..<equals)
        else { return .whole }
        var ranges: [ClosedRange<Int64>] = []
        var count = 0
        var offset = equals + 1
        while let element = bytes.listElement(from: &offset) {
            count += 1
            guard count <= limit, let spec = RangeSpec(bytes, element) else { return .whole }
            if let range = spec.range(in: size) { insert(range, into: &ranges) }
        }
        if count == 0 { return .whole }
        return ranges.isEmpty ? .unsatisfiable : .ranges(ranges)
    }

    /// Adds a range, together with those it overlaps, where the first of them was.
    private static func insert(_ range: ClosedRange<Int64>, into ranges: inout [ClosedRange<Int64>]) {
        var merged = range
        var place = ranges.count
        // Growing may make it overlap one that was passed already, so start again after each merge.
        while let index = ranges.firstIndex(where: { $0.overlaps(merged) }) {
            let other = ranges.remove(at: index)
            merged = min(merged.lowerBound, other.lowerBound)...max(merged.upperBound, other.upperBound)
            place = min(place, index)
        }
        ranges.insert(merged, at: min(place, ranges.count))
    }
}

/// One `range-spec` of the unit `bytes` (RFC 9110 §14.1.2). A number too large for us is merely large.
private enum RangeSpec {
    case from(Int64)
    case between(Int64, Int64)
    case suffix(Int64)

    init?(_ bytes: Span<UInt8>, _ element: Range<Int>) {
        guard let dash = bytes.firstIndex(of: UInt8(ascii: "-"), in: element) else { return nil }
        let first = element.lowerBound..<dash
        let last = (dash + 1)..<element.upperBound
        switch (first.isEmpty, last.isEmpty) {
        case (true, true):
            return nil
        case (true, false):
            guard let length = bytes.decimal(last) else { return nil }
            self = .suffix(length.value)
        case (false, true):
            guard let start = bytes.decimal(first) else { return nil }
            self = .from(start.value)
        case (false, false):
            guard let start = bytes.decimal(first), let end = bytes.decimal(last) else { return nil }
            self = .between(start.value, end.value)
        }
    }

    /// The bytes this means in content of `size` bytes; nil when there are none.
    func range(in size: Int64) -> ClosedRange<Int64>? {
        guard size > 0 else { return nil }
        switch self {
        case .from(let start): return start < size ? start...(size - 1) : nil
        case .between(let start, let end): return start < size && start <= end ? start...min(end, size - 1) : nil
        case .suffix(let length): return length > 0 ? max(0, size - length)...(size - 1) : nil
        }
    }
}
