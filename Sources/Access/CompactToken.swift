import OCI

/// A JSON Web Token in its compact form (RFC 7519, RFC 7515 §7.1), read and not yet believed.
struct CompactToken {
    /// Bytes of the longest token that is read; those of CI systems have up to 4 KiB.
    static let longest = 16 * 1024

    /// How the issuer says that it signed. Only a key decides what is believed.
    let algorithm: String
    /// Which key the issuer says it signed with.
    let keyID: String?
    /// What kind of token it says it is, in lower case.
    let type: String?
    let claims: JSONObject
    /// Who says that it made the token.
    var issuer: String? { claims["iss"]?.string }
    /// The bytes under the signature.
    let signed: [UInt8]
    let signature: [UInt8]

    init(parsing text: String) throws(TokenError) {
        guard text.utf8.count <= Self.longest else { throw .malformed("it is longer than \(Self.longest) bytes") }
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("it does not have three parts") }
        let header = try Self.object(parts[0])
        claims = try Self.object(parts[1])
        guard let signature = Base64.decodeForURL(parts[2]) else { throw .malformed("a part is not base64url") }
        guard let algorithm = header["alg"]?.string else { throw .malformed("it names no algorithm") }
        // RFC 7515 §4.1.11: whoever does not understand a critical extension refuses the token, and we understand none.
        guard header["crit"] == nil else { throw .malformed("it has critical extensions") }
        self.algorithm = algorithm
        self.signature = signature
        keyID = header["kid"]?.string
        type = header["typ"]?.string.map { $0.lowercased() }
        signed = Array(parts[0] + [UInt8(ascii: ".")] + parts[1])
    }

    private static func object(_ part: ArraySlice<UInt8>) throws(TokenError) -> JSONObject {
        guard let bytes = Base64.decodeForURL(part) else { throw .malformed("a part is not base64url") }
        guard let value = try? JSONValue(parsing: bytes, limits: JSONLimits(depth: 16, values: 2000)),
            let object = value.object
        else { throw .malformed("a part is not a JSON object") }
        return object
    }

    /// Writes a token that `key` signs.
    static func make(type: String, claims: JSONObject, with key: TokenKey) throws -> String {
        let header: JSONObject = [
            "typ": .string(type), "alg": .string(key.algorithm), "kid": .string(key.id),
        ]
        let signed =
            Base64.encodeForURL(JSONValue.object(header).serialized()) + "."
            + Base64.encodeForURL(JSONValue.object(claims).serialized())
        return signed + "." + Base64.encodeForURL(try key.sign(Array(signed.utf8)))
    }
}

/// Why a token is not believed. Says nothing of its content but what everybody knows.
package enum TokenError: Error, Equatable, Sendable {
    case malformed(String)
    /// It says that it was signed with a key that is not known here.
    case unknownKey
    /// It says that it was signed in another way than the key is for.
    case wrongAlgorithm
    case wrongSignature
    case wrongType
    case wrongIssuer
    case wrongAudience
    case expired
    case notYetValid
    /// A claim that is needed is missing or has a wrong form.
    case missingClaim(String)
    /// Somebody has taken it back.
    case revoked
    /// It would be too long to be read again.
    case tooLong
    /// The keys of the issuer cannot be had at the moment.
    case keysUnavailable
}

extension TokenError: CustomStringConvertible {
    /// For the client: one sentence.
    package var description: String {
        switch self {
        case .malformed(let reason): "this is not a token: \(reason)"
        case .unknownKey: "the token was signed with a key that is not known here"
        case .wrongAlgorithm: "the token names an algorithm that its key is not for"
        case .wrongSignature: "the signature of the token is wrong"
        case .wrongType: "this token is not for requests"
        case .wrongIssuer: "the issuer of the token is not trusted here"
        case .wrongAudience: "the token was made for somebody else"
        case .expired: "the token has expired"
        case .notYetValid: "the token is not valid yet"
        case .missingClaim(let name): "the token has no \(name) that can be used"
        case .revoked: "the token has been taken back"
        case .tooLong: "the token would be longer than \(CompactToken.longest) bytes: ask for fewer scopes at once"
        case .keysUnavailable: "the keys of the token's issuer cannot be fetched at the moment"
        }
    }
}

/// When a token is valid, as its claims say it.
struct TokenTimes {
    /// How far the clocks of issuer and registry may differ, in seconds.
    static let leeway: Int64 = 60

    let expiry: Int64

    /// Checks the times of the claims (RFC 7519 §4.1.4 to §4.1.6).
    ///
    /// - Parameter now: in seconds since 1970-01-01 UTC.
    init(_ claims: JSONObject, now: Int64) throws(TokenError) {
        guard let expiry = claims["exp"]?.seconds else { throw .missingClaim("exp") }
        guard now < expiry.saturatingAdd(Self.leeway) else { throw .expired }
        for name in ["nbf", "iat"] {
            guard let claim = claims[name] else { continue }
            guard let time = claim.seconds else { throw .missingClaim(name) }
            guard time <= now.saturatingAdd(Self.leeway) else { throw .notYetValid }
        }
        self.expiry = expiry
    }
}

extension Int64 {
    fileprivate func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

extension JSONValue {
    /// A NumericDate (RFC 7519 §2), which may have a fraction; nil when it is none or far from any clock.
    fileprivate var seconds: Int64? {
        if let whole = int64 { return whole }
        guard case .number(let number) = self, number.double.magnitude < 1e15 else { return nil }
        return Int64(number.double)
    }
}
