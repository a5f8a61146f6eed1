import SwiftASN1

/// What a time-stamp authority answers (RFC 3161 §2.4.2). Media type: `application/timestamp-reply`.
package struct TimestampResponse: Hashable, Sendable {
    /// The media type of an answer (RFC 3161 §3.4).
    package static let mediaType = "application/timestamp-reply"

    /// Bytes of an answer. With a chain of certificates it takes about 10 KiB.
    package static let longest = 256 * 1024

    /// What became of the request (`PKIStatus`): 0 and 1 are granted, everything else comes without a token.
    package let status: Int

    /// Why not, in the words of the authority and with the names of RFC 3161 §2.4.2: ASCII, short enough
    /// for a log line.
    package let failure: String

    /// What was granted.
    package let token: TimestampToken?

    /// Reads an answer in DER, to the last byte.
    ///
    /// - Throws: `.malformed`, `.unsupportedToken`.
    package init(parsing bytes: [UInt8]) throws(TimestampError) {
        guard bytes.count <= Self.longest else { throw .malformed }
        (status, failure, token) = try TimestampError.reading(bytes) { node in
            try DER.sequence(node, identifier: .sequence) { nodes in
                guard let info = nodes.next() else { throw TimestampError.malformed }
                let (status, failure) = try DER.sequence(info, identifier: .sequence, Self.statusInfo)
                return (status, failure, try nodes.next().map { try TimestampToken($0) })
            }
        }
    }

    private static func statusInfo(_ nodes: inout ASN1NodeCollection.Iterator) throws -> (Int, String) {
        let status = try Int(derEncoded: &nodes)
        var words: [String] = []
        while let node = nodes.next() {
            switch node.identifier {
            case .sequence:
                let texts = try DER.sequence(of: ASN1UTF8String.self, identifier: .sequence, rootNode: node)
                words += texts.map(visible)
            case .bitString: words += reasons(try ASN1BitString(derEncoded: node))
            default: throw TimestampError.malformed
            }
        }
        return (status, String(words.filter { !$0.isEmpty }.joined(separator: "; ").prefix(200)))
    }

    private static func visible(_ text: ASN1UTF8String) -> String {
        String(
            decoding: text.bytes.prefix(200).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }

    private static func reasons(_ bits: ASN1BitString) -> [String] {
        var names: [String] = []
        for (index, byte) in bits.bytes.prefix(4).enumerated() {
            for bit in 0..<8 where byte & (0x80 >> UInt8(bit)) != 0 {
                let number = index * 8 + bit
                names.append(failureNames[number] ?? "failure \(number)")
            }
        }
        return names
    }

    /// `PKIFailureInfo`
    private static let failureNames = [
        0: "badAlg", 2: "badRequest", 5: "badDataFormat", 14: "timeNotAvailable", 15: "unacceptedPolicy",
        16: "unacceptedExtension", 17: "addInfoNotAvailable", 25: "systemFailure",
    ]

    /// Checks that the request was granted, and that the token is about this request and no other.
    ///
    /// This is what protects from an authority that errs, and from an old answer. It does not verify the signature;
    /// see `TimestampToken`.
    ///
    /// - Returns: the token.
    /// - Throws: `.refused`, `.noToken`, `.wrongImprint`, `.wrongNonce`.
    package func check(against request: TimestampRequest) throws(TimestampError) -> TimestampToken {
        guard status == 0 || status == 1 else { throw .refused(status: status, failure: failure) }
        guard let token else { throw .noToken }
        guard token.imprint == request.imprint else { throw .wrongImprint }
        guard token.nonce == request.nonce.magnitudeBytes else { throw .wrongNonce }
        return token
    }
}

extension UInt64 {
    /// The bytes from the first that is not zero, the most significant first.
    fileprivate var magnitudeBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(self)
        return Array(bytes.drop { $0 == 0 })
    }
}

/// Why an answer is no time stamp for us.
package enum TimestampError: Error, Equatable {
    case malformed
    /// It is well formed, but of another version, over another kind of content or with another hash than SHA-256.
    case unsupportedToken
    case refused(status: Int, failure: String)
    case noToken
    case wrongImprint
    case wrongNonce

    /// Reads DER; whatever is wrong with it is `.malformed`, unless `body` says more.
    static func reading<Value>(
        _ bytes: [UInt8], _ body: (ASN1Node) throws -> Value
    ) throws(TimestampError) -> Value {
        do {
            return try body(try DER.parse(bytes))
        } catch {
            throw error as? TimestampError ?? .malformed
        }
    }
}

extension TimestampError: CustomStringConvertible {
    /// One sentence, safe to show.
    package var description: String {
        switch self {
        case .malformed: "the answer is not a TimeStampResp of RFC 3161 in DER"
        case .unsupportedToken: "the token is not a TSTInfo of version 1 with SHA-256"
        case .refused(let status, let failure):
            "the authority refused with status \(status)" + (failure.isEmpty ? "" : ": \(failure)")
        case .noToken: "the authority granted a time stamp and sent none"
        case .wrongImprint: "the time stamp is over other bytes"
        case .wrongNonce: "the time stamp is not for this request"
        }
    }
}
