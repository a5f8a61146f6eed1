/// Why bytes are no tar archive.
package enum TarReadError: Error, Equatable {
    /// There should be a header at this byte.
    case noHeader(offset: Int64)
    /// A name, or what a pax header says, has more bytes than any should.
    case headerTooLong(limit: Int64)
    /// The sizes add up to more than 2^63-1 bytes.
    case tooLarge
}

extension TarReadError: CustomStringConvertible {
    /// One sentence, safe to show whatever the bytes are.
    package var description: String {
        switch self {
        case .noHeader(let offset): "at byte \(offset) there is no header of a tar archive"
        case .headerTooLong(let limit): "a header has more than \(limit) bytes"
        case .tooLarge: "a size is too large"
        }
    }
}

/// Finds what is in a tar archive: POSIX.1-1988 ("ustar"), the long names and large sizes of GNU, and those of
/// POSIX.1-2001 ("pax").
///
/// It reads nothing itself. Whoever has the archive gives it the bytes that it wants, until it wants none or the archive ends.
package struct TarReader: Sendable {
    /// Something in the archive.
    package struct Member: Equatable, Sendable {
        /// What a member is.
        package enum Kind: Equatable, Sendable {
            /// A plain file: its content is what stands there.
            case plain
            /// What it says stands for it, which may be any text.
            case symbolicLink(String)
            /// A hard link, a folder, a device, a pipe, or a file in a form that nobody needs here.
            case other
        }

        /// The path as it stands there, which may be any text.
        package let name: String
        /// What it is.
        package let kind: Kind
        /// Where its content begins.
        package let start: Int64
        /// Bytes of content that it should have; the archive may end before.
        package let size: Int64
    }

    private enum State {
        case header, longName, longLink, extended, ended
    }

    private static let block = Int64(TarHeader.blockSize)
    private static let mostHeaderBytes: Int64 = 64 * 1024

    private var state = State.header
    private var offset: Int64 = 0
    private var count = block
    // What headers of their own have said of the member that comes next.
    private var nextName: String?
    private var nextLink: String?
    private var nextSize: Int64?

    /// At the beginning of an archive.
    package init() {}

    /// Which bytes it wants; nil when the archive has come to its end.
    package var wanted: (offset: Int64, count: Int)? {
        if case .ended = state { nil } else { (offset, Int(count)) }
    }

    /// Takes the bytes that it wanted, or fewer where the archive ends; gives what it has found there.
    package mutating func receive(_ bytes: [UInt8]) throws(TarReadError) -> Member? {
        switch state {
        case .ended: return nil
        case .header: return try receive(header: bytes)
        case .longName: nextName = TarBlock.text(bytes[...])
        case .longLink: nextLink = TarBlock.text(bytes[...])
        case .extended: add(extended: bytes)
        }
        state = .header
        try advance(by: count)
        count = Self.block
        return nil
    }

    private mutating func receive(header bytes: [UInt8]) throws(TarReadError) -> Member? {
        // Two empty blocks are the end, and nobody minds the second.
        if bytes.allSatisfy({ $0 == 0 }) {
            state = .ended
            return nil
        }
        guard let header = TarBlock(bytes) else { throw .noHeader(offset: offset) }
        offset += Self.block
        switch header.kind {
        case .longName, .longLink, .extended:
            guard header.size <= Self.mostHeaderBytes else { throw .headerTooLong(limit: Self.mostHeaderBytes) }
            state = header.kind == .longName ? .longName : header.kind == .longLink ? .longLink : .extended
            count = header.size
            return nil
        case .plain, .symbolicLink, .other:
            let size = header.kind == .plain ? nextSize ?? header.size : header.size
            let kind: Member.Kind =
                switch header.kind {
                case .plain: .plain
                case .symbolicLink: .symbolicLink(nextLink ?? header.link)
                default: .other
                }
            let member = Member(name: nextName ?? header.name, kind: kind, start: offset, size: size)
            (nextName, nextLink, nextSize) = (nil, nil, nil)
            try advance(by: size)
            return member
        case .passedOver:
            try advance(by: header.size)
            return nil
        }
    }

    /// Goes to the block behind so many bytes.
    private mutating func advance(by size: Int64) throws(TarReadError) {
        let (end, isTooLarge) = offset.addingReportingOverflow(size)
        // Room for what fills up a block, and for one more.
        guard !isTooLarge, end < .max - 2 * Self.block else { throw .tooLarge }
        offset = (end + Self.block - 1) / Self.block * Self.block
    }

    /// Records of the form `<length> <key>=<value>\n`; from one that is not, nothing more is read.
    private mutating func add(extended bytes: [UInt8]) {
        var rest = bytes[...]
        while let space = rest.firstIndex(of: UInt8(ascii: " ")),
            let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length > 0, length <= rest.count,
            rest.startIndex + length > space + 1
        {
            let record = rest[(space + 1)..<(rest.startIndex + length - 1)]
            rest = rest.dropFirst(length)
            guard let sign = record.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let value = String(decoding: record[(sign + 1)...], as: UTF8.self)
            switch String(decoding: record[..<sign], as: UTF8.self) {
            case "path": nextName = value
            case "linkpath": nextLink = value
            case "size": nextSize = Int64(value).flatMap { $0 < 0 ? nil : $0 }
            default: continue
            }
        }
    }
}

/// The block in front of something in an archive.
private struct TarBlock {
    enum Kind {
        /// A file whose content is what stands there.
        case plain
        case symbolicLink
        /// A hard link, a folder, a device, or a file in a form that nobody needs here.
        case other
        /// The name of what comes next, what it links to, or more about it.
        case longName, longLink, extended
        /// Something about the whole archive.
        case passedOver
    }

    let kind: Kind
    let name: String
    /// Where a link leads.
    let link: String
    /// Bytes that stand behind the block.
    let size: Int64

    /// Reads a block; nil when it is none: its checksum is wrong, or its size is no number.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == TarHeader.blockSize, let size = Self.number(bytes[124..<136]), size >= 0 else {
            return nil
        }
        let sum = bytes.enumerated().reduce(Int64(0)) { sum, byte in
            // The checksum counts as spaces in its own place.
            sum + Int64((148..<156).contains(byte.offset) ? 0x20 : byte.element)
        }
        guard Self.number(bytes[148..<156]) == sum else { return nil }
        let name = Self.text(bytes[0..<100])
        // GNU writes other things where POSIX has the first part of a name.
        let isPOSIX = bytes[257..<263].elementsEqual(Array("ustar\0".utf8))
        let prefix = isPOSIX ? Self.text(bytes[345..<500]) : ""
        self.name = prefix.isEmpty ? name : "\(prefix)/\(name)"
        link = Self.text(bytes[157..<257])
        // Links, devices, folders and pipes have no content, whatever they say.
        let hasContent = !(UInt8(ascii: "1")...UInt8(ascii: "6")).contains(bytes[156])
        self.size = hasContent ? size : 0
        kind = Self.kind(of: bytes[156])
    }

    private static func kind(of type: UInt8) -> Kind {
        switch type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .plain
        case UInt8(ascii: "2"): .symbolicLink
        case UInt8(ascii: "L"): .longName
        case UInt8(ascii: "K"): .longLink
        case UInt8(ascii: "x"): .extended
        case UInt8(ascii: "g"): .passedOver
        default: .other
        }
    }

    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Octal digits with spaces or zeros around them, or GNU's form: the first bit set, then big-endian.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard let first = bytes.first, first & 0x80 != 0 else {
            let digits = bytes.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
            return digits.isEmpty ? 0 : Int64(String(decoding: digits, as: UTF8.self), radix: 8)
        }
        guard first == 0x80 else { return nil }
        var number: Int64 = 0
        for byte in bytes.dropFirst() {
            guard number <= Int64.max >> 8 else { return nil }
            number = number << 8 | Int64(byte)
        }
        return number
    }
}
