/// Takes lines off the front of some bytes.
struct LineReader {
    /// What has not been read.
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// The next line without its newline; `nil`, and nothing taken, when no newline follows.
    mutating func next() -> ArraySlice<UInt8>? {
        guard let end = rest.firstIndex(of: .newline) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return rest[..<end]
    }
}

extension UInt8 {
    /// U+000A, which ends every line of every format here.
    static let newline = UInt8(ascii: "\n")
}

extension Sequence<UInt8> {
    /// Whether this may stand in one line of a signed note: no control characters (c2sp.org/signed-note, "Format").
    ///
    /// Says nothing of UTF-8.
    var isFreeOfControls: Bool { allSatisfy { $0 >= 0x20 } }
}

extension Collection<UInt8> {
    /// What follows `prefix`; `nil` when these bytes do not begin with it.
    func after(_ prefix: String) -> SubSequence? {
        starts(with: prefix.utf8) ? dropFirst(prefix.utf8.count) : nil
    }
}

extension String {
    /// The text in these bytes; `nil` when they are not UTF-8.
    init?(utf8 bytes: some Sequence<UInt8>) {
        self.init(validating: bytes, as: UTF8.self)
    }

    /// Whether both are the same bytes. Swift calls "é" and "e\u{301}" equal, and two logs must not be.
    func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
