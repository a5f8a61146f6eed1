import OCI

import struct Crypto.HMAC
import struct Crypto.SHA256
import struct Crypto.SymmetricKey

/// An upload session as its location names it.
///
/// A session that has kept no bytes is nothing but this text: its seal proves that this registry began it, when, and for which
/// repository. So beginning one writes nothing, and any server with the same key can go on with it. Once it has kept bytes it has a
/// row, which counts from then on.
package struct UploadSession: Hashable, Sendable, CustomStringConvertible {
    /// The upload's own name.
    package let id: UploadID
    /// When it began, in milliseconds since 1970-01-01 UTC.
    let started: Int64
    /// By which its bytes are hashed while they come.
    let algorithm: Digest.Algorithm
    /// HMAC-SHA256 of the rest and the repository.
    fileprivate let seal: Digest

    /// `<upload>.<milliseconds>.<algorithm>.<seal>`: letters, digits, `-` and `.`, as one segment of a path.
    package var description: String { "\(id).\(started).\(algorithm.rawValue).\(seal.hex)" }

    fileprivate init(_ id: UploadID, started: Int64, algorithm: Digest.Algorithm, seal: Digest) {
        self.id = id
        self.started = started
        self.algorithm = algorithm
        self.seal = seal
    }

    /// Whether it began less than `lifetime` milliseconds before `now`.
    func isYounger(than lifetime: Int64, at now: Int64) -> Bool { now - started < lifetime }

    /// Reads what a client sent; nil when it has not the form of a session. Whether it is one, the seal or its row says.
    package init?(parsing text: String) {
        let parts = text.split(separator: ".", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 4, let id = UploadID(parsing: String(parts[0])), parts[1].utf8.count <= 15,
            let started = Int64(parts[1]), let algorithm = Digest.Algorithm(rawValue: String(parts[2])),
            let seal = try? Digest(parsing: "sha256:\(parts[3])")
        else { return nil }
        self.init(id, started: started, algorithm: algorithm, seal: seal)
        // One session has one name.
        guard started >= 0, description.utf8.elementsEqual(text.utf8) else { return nil }
    }
}

/// Seals upload sessions. Every server on the same store has the same key.
package struct UploadKey: Sendable {
    /// Bytes of a key.
    package static let length = 32

    private let key: SymmetricKey

    /// The key with these bytes.
    package init(_ bytes: [UInt8]) {
        key = SymmetricKey(data: bytes)
    }

    /// A new session.
    func session(
        _ id: UploadID, algorithm: Digest.Algorithm, in repository: RepositoryName, at now: Int64
    ) -> UploadSession {
        let message = Self.message(id, now, algorithm, repository)
        let code = HMAC<SHA256>.authenticationCode(for: message, using: key)
        return UploadSession(
            id, started: now, algorithm: algorithm, seal: Digest(algorithm: .sha256, hash: Array(code)))
    }

    /// Whether this registry began the session, for this repository.
    func hasSealed(_ session: UploadSession, for repository: RepositoryName) -> Bool {
        let message = Self.message(session.id, session.started, session.algorithm, repository)
        return HMAC<SHA256>.isValidAuthenticationCode(session.seal.hash, authenticating: message, using: key)
    }

    private static func message(
        _ id: UploadID, _ started: Int64, _ algorithm: Digest.Algorithm, _ repository: RepositoryName
    ) -> [UInt8] {
        // The names have no spaces in them.
        Array("upload \(id) \(started) \(algorithm.rawValue) \(repository)".utf8)
    }
}
