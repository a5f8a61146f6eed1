package import OCI

import struct Crypto.SHA256

/// An envelope with the JSON object it was read from, which may have members that DSSE does not know.
///
/// Whoever commits to an envelope commits to the object as it came, so both are kept from one reading.
package struct EnvelopeDocument: Sendable {
    /// What is signed, and the signatures.
    package let envelope: Envelope
    /// The object as it was received.
    package let json: JSONValue

    /// Reads the JSON form.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(AttestationError) {
        let json: JSONValue
        do { json = try JSONValue(parsing: bytes, limits: limits) } catch { throw .notJSON(error) }
        try self.init(json)
    }

    /// Reads an object out of another document.
    package init(_ json: JSONValue) throws(AttestationError) {
        envelope = try Envelope(Fields(json))
        self.json = json
    }

    /// The SHA-256 of the object in canonical JSON (RFC 8785): what entries call `envelopeSha256`, and so the same for two
    /// spellings of one object.
    package var sha256: Digest { Digest(sha256Of: json.canonical()) }
}

extension Envelope {
    /// The JSON form, in the standard alphabet and with nothing but the members of the specification. Each signature has
    /// a `keyid`, also an empty one: there are readers that need it.
    package var json: JSONValue {
        [
            "payload": .string(Base64.encode(payload)),
            "payloadType": .string(payloadType),
            "signatures": .array(
                signatures.map { ["keyid": .string($0.keyid), "sig": .string(Base64.encode($0.bytes))] }),
        ]
    }
}

extension Digest {
    /// The digest of some bytes.
    package init(sha256Of bytes: [UInt8]) {
        self.init(algorithm: .sha256, hash: Array(SHA256.hash(data: bytes)))
    }
}

/// The name that git gives to the content of a file in a repository of SHA-256 (gitoid, "blob:sha256"); Archivista's
/// name of an envelope.
package struct Gitoid: Hashable, Sendable {
    /// The SHA-256 of a git blob with the content.
    package let digest: Digest

    /// The name of a content.
    package init(of content: [UInt8]) {
        digest = Digest(sha256Of: Array("blob \(content.count)\0".utf8) + content)
    }

    /// Reads a name that somebody wrote; `nil` unless it is one.
    package init?(_ text: String) {
        guard let digest = try? Digest(parsing: "sha256:\(text)") else { return nil }
        self.digest = digest
    }
}

extension Gitoid: CustomStringConvertible {
    /// The name as Archivista writes it.
    package var description: String { digest.hex }
}
