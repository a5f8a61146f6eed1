internal import JWTKit
import OCI

/// Why a document of an issuer says nothing.
enum KeyDocumentError: Error, Equatable, CustomStringConvertible {
    case notJSON
    case otherIssuer
    case noLocation
    case noKeys

    var description: String {
        switch self {
        case .notJSON: "the answer is not a JSON object"
        case .otherIssuer: "the document is about another issuer"
        case .noLocation: "the document names no https URL of the keys"
        case .noKeys: "there is no key that can be used"
        }
    }
}

/// Where an issuer says that its keys are (OpenID Connect Discovery 1.0 §3 and §4).
enum Discovery {
    /// The address of the document.
    static func location(of issuer: String) -> String {
        (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/.well-known/openid-configuration"
    }

    /// Where the keys are, as the document says.
    ///
    /// - Throws: `.otherIssuer` when it is not the issuer's own (§4.3): somebody could publish it for another.
    static func keyLocation(in document: [UInt8], of issuer: String) throws(KeyDocumentError) -> String {
        let object = try object(document)
        guard object["issuer"]?.string.map({ $0.utf8.elementsEqual(issuer.utf8) }) == true else { throw .otherIssuer }
        guard let location = object["jwks_uri"]?.string, location.utf8.starts(with: "https://".utf8) else {
            throw .noLocation
        }
        return location
    }

    fileprivate static func object(_ document: [UInt8]) throws(KeyDocumentError) -> JSONObject {
        guard let value = try? JSONValue(parsing: document, limits: JSONLimits(depth: 16, values: 10_000)),
            let object = value.object
        else { throw .notJSON }
        return object
    }
}

extension TokenKeySet {
    /// The keys of a JSON Web Key Set (RFC 7517 §5) that signatures can be checked with. Others are ignored, as the RFC asks.
    init(document: [UInt8]) async throws(KeyDocumentError) {
        guard let entries = try Discovery.object(document)["keys"]?.array else { throw .noKeys }
        var keys: [TokenKey] = []
        for entry in entries.prefix(Self.mostKeys) {
            if let object = entry.object, let key = await TokenKey.verifying(object) { keys.append(key) }
        }
        guard !keys.isEmpty else { throw .noKeys }
        self.init(keys)
    }
}

extension TokenKey {
    /// Characters of one number of a key: RSA of 8192 bits. Larger ones take long to compute with.
    private static let longestNumber = 1366

    /// A public key of others; nil for what is none, is too small, or is meant for something else.
    ///
    /// The key has one algorithm: the one it names, or else the one that keys of its kind are for.
    fileprivate static func verifying(_ object: JSONObject) async -> TokenKey? {
        if let use = object["use"], use != "sig" { return nil }
        if let operations = object["key_ops"]?.array, !operations.contains("verify") { return nil }
        let id = object["kid"]?.string ?? ""
        guard id.utf8.count <= ClaimTemplate.longest else { return nil }
        let name = JWKIdentifier(string: "key")
        func number(_ member: String) -> String? {
            object[member]?.string.flatMap { $0.utf8.count <= longestNumber ? $0 : nil }
        }
        let key: JWK
        let fitting: [String]
        switch (object["kty"]?.string, object["crv"]?.string) {
        case ("RSA", _):
            fitting = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
            let algorithm = object["alg"]?.string ?? "RS256"
            key = .rsa(
                JWK.Algorithm(rawValue: algorithm), identifier: name, modulus: number("n"), exponent: number("e"))
        case ("EC", let curve?):
            guard let algorithm = ["P-256": "ES256", "P-384": "ES384", "P-521": "ES512"][curve] else { return nil }
            fitting = [algorithm]
            key = .ecdsa(
                JWK.Algorithm(rawValue: algorithm), identifier: name, x: number("x"), y: number("y"),
                curve: ECDSACurve(rawValue: curve))
        case ("OKP", "Ed25519"):
            fitting = ["EdDSA"]
            key = .octetKeyPair(.eddsa, identifier: name, x: number("x"), y: nil, curve: .ed25519)
        default: return nil
        }
        if let algorithm = object["alg"]?.string, !fitting.contains(algorithm) { return nil }
        guard let function = try? await JWTKeyCollection().add(jwk: key).getKey(for: name) else { return nil }
        return TokenKey(id: id, function)
    }
}
