import SwiftASN1

/// A time stamp as the authority signed it (RFC 3161 §2.4.2, `TimeStampToken`), and what it says.
///
/// **The signature is not verified here.** Whether an authority worth trusting made it is for the auditor to find out,
/// with a tool and a root certificate of the auditor's own:
///
/// `openssl ts -verify -data checkpoint -in token.tst -token_in -CAfile root.pem`
package struct TimestampToken: Hashable, Sendable {
    /// The token in DER, exactly as it was received.
    package let bytes: [UInt8]

    /// The hash that was signed. Of SHA-256, or it would not have been read.
    package let imprint: [UInt8]

    /// The number from the request, the most significant byte first and not zero. Not negative.
    package let nonce: [UInt8]?

    /// When the authority says that it signed (`genTime`), in seconds since 1970, rounded down. A leap second counts as
    /// the second after it.
    package let time: Int64

    /// Reads a token.
    ///
    /// - Throws: `.malformed`, `.unsupportedToken`.
    package init(parsing bytes: [UInt8]) throws(TimestampError) {
        self = try TimestampError.reading(bytes) { try TimestampToken($0) }
    }

    /// Reads a `ContentInfo` that holds `SignedData` over a `TSTInfo` (RFC 5652 §3, §5.1).
    init(_ node: ASN1Node) throws {
        let info = try DER.sequence(node, identifier: .sequence) { nodes in
            guard try ASN1ObjectIdentifier(derEncoded: &nodes) == Timestamping.signedData else {
                throw TimestampError.unsupportedToken
            }
            return try DER.explicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) {
                try DER.sequence($0, identifier: .sequence, Self.signedContent)
            }
        }
        (imprint, nonce, time) = try DER.sequence(DER.parse(info), identifier: .sequence, Self.info)
        bytes = Array(node.encodedBytes)
    }

    private static func signedContent(_ nodes: inout ASN1NodeCollection.Iterator) throws -> ArraySlice<UInt8> {
        guard nodes.next() != nil, nodes.next() != nil, let content = nodes.next() else {
            throw TimestampError.malformed  // version, digestAlgorithms, encapContentInfo
        }
        let bytes = try DER.sequence(content, identifier: .sequence) { nodes in
            guard try ASN1ObjectIdentifier(derEncoded: &nodes) == Timestamping.timestampInfo else {
                throw TimestampError.unsupportedToken
            }
            return try DER.explicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) {
                try ASN1OctetString(derEncoded: $0).bytes
            }
        }
        while nodes.next() != nil {}  // certificates and signatures: the auditor's
        return bytes
    }

    private static func info(
        _ nodes: inout ASN1NodeCollection.Iterator
    ) throws -> (imprint: [UInt8], nonce: [UInt8]?, time: Int64) {
        guard try Int(derEncoded: &nodes) == Timestamping.version else { throw TimestampError.unsupportedToken }
        _ = try ASN1ObjectIdentifier(derEncoded: &nodes)  // policy
        guard let node = nodes.next() else { throw TimestampError.malformed }
        let imprint = try MessageImprint(node)
        guard imprint.algorithm == Timestamping.sha256 else { throw TimestampError.unsupportedToken }
        guard nodes.next()?.identifier == .integer else { throw TimestampError.malformed }  // serialNumber
        let time = try GeneralizedTime(derEncoded: &nodes)
        var nonce: [UInt8]?
        while let node = nodes.next() {  // accuracy, ordering, nonce, tsa, extensions: each may be missing
            guard node.identifier == .integer else { continue }
            guard nonce == nil else { throw TimestampError.malformed }
            nonce = Array(try ArraySlice<UInt8>(derEncoded: node))
        }
        return (imprint.hash, nonce, time.secondsSince1970)
    }

    /// The token in a `TimeStampResp` that grants it: what `openssl ts -verify -in` and most other tools read.
    package var response: [UInt8] {
        get throws {
            var serializer = DER.Serializer()
            try serializer.appendConstructedNode(identifier: .sequence) { response in
                try response.appendConstructedNode(identifier: .sequence) { try $0.serialize(0) }
                response.serializeRawBytes(bytes)
            }
            return serializer.serializedBytes
        }
    }
}

extension GeneralizedTime {
    /// Days by the rule of the Gregorian calendar, counted from a first of March so that the leap day comes last.
    fileprivate var secondsSince1970: Int64 {
        let (march, year) = ((month + 9) % 12, month > 2 ? year : year - 1)
        let days = 365 * year + Self.leapDays(before: year + 1) + (153 * march + 2) / 5 + day - 1
        return Int64((days - 719_468) * 86_400 + hours * 3600 + minutes * 60 + seconds)
    }

    private static func leapDays(before year: Int) -> Int {
        // The year before the year 0, for its January and February, is −1, which is none.
        let year = year - 1
        return (year >> 2) - Int((Double(year) / 100).rounded(.down)) + Int((Double(year) / 400).rounded(.down))
    }
}
