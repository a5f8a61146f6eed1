import SwiftASN1

/// What is sent to a time-stamp authority: the hash of a message, to be signed together with the time (RFC 3161 §2.4.1).
///
/// The message itself stays here. Media type: `application/timestamp-query`.
package struct TimestampRequest: Hashable, Sendable {
    /// The media type of a request (RFC 3161 §3.4).
    package static let mediaType = "application/timestamp-query"

    /// The SHA-256 hash of the message.
    package let imprint: [UInt8]

    /// A number that nobody can guess, so that an old answer cannot be passed off as a new one.
    package let nonce: UInt64

    /// A request for a time stamp over exactly these bytes.
    package init(message: [UInt8], nonce: UInt64) {
        imprint = message.sha256
        self.nonce = nonce
    }

    /// The request in DER. It asks for the certificate of the authority, so that an auditor needs only its root.
    package var bytes: [UInt8] {
        get throws {
            var serializer = DER.Serializer()
            try serializer.appendConstructedNode(identifier: .sequence) { request in
                try request.serialize(Timestamping.version)
                try request.serialize(MessageImprint(sha256: imprint))
                try request.serialize(nonce)
                try request.serialize(true)  // certReq
            }
            return serializer.serializedBytes
        }
    }
}

/// Names and numbers of RFC 3161 and RFC 5652.
enum Timestamping {
    /// The only version there is, of requests and of what is signed.
    static let version = 1
    static let sha256: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 2, 1]
    static let signedData: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 7, 2]
    /// id-ct-TSTInfo
    static let timestampInfo: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 16, 1, 4]
}

/// `MessageImprint`: which hash, of which algorithm (RFC 3161 §2.4.1).
struct MessageImprint: DERSerializable {
    let algorithm: ASN1ObjectIdentifier
    let hash: [UInt8]

    init(sha256 hash: [UInt8]) {
        algorithm = Timestamping.sha256
        self.hash = hash
    }

    init(_ node: ASN1Node) throws {
        (algorithm, hash) = try DER.sequence(node, identifier: .sequence) { nodes in
            guard let identifier = nodes.next() else { throw TimestampError.malformed }
            let algorithm = try DER.sequence(identifier, identifier: .sequence) { nodes in
                let algorithm = try ASN1ObjectIdentifier(derEncoded: &nodes)
                _ = nodes.next()  // parameters: NULL or none
                return algorithm
            }
            return (algorithm, Array(try ASN1OctetString(derEncoded: &nodes).bytes))
        }
    }

    func serialize(into coder: inout DER.Serializer) throws {
        try coder.appendConstructedNode(identifier: .sequence) { imprint in
            try imprint.appendConstructedNode(identifier: .sequence) { algorithm in
                try algorithm.serialize(self.algorithm)
                try algorithm.serialize(ASN1Null())
            }
            try imprint.serialize(ASN1OctetString(contentBytes: hash[...]))
        }
    }
}
