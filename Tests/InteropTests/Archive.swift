/// Files in the formats that container clients read, written by the test itself.
enum Archive {
    /// A POSIX.1-1988 tar file ("ustar") of small files.
    static func tar(_ files: [(name: String, content: [UInt8])]) -> [UInt8] {
        var archive: [UInt8] = []
        for file in files {
            archive += header(file.name, size: file.content.count) + file.content
            archive += [UInt8](repeating: 0, count: (512 - file.content.count % 512) % 512)
        }
        return archive + [UInt8](repeating: 0, count: 1024)
    }

    /// A gzip file (RFC 1952) of blocks that are stored as they are: nothing here depends on a compressor's version.
    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var file: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
        var rest = bytes[...]
        repeat {
            let block = rest.prefix(0xffff)
            rest = rest.dropFirst(block.count)
            let count = UInt16(block.count)
            file.append(rest.isEmpty ? 1 : 0)
            file += littleEndian(count) + littleEndian(~count) + block
        } while !rest.isEmpty
        return file + littleEndian(checksum(bytes)) + littleEndian(UInt32(truncatingIfNeeded: bytes.count))
    }

    private static func header(_ name: String, size: Int) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<(offset + text.utf8.count), with: text.utf8)
        }
        put(name, at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(size), at: 124)
        put(octal(0), at: 136)
        put("        0", at: 148)  // the checksum counts as spaces; a plain file
        put("ustar", at: 257)
        put("00", at: 263)
        put(String(octal(header.reduce(0) { $0 + Int($1) }).suffix(6)) + "\0", at: 148)
        return header
    }

    private static func octal(_ number: Int) -> String {
        let digits = String(number, radix: 8)
        return String(repeating: "0", count: 11 - digits.count) + digits
    }

    private static func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    /// CRC-32 as gzip wants it.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in
                value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1
            }
        }
    }
}
