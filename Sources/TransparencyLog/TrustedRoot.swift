package import OCI

/// Which logs a verifier of Sigstore bundles shall trust (sigstore_trustroot.proto, version 0.1).
///
/// Worth as much as the way on which it reached the verifier: a file from the log itself proves nothing.
package struct TrustedRoot: Sendable {
    /// A key of a log, and when it was used.
    package struct Log: Sendable {
        /// The key, of type Ed25519.
        package let key: VerifierKey
        /// Where the log is.
        package let url: String
        /// Since when the key signs, RFC 3339.
        package let start: String
        /// Until when it did; `nil` while it does.
        package let end: String?

        /// A key of a log that is used since some time.
        package init(key: VerifierKey, url: String, start: String, end: String? = nil) {
            self.key = key
            self.url = url
            self.start = start
            self.end = end
        }
    }

    private let logs: [Log]

    /// Trusts these logs, and no authority for certificates or timestamps.
    package init(logs: [Log]) {
        self.logs = logs
    }

    /// The document.
    package var json: JSONValue {
        [
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": .array(logs.map(\.json)),
            "certificateAuthorities": [],
            "ctlogs": [],
            "timestampAuthorities": [],
        ]
    }
}

extension TrustedRoot.Log {
    fileprivate var json: JSONValue {
        var validFor: JSONValue = ["start": .string(start)]
        if let end { validFor = ["start": .string(start), "end": .string(end)] }
        return [
            "baseUrl": .string(url),
            "hashAlgorithm": "SHA2_256",
            "publicKey": [
                "rawBytes": .string(Base64.encode(key.subjectPublicKeyInfo)),
                "keyDetails": "PKIX_ED25519",
                "validFor": validFor,
            ],
            "logId": ["keyId": .string(Base64.encode(key.logID))],
        ]
    }
}

extension VerifierKey {
    /// The public key in DER (RFC 8410 §4): the algorithm has no parameters, so what precedes the key is always the same.
    package var subjectPublicKeyInfo: [UInt8] {
        [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00] + publicKey
    }
}
