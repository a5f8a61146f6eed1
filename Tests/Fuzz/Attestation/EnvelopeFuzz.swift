// Fuzzes DSSE envelopes: no trap, limits that hold, an encoding that says where payload and type end, the same hash for two
// spellings of one object, and what is written reads as the same.
// Built and run by Tests/Fuzz/run.

import OCI

@testable import Attestation

/// The input is an envelope in JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEnvelope(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let envelope = try? Envelope(parsing: bytes) else {
        precondition((try? EnvelopeDocument(parsing: bytes)) == nil, "read in two ways")
        return 0
    }
    precondition(envelope.signatures.count <= Envelope.mostSignatures)
    let written = envelope.json.serialized()
    guard let again = try? Envelope(parsing: written) else { preconditionFailure("what is written is no envelope") }
    precondition(again.payload == envelope.payload && again.signatures == envelope.signatures)
    precondition(again.payloadType.utf8.elementsEqual(envelope.payloadType.utf8))
    precondition(again.preAuthenticationEncoding == envelope.preAuthenticationEncoding)
    precondition(again.json.serialized() == written, "what is written reads as another")
    checkEncoding(envelope)

    guard let document = try? EnvelopeDocument(parsing: bytes) else { preconditionFailure("read in two ways") }
    let spelled = try? EnvelopeDocument(parsing: document.json.canonical())
    precondition(spelled?.sha256 == document.sha256, "two spellings have two hashes")
    if let statement = try? envelope.statement() { precondition(envelope.hasStatement && !statement.subjects.isEmpty) }
    _ = verifier.verify(envelope)
    precondition(SignatureVerifier(keys: []).verify(envelope) == (envelope.signatures.isEmpty ? .unsigned : .untrusted))
    return 0
}

private let verifier = SignatureVerifier(keys: [key])
private let key: BuilderKey = {
    let pem = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERxw+dYxJBChbun5TEY7Q9SSt6wdX
        0lvS+Oew1236cUzdUg96yoqLkXrMN/Ud6PDJu+OthYOC5wLcJaEtCfeoWA==
        -----END PUBLIC KEY-----
        """
    guard let key = try? BuilderKey(pem: pem) else { preconditionFailure("no key") }
    return key
}()

/// The lengths in the encoding lead to the type and the payload, so no two envelopes have the same.
private func checkEncoding(_ envelope: Envelope) {
    var rest = envelope.preAuthenticationEncoding[...]
    func word() -> ArraySlice<UInt8> {
        let word = rest.prefix { $0 != 0x20 }
        rest = rest.dropFirst(word.count + 1)
        return word
    }
    func piece() -> ArraySlice<UInt8> {
        guard let length = Int(String(decoding: word(), as: UTF8.self)) else { preconditionFailure("no length") }
        defer { rest = rest.dropFirst(length + 1) }
        return rest.prefix(length)
    }
    precondition(word().elementsEqual("DSSEv1".utf8))
    precondition(piece().elementsEqual(envelope.payloadType.utf8), "another type")
    precondition(piece().elementsEqual(envelope.payload) && rest.isEmpty, "another payload")
}
