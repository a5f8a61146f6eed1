/// The name of a key in a signed note, such as `registry.example.com` (c2sp.org/signed-note, "Format").
///
/// Not empty, without Unicode spaces, plus signs and control characters. Names are the same when their bytes are.
package struct KeyName: Sendable {
    /// The name as it is written.
    package let rawValue: String

    /// Checks that the text may be the name of a key.
    package init(parsing text: some StringProtocol) throws(KeyError) {
        guard let name = KeyName(bytes: text.utf8) else { throw .malformedName }
        self = name
    }

    init?(bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty, let text = String(utf8: bytes), text.unicodeScalars.allSatisfy(\.isAllowedInKeyName)
        else { return nil }
        rawValue = text
    }
}

extension Unicode.Scalar {
    fileprivate var isAllowedInKeyName: Bool { value >= 0x20 && self != "+" && !properties.isWhitespace }
}

extension KeyName: Hashable, CustomStringConvertible {
    /// Compares bytes.
    package static func == (left: KeyName, right: KeyName) -> Bool { left.rawValue.isExactly(right.rawValue) }

    /// Hashes bytes.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(Array(rawValue.utf8))
    }

    /// The name itself.
    package var description: String { rawValue }
}

/// A short identifier of a key (c2sp.org/signed-note, "Signatures"). Not a secure hash: whoever trusts a key knows all
/// of it.
package struct KeyID: Hashable, Sendable {
    /// The first four bytes of a hash, the first the most significant.
    package let rawValue: UInt32

    /// An identifier from somewhere else.
    package init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The identifier of a key: SHA-256(name ‖ 0x0A ‖ type ‖ public key), the first four bytes of it.
    init(name: KeyName, type: SignatureType, publicKey: [UInt8]) {
        self.init(UInt32(bigEndianBytes: Self.hash(name: name, type: type, publicKey: publicKey).prefix(4)))
    }

    /// The hash of which an identifier is the beginning.
    static func hash(name: KeyName, type: SignatureType, publicKey: [UInt8]) -> [UInt8] {
        (Array(name.rawValue.utf8) + [.newline, type.rawValue] + publicKey).sha256
    }

    /// The four bytes.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(rawValue)
        return bytes
    }
}

extension KeyID: CustomStringConvertible {
    /// Eight lower-case hexadecimal digits, as in a verifier key.
    package var description: String { bytes.hex }
}

/// The signature algorithms we make and check (c2sp.org/signed-note, "Signature types").
package enum SignatureType: UInt8, Sendable {
    /// Ed25519 over the text of the note: how a log signs.
    case ed25519 = 0x01
    /// Ed25519 over a time and the text of a checkpoint: how a witness signs (c2sp.org/tlog-cosignature).
    case cosignature = 0x04
}

/// Why something is not a key, or not a name for one.
package enum KeyError: Error, Equatable {
    case malformedName
    case malformedKeyID
    case malformedKey
    case unsupportedType(UInt8)
    case wrongKeyID(expected: KeyID, found: KeyID)
    case wrongKeyLength(Int)
    case signingFailed
}

extension KeyError: CustomStringConvertible {
    /// One sentence, safe to show whatever the text was.
    package var description: String {
        switch self {
        case .malformedName: "the name of a key is not empty and has no spaces, plus signs or control characters"
        case .malformedKeyID: "a key ID is eight lower-case hexadecimal digits between two plus signs"
        case .malformedKey: "the key after the second plus sign is not Base64 of a type and a public key"
        case .unsupportedType(let type):
            "keys of type \(type) are not supported; use 1 (Ed25519) for a log and 4 (Ed25519 cosignature) for a witness"
        case .wrongKeyID(let expected, let found): "the ID of this key is \(expected), not \(found)"
        case .wrongKeyLength(let length): "an Ed25519 key has 32 bytes, not \(length)"
        case .signingFailed: "the key could not sign"
        }
    }
}
