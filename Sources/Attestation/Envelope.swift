package import OCI

/// A DSSE envelope: some bytes, what they are, and signatures over both (DSSE 1.0.2, envelope.md).
///
/// The payload is decoded once. What a verifier checks and what a parser is handed are the same bytes, as the
/// specification demands: nothing reads the envelope a second time.
package struct Envelope: Sendable {
    /// One signature, and what its maker says about the key.
    package struct Signature: Equatable, Sendable {
        /// A hint that nobody vouches for; empty when unset. It never decides anything (protocol.md, KEYID).
        package let keyid: String
        /// The signature itself, in the encoding of its algorithm.
        package let bytes: [UInt8]

        /// A signature from its parts.
        package init(keyid: String = "", bytes: [UInt8]) {
            self.keyid = keyid
            self.bytes = bytes
        }
    }

    /// What is signed.
    package let payload: [UInt8]
    /// How to read the payload: a media type or URI, compared exactly.
    package let payloadType: String
    /// In the order of the document. There may be none: whether that is enough is the verifier's business.
    package let signatures: [Signature]

    /// Signatures beyond this are refused, because each costs a verification for each trusted key. In practice an
    /// envelope has one, and a release with a quorum three or five.
    package static let mostSignatures = 16

    /// An envelope from its parts.
    package init(payload: [UInt8], payloadType: String, signatures: [Signature]) {
        self.payload = payload
        self.payloadType = payloadType
        self.signatures = signatures
    }

    /// Reads the JSON form. Either base64 alphabet passes; unknown members are ignored.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(AttestationError) {
        try self.init(Fields(parsing: bytes, limits: limits))
    }

    /// Reads the object out of a document that contains one.
    init(_ fields: Fields) throws(AttestationError) {
        payload = try fields.requiredBytes("payload")
        payloadType = try fields.requiredString("payloadType")
        signatures = try Self.signatures(in: fields)
    }

    private static func signatures(in fields: Fields) throws(AttestationError) -> [Signature] {
        guard let elements = try fields.array("signatures") else {
            throw .missing(path: fields.path(to: "signatures"))
        }
        guard elements.count <= mostSignatures else {
            throw fields.invalid("signatures", "must not be more than \(mostSignatures)")
        }
        var signatures: [Signature] = []
        for (index, element) in elements.enumerated() {
            signatures.append(try Signature(Fields(element, at: fields.path(to: "signatures[\(index)]"))))
        }
        return signatures
    }
}

extension Envelope.Signature {
    fileprivate init(_ fields: Fields) throws(AttestationError) {
        keyid = try fields.string("keyid") ?? ""
        bytes = try fields.requiredBytes("sig")
    }
}

extension Envelope {
    /// The type of an in-toto statement in JSON, which is the only payload we read.
    package static let statementType = "application/vnd.in-toto+json"
    /// The media type of the JSON form.
    package static let mediaType = MediaType(rawValue: "application/vnd.dsse.envelope.v1+json")

    /// What is signed: the pre-authentication encoding (protocol.md, PAE).
    package var preAuthenticationEncoding: [UInt8] {
        let type = payloadType.utf8
        return Array("DSSEv1 \(type.count) ".utf8) + type + Array(" \(payload.count) ".utf8) + payload
    }

    /// Whether the payload is a statement: `application/vnd.in-toto+json`, or the same with the name of a predicate
    /// (in-toto, envelope.md, "Fields"), which says nothing that the statement does not say better.
    package var hasStatement: Bool {
        payloadType == Self.statementType || payloadType.isStatementTypeOfOnePredicate
    }

    /// The statement inside. Says nothing about who signed it: verify first.
    package func statement(limits: JSONLimits = .default) throws(AttestationError) -> Statement {
        guard hasStatement else { throw .invalid(path: "payloadType", reason: "must be \(Self.statementType)") }
        return try Statement(parsing: payload, limits: limits)
    }
}

extension String {
    /// `application/vnd.in-toto.<predicate>+json`.
    var isStatementTypeOfOnePredicate: Bool {
        utf8.starts(with: "application/vnd.in-toto.".utf8) && utf8.reversed().starts(with: "+json".utf8.reversed())
    }
}
