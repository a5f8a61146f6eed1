internal import JWTKit

/// A key with the one algorithm that it is for, so that a token cannot choose another.
package struct TokenKey: Sendable {
    /// How tokens name it.
    package let id: String
    /// How tokens name the algorithm (RFC 7518 §3.1, RFC 8037).
    package let algorithm: String
    private let function: any JWTAlgorithm

    init(id: String, _ function: any JWTAlgorithm) {
        self.id = id
        algorithm = function.name
        self.function = function
    }

    /// The private key of the token service, ECDSA P-256, from PEM; named by its public key.
    package static func signing(pem: String) async throws -> TokenKey {
        let key = try ES256PrivateKey(pem: pem)
        let id = fingerprint(of: Array(key.publicKey.pemRepresentation.utf8))
        return TokenKey(id: id, try await JWTKeyCollection().add(ecdsa: key).getKey())
    }

    /// The private keys of a file, one PEM behind the other; the first signs.
    package static func signing(file: [UInt8]) async throws -> [TokenKey] {
        let end = "-----END PRIVATE KEY-----"
        var keys: [TokenKey] = []
        for part in String(decoding: file, as: UTF8.self).split(separator: end).dropLast() {
            keys.append(try await signing(pem: part + end))
        }
        return keys
    }

    /// A new private key, PEM.
    package static func makePEM() -> String { ES256PrivateKey().pemRepresentation }

    func sign(_ bytes: [UInt8]) throws -> [UInt8] { try function.sign(bytes) }

    /// Whether the key made this signature over these bytes. Anything malformed is no signature.
    func verify(_ signature: [UInt8], over bytes: [UInt8]) -> Bool {
        (try? function.verify(signature, signs: bytes)) ?? false
    }
}

/// The keys of one issuer.
package struct TokenKeySet: Sendable {
    /// Keys of one set that are used; the rest are ignored.
    static let mostKeys = 100

    private let keys: [TokenKey]

    /// A set of keys.
    package init(_ keys: [TokenKey]) {
        self.keys = keys
    }

    /// How many there are.
    var count: Int { keys.count }

    /// Whether the token names a key that is not here.
    func isMissingKey(of token: CompactToken) -> Bool {
        token.keyID.map { id in !keys.contains { $0.id == id } } ?? false
    }

    /// Checks that the token was signed with one of the keys, the one it names, in the way that key is for.
    ///
    /// A token that names no key is believed only when there is one key for its algorithm.
    func verify(_ token: CompactToken) throws(TokenError) {
        let candidates = token.keyID.map { id in keys.filter { $0.id == id } } ?? keys
        guard !candidates.isEmpty else { throw .unknownKey }
        let fitting = candidates.filter { $0.algorithm == token.algorithm }
        guard let key = fitting.first else { throw .wrongAlgorithm }
        guard fitting.count == 1 else { throw .unknownKey }
        guard key.verify(token.signature, over: token.signed) else { throw .wrongSignature }
    }
}
