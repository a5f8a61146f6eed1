import Attestation
import FoundationEssentials
import OCI
import Testing

import enum Crypto.P256
import struct Crypto.SHA256

/// The bytes of a text.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Standard base64, by Foundation, so that our own reader does not check itself.
func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

func base64(_ text: String) -> String { base64(Array(text.utf8)) }

/// The same in the URL-safe alphabet.
func urlSafe(_ text: String, padded: Bool = true) -> String {
    let swapped = text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
    return String(padded ? swapped : swapped.filter { $0 != "=" })
}

func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: bytes(text)) }

func text(_ json: JSONValue) -> String { String(decoding: json.serialized(), as: UTF8.self) }

func digest(_ text: String) throws -> Digest { try Digest(parsing: text) }

func hex(_ character: Character, _ count: Int = 64) -> String { String(repeating: character, count: count) }

func sha256(_ bytes: [UInt8]) -> String { SHA256.hash(data: bytes).map { hexPair($0) }.joined() }

private func hexPair(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

/// A key that signs envelopes, made anew in each test.
struct TestSigner {
    private let key = P256.Signing.PrivateKey()

    var publicKey: BuilderKey {
        get throws { try BuilderKey(pem: key.publicKey.pemRepresentation) }
    }

    func sign(_ message: [UInt8]) throws -> [UInt8] {
        Array(try key.signature(for: message).derRepresentation)
    }

    /// A signature over an envelope's encoding, with the key's name unless another is given.
    func signature(over envelope: Envelope, keyid: String? = nil) throws -> Envelope.Signature {
        let name = try keyid ?? publicKey.id.hex
        return Envelope.Signature(keyid: name, bytes: try sign(envelope.preAuthenticationEncoding))
    }
}

/// An envelope around a payload, signed by all of these.
func envelope(
    _ payload: String, type: String = Envelope.statementType, signedBy signers: [TestSigner] = []
) throws -> Envelope {
    let unsigned = Envelope(payload: bytes(payload), payloadType: type, signatures: [])
    let signatures = try signers.map { try $0.signature(over: unsigned) }
    return Envelope(payload: unsigned.payload, payloadType: type, signatures: signatures)
}

/// A statement about an image, with the predicate as JSON.
func statementText(
    _ predicate: String = "{}", type: String = "https://slsa.dev/provenance/v1",
    subject: String = #"[{"name":"app","digest":{"sha256":"\#(hex("a"))"}}]"#,
    version: String = "https://in-toto.io/Statement/v1"
) -> String {
    #"{"_type":"\#(version)","subject":\#(subject),"predicateType":"\#(type)","predicate":\#(predicate)}"#
}

func statement(_ text: String) throws -> Statement { try Statement(parsing: bytes(text)) }

/// Whether a message is fit for a log line and an HTTP status line.
func isPresentable(_ message: String) -> Bool {
    message.utf8.count < 1000 && message.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
}
