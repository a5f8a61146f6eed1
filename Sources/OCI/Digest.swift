/// The address of some content: an algorithm and the hash of the bytes.
///
/// Every `Digest` is well formed, so no function that takes one checks it again. Digests sort as their
/// text does.
package struct Digest: Hashable, Sendable {
    /// Which hash function made the digest.
    package let algorithm: Algorithm

    /// The hash itself: exactly `algorithm.byteCount` bytes.
    package let hash: [UInt8]

    /// Wraps a hash that this process computed.
    ///
    /// - Precondition: `hash` has `algorithm.byteCount` bytes. Text and stored bytes come in through the
    ///   other initialisers, which refuse instead.
    package init(algorithm: Algorithm, hash: [UInt8]) {
        precondition(hash.count == algorithm.byteCount, "a \(algorithm) hash has \(algorithm.byteCount) bytes")
        self.algorithm = algorithm
        self.hash = hash
    }

    /// Reads `algorithm:hex`, and only in that one spelling: lower case, full length.
    package init(parsing text: some StringProtocol) throws(DigestError) {
        try self.init(parsing: String(text))
    }

    /// The same, compiled for the one type of text that nearly all callers have.
    package init(parsing text: String) throws(DigestError) {
        let utf8 = text.utf8
        guard let separator = utf8.firstIndex(of: UInt8(ascii: ":")) else { throw .missingSeparator(String(text)) }
        guard let algorithm = Algorithm(name: utf8[..<separator]) else {
            throw .unsupportedAlgorithm(String(text[..<separator]))
        }
        let start = utf8.index(after: separator)
        let hex = utf8.span.extracting(utf8.distance(from: utf8.startIndex, to: start)...)
        guard let hash = Self.bytes(ofHex: hex, count: algorithm.byteCount) else {
            throw .malformedHash(algorithm, String(text[start...]))
        }
        self.algorithm = algorithm
        self.hash = hash
    }

    /// The hash in lower-case hexadecimal, without the algorithm.
    package var hex: String { text(behind: "") }

    private func text(behind prefix: String) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(prefix.utf8.count + algorithm.hexLength)
        text.append(contentsOf: prefix.utf8)
        for byte in hash {
            text.append(Self.hexDigit(byte >> 4))
            text.append(Self.hexDigit(byte & 0xF))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
    }

    /// The tag under which clients without the referrers API keep the referrers of this digest
    /// (distribution specification, "Referrers Tag Schema").
    package var referrersTag: Tag {
        Tag(wellFormed: "\(algorithm.rawValue.prefix(32))-\(hex.prefix(64))")
    }

    private static func bytes(ofHex hex: Span<UInt8>, count: Int) -> [UInt8]? {
        guard hex.count == 2 * count else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for index in 0..<count {
            guard let high = hexValue(hex[2 * index]), let low = hexValue(hex[2 * index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// Lower case only: image specification, descriptor.md, "`[A-F]` MUST NOT be used here".
    private static func hexValue(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

extension Digest {
    /// The hash functions we can compute, and so the ones a client may use.
    package enum Algorithm: String, Sendable, CaseIterable {
        case sha256, sha512

        /// Compares bytes, because Swift compares hostile text in a time that an attacker may choose.
        fileprivate init?(name: some Sequence<UInt8>) {
            guard let algorithm = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name) }) else {
                return nil
            }
            self = algorithm
        }

        /// Length of a hash in bytes.
        package var byteCount: Int {
            switch self {
            case .sha256: 32
            case .sha512: 64
            }
        }

        /// Length of a hash in hexadecimal characters.
        package var hexLength: Int { byteCount * 2 }
    }
}

/// How a digest is stored in the database and in keys.
extension Digest {
    /// One byte for the algorithm (1 is sha256, 2 is sha512), then the hash. Sorts as the text does.
    package var encoded: [UInt8] { [algorithm.storageCode] + hash }

    /// Reads what `encoded` wrote; `nil` for anything else.
    package init?(encoded: [UInt8]) {
        guard let code = encoded.first,
            let algorithm = Algorithm.allCases.first(where: { $0.storageCode == code }),
            encoded.count == algorithm.byteCount + 1
        else { return nil }
        self.init(algorithm: algorithm, hash: Array(encoded.dropFirst()))
    }
}

extension Digest.Algorithm {
    fileprivate var storageCode: UInt8 {
        switch self {
        case .sha256: 1
        case .sha512: 2
        }
    }
}

extension Digest: Comparable {
    /// Orders by algorithm name, then by hash.
    package static func < (left: Digest, right: Digest) -> Bool {
        left.encoded.lexicographicallyPrecedes(right.encoded)
    }
}

extension Digest: CustomStringConvertible {
    /// The digest as it is written everywhere outside this process: `sha256:…`.
    package var description: String {
        switch algorithm {
        case .sha256: text(behind: "sha256:")
        case .sha512: text(behind: "sha512:")
        }
    }
}

/// Why some text is not a digest.
package enum DigestError: Error, Equatable {
    case missingSeparator(String)
    case unsupportedAlgorithm(String)
    case malformedHash(Digest.Algorithm, String)
}

extension DigestError: CustomStringConvertible {
    /// One sentence, safe to show and to log whatever the value was.
    package var description: String {
        switch self {
        case .missingSeparator(let text):
            "\(text.quoted()) is not a digest: it has no ':' between algorithm and hash"
        case .unsupportedAlgorithm(let name):
            "the digest algorithm \(name.quoted()) is not supported; use sha256 or sha512"
        case .malformedHash(let algorithm, let text):
            "\(text.quoted()) is not a \(algorithm) hash of \(algorithm.hexLength) lower-case hexadecimal characters"
        }
    }
}
