// Fuzzes entries of kind hashedrekord: no trap, an entry that is its one spelling, a request that says the same as its entry, and
// nothing believed that was not signed.
// Built and run by Tests/Fuzz/run.

import OCI

import enum Crypto.P256

@testable import Attestation

/// The input is an entry or a request in JSON; and it is the payload of an envelope that is signed here.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRekord(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    if let entry = try? HashedRekord(parsingEntry: bytes) {
        precondition(entry.entry == bytes, "another spelling of the same entry")
        check(entry)
    }
    if let entry = try? HashedRekord(parsingRequest: bytes) { check(entry) }
    // The certificate of an entry comes from anybody.
    if let key = try? HashedRekord.Verifier.certificate(bytes).publicKey() { precondition(key.count < bytes.count) }
    // Signing takes long, and it is the same for nearly every input.
    if count.isMultiple(of: 8) { checkSigned(bytes) }
    return 0
}

private func check(_ entry: HashedRekord) {
    precondition(entry.entry.count <= HashedRekord.longest)
    precondition((try? HashedRekord(parsingEntry: entry.entry)) == entry, "what is written is no entry, or another")
    let (member, der) =
        switch entry.verifier {
        case .publicKey(let der): ("publicKey", der)
        case .certificate(let der): ("x509Certificate", der)
        }
    let request: JSONValue = [
        "hashedRekordRequestV002": [
            "digest": .string(Base64.encode(entry.digest)),
            "signature": [
                "content": .string(Base64.encode(entry.signature)),
                "verifier": .object([
                    member: ["rawBytes": .string(Base64.encode(der))], "keyDetails": .string(entry.keyDetails.rawValue),
                ]),
            ],
        ]
    ]
    precondition((try? HashedRekord(parsingRequest: request.serialized())) == entry, "the request says something else")
}

private let signer = P256.Signing.PrivateKey()
private let key: BuilderKey = {
    guard let key = try? BuilderKey(pem: signer.publicKey.pemRepresentation) else { preconditionFailure("no key") }
    return key
}()

private func checkSigned(_ payload: [UInt8]) {
    let unsigned = Envelope(payload: payload, payloadType: "text/plain", signatures: [])
    precondition(HashedRekord(envelope: unsigned, publicKey: key) == nil, "nobody has signed this")
    guard let signature = try? signer.signature(for: unsigned.preAuthenticationEncoding) else { return }
    let bytes = Array(signature.derRepresentation)
    let envelope = Envelope(payload: payload, payloadType: "text/plain", signatures: [.init(bytes: bytes)])
    guard let entry = HashedRekord(envelope: envelope, publicKey: key) else { preconditionFailure("it is signed") }
    precondition(entry.isAbout(envelope) && !entry.isAbout(unsigned))
    check(entry)
    let other = Envelope(payload: payload + [0], payloadType: "text/plain", signatures: envelope.signatures)
    precondition(HashedRekord(envelope: other, publicKey: key) == nil && !entry.isAbout(other), "this was not signed")
}
