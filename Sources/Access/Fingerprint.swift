internal import Crypto
import OCI

/// A short name for some bytes: the beginning of their SHA-256 in hexadecimal. It tells nobody the bytes.
func fingerprint(of bytes: [UInt8]) -> String {
    String(Digest(algorithm: .sha256, hash: Array(SHA256.hash(data: bytes))).hex.prefix(16))
}
