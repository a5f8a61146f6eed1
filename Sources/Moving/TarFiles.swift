import Glibc
import LinuxIO
import OCI

/// The plain files in a tar archive, found once and read where they are: POSIX.1-1988 ("ustar"), the long names and large
/// sizes of GNU, and those of POSIX.1-2001 ("pax").
///
/// A name that stands there twice means the later file, as for every reader of tar. Links, sparse files and what else is not
/// plain is not there. Names are compared and never used as paths.
struct TarFiles: LayoutFiles {
    private struct Place {
        let start: Int64
        let size: Int64
    }

    private static let block = Int64(TarHeader.blockSize)
    /// Bytes of a name, or of what a pax header says.
    private static let mostHeaderBytes: Int64 = 64 * 1024
    /// Files of an archive.
    private static let mostFiles = 1_000_000

    private let file: SharedDescriptor
    private let path: String
    private var places: [String: Place] = [:]

    /// Reads the headers of the archive at `path`. Blocks.
    init(_ path: String) throws(SourceError) {
        self.path = path
        let size: Int64
        do throws(SystemError) {
            // A pipe without a writer would keep us waiting.
            let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK
            file = SharedDescriptor(FileDescriptor(owning: try systemCall("open") { Glibc.open(path, flags) }))
            var status = stat()
            let number = file.number
            _ = try systemCall("fstat") { fstat(number, &status) }
            size = status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : -1
        } catch { throw .failed(path, error) }
        guard size >= 0 else { throw .notAFile(path) }
        try readHeaders(SourceFile(file, path: path, size: size))
    }

    func open(_ path: String) throws(SourceError) -> SourceFile {
        guard let place = places[path] else { throw .absent(path) }
        return SourceFile(file, path: path, start: place.start, size: place.size)
    }

    private mutating func readHeaders(_ archive: SourceFile) throws(SourceError) {
        var (offset, next) = (Int64(0), TarMember())
        while offset < archive.size {
            let bytes = try Self.bytes(of: archive, from: offset, count: Self.block)
            // Two empty blocks are the end, and nobody minds the second.
            if bytes.allSatisfy({ $0 == 0 }) { return }
            guard let header = TarMember.Header(bytes) else {
                throw .malformed(path, reason: "at byte \(offset) there is no header of a tar archive")
            }
            offset += Self.block
            let size = header.kind == .file ? next.size ?? header.size : header.size
            switch header.kind {
            case .longName, .extended:
                guard size <= Self.mostHeaderBytes else {
                    throw .malformed(path, reason: "a header has more than \(Self.mostHeaderBytes) bytes")
                }
                let content = try Self.bytes(of: archive, from: offset, count: size)
                if header.kind == .longName { next.add(longName: content) } else { next.add(extended: content) }
            case .file:
                guard places.count < Self.mostFiles else {
                    throw .malformed(path, reason: "it has more than \(Self.mostFiles) files")
                }
                // One that the end of the archive cuts off is found out when it is hashed.
                places[Self.plain(next.name ?? header.name)] = Place(
                    start: offset, size: min(size, max(0, archive.size - offset)))
                next = TarMember()
            case .other:
                places[Self.plain(next.name ?? header.name)] = nil
                next = TarMember()
            }
            let (end, isTooLarge) = offset.addingReportingOverflow(size)
            guard !isTooLarge, end < .max - Self.block else { throw .malformed(path, reason: "a size is too large") }
            offset = (end + Self.block - 1) / Self.block * Self.block
        }
    }

    private static func bytes(of archive: SourceFile, from offset: Int64, count: Int64) throws(SourceError) -> [UInt8] {
        var failure: SourceError?
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
            do throws(SourceError) {
                filled = try archive.fill(UnsafeMutableRawBufferPointer(buffer), from: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Some tools write `./` in front.
    private static func plain(_ name: String) -> String {
        var name = name[...]
        while name.hasPrefix("./") { name = name.dropFirst(2) }
        return String(name)
    }
}

/// What headers of its own say of the member that follows them.
private struct TarMember {
    var name: String?
    var size: Int64?

    mutating func add(longName bytes: [UInt8]) {
        name = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Records of the form `<length> <key>=<value>\n`; what follows one that is not is passed over.
    mutating func add(extended bytes: [UInt8]) {
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
            case "path": name = value
            case "size": size = Int64(value).flatMap { $0 < 0 ? nil : $0 }
            default: continue
            }
        }
    }

    /// One block in front of a member.
    struct Header {
        enum Kind {
            case file, longName, extended, other
        }

        let kind: Kind
        let name: String
        let size: Int64

        /// Reads a block; nil when its checksum or its size is none.
        init?(_ bytes: [UInt8]) {
            guard bytes.count == TarHeader.blockSize, let size = Self.number(bytes[124..<136]), size >= 0 else {
                return nil
            }
            let sum = bytes.enumerated().reduce(Int64(0)) { sum, byte in
                // The checksum counts as spaces in its own place.
                sum + Int64((148..<156).contains(byte.offset) ? 0x20 : byte.element)
            }
            guard Self.number(bytes[148..<156]) == sum else { return nil }
            // Links, devices, folders and pipes have no content, whatever they say.
            let hasContent = !(UInt8(ascii: "1")...UInt8(ascii: "6")).contains(bytes[156])
            self.size = hasContent ? size : 0
            let name = Self.text(bytes[0..<100])
            // GNU writes other things where POSIX has the first part of a name.
            let isPOSIX = bytes[257..<263].elementsEqual(Array("ustar\0".utf8))
            let prefix = isPOSIX ? Self.text(bytes[345..<500]) : ""
            self.name = prefix.isEmpty ? name : "\(prefix)/\(name)"
            kind =
                switch bytes[156] {
                case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .file
                case UInt8(ascii: "L"): .longName
                case UInt8(ascii: "x"): .extended
                default: .other
                }
        }

        private static func text(_ bytes: ArraySlice<UInt8>) -> String {
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }

        /// Octal digits with spaces or zeros around them, or GNU's form: the first bit set, then big-endian.
        private static func number(_ bytes: ArraySlice<UInt8>) -> Int64? {
            if let first = bytes.first, first & 0x80 != 0 {
                guard first == 0x80 else { return nil }
                var number: Int64 = 0
                for byte in bytes.dropFirst() {
                    guard number <= Int64.max >> 8 else { return nil }
                    number = number << 8 | Int64(byte)
                }
                return number
            }
            let digits = bytes.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
            return digits.isEmpty ? 0 : Int64(String(decoding: digits, as: UTF8.self), radix: 8)
        }
    }
}
