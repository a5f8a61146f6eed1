package import OCI

/// The digests of one artifact, by the name of their algorithm (in-toto, digest_set.md).
///
/// Of algorithms that we know, every value is well formed. Others are kept as they were written.
package struct DigestSet: Hashable, Sendable {
    /// What is written for each algorithm; never empty when read from a document.
    package let values: [String: String]

    /// The set that names one digest of ours.
    package init(_ digest: Digest) {
        values = [digest.algorithm.rawValue: digest.hex]
    }

    /// Reads a set that must be there and in which everything must be in order.
    init(_ fields: Fields, _ key: String) throws(AttestationError) {
        let digests = try fields.requiredFields(key)
        guard !digests.object.members.isEmpty else { throw .missing(path: fields.path(to: key)) }
        var values: [String: String] = [:]
        for member in digests.object.members {
            guard let value = member.value.string, Self.isWellFormed(value, of: member.key) else {
                throw digests.invalid(member.key.quoted(limit: 24), "is not a digest of that algorithm")
            }
            values[member.key] = value
        }
        self.values = values
    }

    /// Reads what is in order of a set and leaves out the rest; `nil` when nothing remains.
    init?(lenient json: JSONValue?) {
        var values: [String: String] = [:]
        for member in json?.object?.members ?? [] {
            if let value = member.value.string, Self.isWellFormed(value, of: member.key) { values[member.key] = value }
        }
        guard !values.isEmpty else { return nil }
        self.values = values
    }

    /// Values of algorithms that we do not know may be any text, but not megabytes.
    private static let longestValue = 512

    private static func isWellFormed(_ value: String, of algorithm: String) -> Bool {
        let length = value.utf8.count
        switch algorithm {
        case "sha256": return length == 64 && value.isLowercaseHex
        case "sha512": return length == 128 && value.isLowercaseHex
        case "sha1": return length == 40 && value.isLowercaseHex
        case "gitCommit", "gitTree", "gitBlob", "gitTag": return value.isGitHash
        default: return length > 0 && length <= longestValue
        }
    }
}

extension DigestSet {
    /// The digests that a registry can look up; sha256 before sha512.
    package var digests: [Digest] {
        Digest.Algorithm.allCases.compactMap { algorithm in
            values[algorithm.rawValue].flatMap { try? Digest(parsing: "\(algorithm.rawValue):\($0)") }
        }
    }

    /// Whether the artifact has that digest. Digests of other algorithms neither help nor hinder.
    package func contains(_ digest: Digest) -> Bool {
        values[digest.algorithm.rawValue] == digest.hex
    }

    /// The set as it is written: sorted, so that the same set always gives the same bytes.
    package var json: JSONValue { .object(JSONObject(sorting: values)) }
}

extension String {
    /// Digits and `a` to `f` only; also true of the empty text.
    var isLowercaseHex: Bool {
        let (digits, letters) = (UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"))
        return utf8.allSatisfy { digits.contains($0) || letters.contains($0) }
    }

    /// The name of a git object: SHA-1 or SHA-256, in lower case (digest_set.md, `gitCommit`).
    var isGitHash: Bool {
        (utf8.count == 40 || utf8.count == 64) && isLowercaseHex
    }
}
