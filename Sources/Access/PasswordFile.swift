/// Names with the bcrypt hashes of their passwords: an htpasswd file as `htpasswd -B` writes it.
package struct PasswordFile: Sendable, Equatable {
    /// Bytes of the largest file that is read.
    package static let largest = 16 * 1024 * 1024
    /// The cheapest hashes that are taken: less is guessed too fast. 5 is what `htpasswd -B` makes.
    static let costs = 4...17

    private let hashes: [String: BcryptHash]

    /// How many names there are.
    package var count: Int { hashes.count }
    /// The highest cost of any hash; nil when there is none.
    var highestCost: Int? { hashes.values.map(\.cost).max() }

    /// What is wrong in a file: every line of it that is.
    package struct Errors: Error, Equatable {
        /// Line numbers, from 1, with what is wrong there.
        package let lines: [(line: Int, sentence: String)]

        package static func == (left: Errors, right: Errors) -> Bool {
            left.lines.elementsEqual(right.lines) { $0 == $1 }
        }
    }

    /// Reads the file. Empty lines, and those that begin with `#`, say nothing.
    ///
    /// A hash that is not bcrypt is refused: MD5, SHA-1 and crypt are guessed at billions a second.
    package init(parsing bytes: [UInt8]) throws(Errors) {
        var hashes: [String: BcryptHash] = [:]
        var problems: [(Int, String)] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard let first = line.first, first != UInt8(ascii: "#") else { continue }
            do throws(LineError) {
                let (name, hash) = try Self.entry(line)
                guard hashes.updateValue(hash, forKey: name) == nil else { throw .nameTwice }
            } catch {
                problems.append((index + 1, error.rawValue))
            }
        }
        guard problems.isEmpty else { throw Errors(lines: problems) }
        self.hashes = hashes
    }

    /// The hash of the password of `name`, in just this spelling: Unicode has several for one text, and records have one.
    func hash(of name: String) -> BcryptHash? {
        guard let index = hashes.index(forKey: name), hashes[index].key.utf8.elementsEqual(name.utf8) else {
            return nil
        }
        return hashes[index].value
    }

    private enum LineError: String, Error {
        case noColon = "a line is <name>:<hash>"
        case badName = "a name is 1 to 255 characters without a colon and control characters"
        case notBcrypt =
            "the hash is not bcrypt, which is the only one that is taken: make it with `waybill hash-password`"
        case badCost = "the cost of a bcrypt hash is 4 to 17 here"
        case nameTwice = "the name stands on an earlier line already"
    }

    private static func entry(_ line: ArraySlice<UInt8>) throws(LineError) -> (String, BcryptHash) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .noColon }
        guard let name = UserName(line[..<colon]) else { throw .badName }
        guard let hash = BcryptHash(Array(line[(colon + 1)...])) else { throw .notBcrypt }
        guard costs.contains(hash.cost) else { throw .badCost }
        return (name.text, hash)
    }
}

extension PasswordFile.Errors: CustomStringConvertible {
    /// One sentence for each line.
    package var description: String {
        lines.map { "line \($0.line): \($0.sentence)" }.joined(separator: "; ")
    }
}

/// A name with which somebody may log in.
struct UserName {
    let text: String

    /// nil unless the bytes are 1 to 255 of UTF-8 without control characters and colons.
    init?(_ bytes: some Collection<UInt8>) {
        guard (1...255).contains(bytes.count), let text = String(validating: bytes, as: UTF8.self),
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && $0 != ":" })
        else { return nil }
        self.text = text
    }
}

/// The hash of a password as bcrypt writes it: `$2y$<cost>$<22 characters of salt><31 of hash>`.
struct BcryptHash: Sendable, Equatable {
    let text: String
    /// The logarithm of the work.
    let cost: Int

    /// nil for anything else.
    init?(_ bytes: [UInt8]) {
        let prefixes = ["$2a$", "$2b$", "$2y$"].map { Array($0.utf8) }
        guard bytes.count == 60, prefixes.contains(where: { bytes.starts(with: $0) }), bytes[6] == UInt8(ascii: "$"),
            bytes[4...5].allSatisfy({ (0x30...0x39).contains($0) }),
            bytes[7...].allSatisfy(\.isBcryptCharacter)
        else { return nil }
        text = String(decoding: bytes, as: UTF8.self)
        cost = Int(bytes[4] - 0x30) * 10 + Int(bytes[5] - 0x30)
    }
}

extension UInt8 {
    fileprivate var isBcryptCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
