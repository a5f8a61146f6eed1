package import OCI

extension HashedRekord {
    /// Reads the body of `POST /api/v2/log/entries`, and checks the signature.
    ///
    /// The JSON form of protocol buffers: members may be named in lowerCamelCase or in snake_case, bytes are in either
    /// alphabet of Base64, and unknown members are ignored.
    package init(parsingRequest bytes: [UInt8], limits: JSONLimits = .default) throws(HashedRekordError) {
        let request: Parts?
        do { request = try Parts(request: Fields(parsing: bytes, limits: limits)) } catch { throw .malformed(error) }
        guard let request else { throw .dsseRequest }
        try self.init(request)
    }

    /// Reads an entry out of a log, and checks the signature. There is one spelling of each, so `entry` gives back what
    /// was read.
    package init(parsingEntry bytes: [UInt8], limits: JSONLimits = .default) throws(HashedRekordError) {
        let parts: Parts
        do { parts = try Parts(entry: Fields(parsing: bytes, limits: limits)) } catch { throw .malformed(error) }
        try self.init(parts)
        guard parts.hashName == keyDetails.hashName else { throw .wrongHash(expected: keyDetails.hashName) }
        guard entry == bytes else { throw .notCanonical }
    }

    private init(_ parts: Parts) throws(HashedRekordError) {
        guard let details = KeyDetails(rawValue: parts.keyDetails) else {
            throw parts.keyDetails.utf8.starts(with: "PKIX_ED25519".utf8)
                ? .ed25519 : .unsupportedKeyDetails(parts.keyDetails)
        }
        try self.init(
            digest: parts.digest, signature: parts.signature, verifier: parts.verifier, keyDetails: details)
    }
}

/// What a request or an entry says, before anything is checked.
private struct Parts {
    let digest: [UInt8]
    /// Only entries say it; in a request the key implies it.
    let hashName: String?
    let signature: [UInt8]
    let verifier: HashedRekord.Verifier
    let keyDetails: String

    /// `nil` for a request of the other kind.
    init?(request fields: Fields) throws(AttestationError) {
        let name = try fields.protobufName("hashedRekordRequestV002", "hashed_rekord_request_v002")
        let dsse = try fields.protobufName("dsseRequestV002", "dsse_request_v002")
        if fields[name] == nil, fields[dsse] != nil { return nil }
        guard fields[dsse] == nil else { throw fields.invalid(dsse, "must not be beside \(name)") }
        let request = try fields.requiredFields(name)
        try self.init(
            digest: request.requiredBytes("digest"), hashName: nil, signature: request.requiredFields("signature"))
    }

    init(entry fields: Fields) throws(AttestationError) {
        for (member, value) in [("apiVersion", HashedRekord.version), ("kind", HashedRekord.kind)] {
            guard try fields.requiredString(member) == value else { throw fields.invalid(member, "must be \(value)") }
        }
        let spec = try fields.requiredFields("spec").requiredFields("hashedRekordV002")
        let data = try spec.requiredFields("data")
        try self.init(
            digest: data.requiredBytes("digest"), hashName: data.requiredString("algorithm"),
            signature: spec.requiredFields("signature"))
    }

    private init(digest: [UInt8], hashName: String?, signature: Fields) throws(AttestationError) {
        self.digest = digest
        self.hashName = hashName
        self.signature = try signature.requiredBytes("content")
        let verifier = try signature.requiredFields("verifier")
        self.verifier = try HashedRekord.Verifier(verifier)
        keyDetails = try verifier.requiredString(verifier.protobufName("keyDetails", "key_details"))
    }
}

extension HashedRekord.Verifier {
    fileprivate init(_ fields: Fields) throws(AttestationError) {
        let key = try fields.protobufName("publicKey", "public_key")
        let certificate = try fields.protobufName("x509Certificate", "x509_certificate")
        guard (fields[key] == nil) != (fields[certificate] == nil) else {
            throw fields.invalid(certificate, "or publicKey must be there, and not both")
        }
        if fields[key] != nil {
            self = .publicKey(try fields.requiredFields(key).rawBytes())
        } else {
            self = .certificate(try fields.requiredFields(certificate).rawBytes())
        }
    }
}

extension Fields {
    fileprivate func rawBytes() throws(AttestationError) -> [UInt8] {
        try requiredBytes(protobufName("rawBytes", "raw_bytes"))
    }

    /// Which of the two names of a member the document uses.
    fileprivate func protobufName(_ camelCase: String, _ snakeCase: String) throws(AttestationError) -> String {
        guard self[snakeCase] != nil else { return camelCase }
        guard self[camelCase] == nil else { throw invalid(snakeCase, "must not be beside \(camelCase)") }
        return snakeCase
    }
}
