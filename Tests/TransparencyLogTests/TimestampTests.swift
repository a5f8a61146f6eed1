import FoundationEssentials
import RegistryTesting
import SwiftASN1
import Testing

@testable import TransparencyLog

private let message = bytes(Vectors.checkpoint3)
private let request = TimestampRequest(message: message, nonce: 0x8123_4567_89AB_CDEF)

@Suite struct `A request for a time stamp` {
    @Test func `is version 1, SHA-256, the nonce, and asks for certificates`() throws {
        let expected: [UInt8] =
            [0x30, 0x44, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0D, 0x06, 0x09]
            + [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20] + message.sha256
            + [0x02, 0x09, 0x00, 0x81, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0x01, 0x01, 0xFF]
        #expect(try request.bytes == expected)
    }
}

@Suite(.enabled(if: TimestampAuthority.program != nil, "openssl is needed"))
struct `A time stamp by openssl` {
    @Test(arguments: [0, 1, 0x7F, 0x80, 0x8123_4567_89AB_CDEF, .max])
    func `is accepted, and verified by openssl for this message only`(_ nonce: UInt64) async throws {
        let authority = try await TimestampAuthority()
        let request = TimestampRequest(message: message, nonce: nonce)
        let reply = try await authority.reply(to: request.bytes)
        let response = try TimestampResponse(parsing: reply)
        #expect(response.status == 0 && response.failure.isEmpty)
        let token = try response.check(against: request)
        #expect(abs(token.time - Int64(systemTime())) < 120)
        #expect(try token.response == reply)
        #expect(try TimestampToken(parsing: token.bytes) == token)

        for (answer, isToken) in [(token.bytes, true), (try token.response, false)] {
            let (isValid, text) = try await authority.verify(answer, of: message, isToken: isToken)
            #expect(isValid && text.contains("Verification: OK"))
            let changed = message.dropLast() + [message[message.count - 1] ^ 1]
            let (isStillValid, complaint) = try await authority.verify(answer, of: Array(changed), isToken: isToken)
            #expect(!isStillValid && complaint.contains("message imprint mismatch"))
        }
    }

    @Test func `is refused for another message, another nonce, and when bytes are missing or too many`() async throws {
        let reply = try await TimestampAuthority().reply(to: request.bytes)
        let response = try TimestampResponse(parsing: reply)
        #expect(throws: TimestampError.wrongImprint) {
            try response.check(against: TimestampRequest(message: message + [0], nonce: request.nonce))
        }
        for nonce in [0, 1, request.nonce ^ 1, request.nonce >> 8] {
            #expect(throws: TimestampError.wrongNonce) {
                try response.check(against: TimestampRequest(message: message, nonce: nonce))
            }
        }
        for count in reply.indices {
            #expect(throws: TimestampError.malformed) { try TimestampResponse(parsing: Array(reply[..<count])) }
        }
        #expect(throws: TimestampError.malformed) { try TimestampResponse(parsing: reply + [0]) }
        #expect(throws: TimestampError.malformed) { try TimestampResponse(parsing: reply + reply) }
    }

    @Test func `is read or refused, whatever was changed in it`() async throws {
        let reply = try await TimestampAuthority().reply(to: request.bytes)
        for body in damaged(reply, mutants: 20_000) {
            guard let token = try? TimestampResponse(parsing: body).token else { continue }
            #expect(token.bytes.count <= body.count)
        }
    }

    @Test func `that was not granted says why`() async throws {
        var query = try request.bytes
        query[19] ^= 0x7F  // the algorithm is now an unknown one
        let response = try TimestampResponse(parsing: await TimestampAuthority().reply(to: query))
        #expect(response.token == nil && response.status == 2)
        #expect(response.failure.contains("badAlg"))
        #expect(throws: TimestampError.refused(status: 2, failure: response.failure)) {
            try response.check(against: request)
        }
    }

    private func systemTime() -> Int { Int(Date().timeIntervalSince1970) }
}

@Suite struct `The answer of a time-stamp authority` {
    @Test(arguments: [
        [], [0x30, 0x00], [0x30, 0x03, 0x02, 0x01, 0x00], [0x30, 0x80, 0x00, 0x00], [0x30, 0x02, 0x30, 0x00],
        [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], [0x04, 0x02, 0x30, 0x00],
        [0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00, 0x00],
        [0x30, 0x09, 0x30, 0x03, 0x02, 0x01, 0x00, 0x30, 0x02, 0x05, 0x00],
        [UInt8](repeating: 0x30, count: 4096), Array("HTTP".utf8),
    ])
    func `that is none is refused`(_ body: [UInt8]) {
        #expect(throws: TimestampError.malformed) { try TimestampResponse(parsing: body) }
    }

    @Test func `without a token grants nothing`() throws {
        let granted = try TimestampResponse(parsing: [0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00])
        #expect(throws: TimestampError.noToken) { try granted.check(against: request) }
        for status: UInt8 in [2, 3, 4, 5, 0x7F, 0xFF] {
            let response = try TimestampResponse(parsing: [0x30, 0x05, 0x30, 0x03, 0x02, 0x01, status])
            #expect(throws: TimestampError.refused(status: Int(Int8(bitPattern: status)), failure: "")) {
                try response.check(against: request)
            }
        }
    }

    @Test func `shows what the authority says only as far as it fits a log line`() throws {
        for text in ["\r\n\u{1b}[31mé\0", String(repeating: "long ", count: 5000)] {
            let response = try TimestampResponse(parsing: refusal(Array(text.utf8), bits: [0xFF, 0xFF, 0xFF, 0xFF]))
            #expect(response.failure.utf8.count <= 200 && isPresentable(response.failure))
            #expect(isPresentable("\(TimestampError.refused(status: 2, failure: response.failure))"))
        }
        let response = try TimestampResponse(parsing: refusal(bytes("try later"), bits: [0x04, 0x02]))
        #expect(response.failure == "try later; badDataFormat; timeNotAvailable")
    }

    @Test func `over anything but a TSTInfo with SHA-256 is not supported`() throws {
        let infos: [(ASN1ObjectIdentifier, ASN1ObjectIdentifier, Int, ASN1ObjectIdentifier)] = [
            ([1, 2, 840, 113549, 1, 7, 1], Timestamping.timestampInfo, 1, Timestamping.sha256),
            (Timestamping.signedData, [1, 2, 840, 113549, 1, 7, 1], 1, Timestamping.sha256),
            (Timestamping.signedData, Timestamping.timestampInfo, 2, Timestamping.sha256),
            (Timestamping.signedData, Timestamping.timestampInfo, 1, [1, 3, 14, 3, 2, 26]),
        ]
        for (content, inner, version, algorithm) in infos {
            let token = try self.token(content, inner, version: version, algorithm: algorithm)
            #expect(throws: TimestampError.unsupportedToken) { try TimestampToken(parsing: token) }
        }
        #expect(try TimestampToken(parsing: token()).nonce == nil)
        let response = try TimestampResponse(parsing: TimestampToken(parsing: token()).response)
        #expect(throws: TimestampError.wrongNonce) { try response.check(against: request) }
    }

    @Test(arguments: [
        ("19700101000000Z", 0), ("20000229235959Z", 951_868_799), ("20000301000000Z", 951_868_800),
        ("20260101000000Z", 1_767_225_600), ("20260101000000.25Z", 1_767_225_600), ("19000301000000Z", -2_203_891_200),
        ("20241231235960Z", 1_735_689_600), ("99991231235959Z", 253_402_300_799), ("00000101000000Z", -62_167_219_200),
        ("00000301000000Z", -62_162_035_200),
    ])
    func `is at a second since 1970`(_ text: String, _ seconds: Int64) throws {
        #expect(try TimestampToken(parsing: token(time: text)).time == seconds)
    }

    @Test(arguments: ["20260101", "20261301000000Z", "20260230000000Z", "20260101000000", "20260101000000+0100", ""])
    func `at no time is refused`(_ text: String) throws {
        let bytes = try token(time: text)
        #expect(throws: TimestampError.malformed) { try TimestampToken(parsing: bytes) }
    }

    private func refusal(_ text: [UInt8], bits: [UInt8]) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.appendConstructedNode(identifier: .sequence) { response in
            try response.appendConstructedNode(identifier: .sequence) { info in
                try info.serialize(2)
                try info.appendConstructedNode(identifier: .sequence) {
                    try $0.serialize(ASN1UTF8String(contentBytes: text[...]))
                }
                try info.serialize(ASN1BitString(bytes: bits[...]))
            }
        }
        return serializer.serializedBytes
    }

    private func token(
        _ content: ASN1ObjectIdentifier = Timestamping.signedData,
        _ inner: ASN1ObjectIdentifier = Timestamping.timestampInfo, version: Int = 1,
        algorithm: ASN1ObjectIdentifier = Timestamping.sha256, time: String = "20260101000000Z"
    ) throws -> [UInt8] {
        var info = DER.Serializer()
        try info.appendConstructedNode(identifier: .sequence) { info in
            try info.serialize(version)
            try info.serialize([1, 2, 3] as ASN1ObjectIdentifier)
            try info.appendConstructedNode(identifier: .sequence) { imprint in
                try imprint.appendConstructedNode(identifier: .sequence) { try $0.serialize(algorithm) }
                try imprint.serialize(ASN1OctetString(contentBytes: request.imprint[...]))
            }
            try info.serialize(7)
            info.appendPrimitiveNode(identifier: .generalizedTime) { $0 += Array(time.utf8) }
        }
        var token = DER.Serializer()
        try token.appendConstructedNode(identifier: .sequence) { token in
            try token.serialize(content)
            try token.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { token in
                try token.appendConstructedNode(identifier: .sequence) { signed in
                    try signed.serialize(3)
                    signed.appendConstructedNode(identifier: .set) { _ in }
                    try signed.appendConstructedNode(identifier: .sequence) { content in
                        try content.serialize(inner)
                        try content.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) {
                            try $0.serialize(ASN1OctetString(contentBytes: info.serializedBytes[...]))
                        }
                    }
                }
            }
        }
        return token.serializedBytes
    }
}
