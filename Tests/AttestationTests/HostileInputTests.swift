import Attestation
import OCI
import RegistryTesting
import Testing

/// One document of each format that clients send, and the reader for it.
private struct Format: CustomTestStringConvertible {
    let testDescription: String
    let document: String
    let read: @Sendable ([UInt8]) throws -> Void

    static let all = [
        Format(testDescription: "envelope", document: Vector.envelope) { bytes in
            let envelope = try Envelope(parsing: bytes)
            _ = try envelope.statement().subjectDigests
        },
        Format(testDescription: "bundle", document: bundle) { try _ = SigstoreBundle(parsing: $0) },
        Format(testDescription: "BuildKit's statement", document: statementText(ProvenancePredicate.buildKitLocal)) {
            bytes in
            _ = BuildRecord(provenance: try Statement(parsing: bytes), now: now)?.json.serialized()
        },
        Format(testDescription: "Tekton's statement", document: statementText(ProvenancePredicate.tektonV02)) { bytes in
            _ = BuildRecord(provenance: try Statement(parsing: bytes), now: now)?.images
        },
        Format(testDescription: "plain record", document: plain) { bytes in
            _ = try BuildRecord(parsingPlain: bytes, now: now).json.serialized()
        },
        Format(testDescription: "cosign payload", document: Vector.cosignPayload) {
            try _ = SimpleSigning(parsing: $0)
        },
    ]

    private static let bundle = """
        {"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"certificate":{"rawBytes":"AQID"},
        "tlogEntries":[{}],"timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":"AQID"}]}},
        "dsseEnvelope":{"payload":"e30=","payloadType":"x","signatures":[{"sig":"AQID"}]}}
        """

    private static let plain = """
        {"subjects":["sha256:\(hex("a"))"],"startedOn":"2026-01-01T00:00:00.123456789+01:00",
         "revision":{"gitCommit":"\(hex("7", 40))"},"source":"https://a:b@git.example.com/x","labels":{"a":"b"},
         "invocation":"https://x.example/1"}
        """
}

@Suite struct `Hostile input` {
    @Test(arguments: Format.all)
    private func `is read as it is`(_ format: Format) throws {
        try format.read(bytes(format.document))
    }

    @Test(arguments: Format.all)
    private func `that is cut off anywhere is refused and never traps`(_ format: Format) {
        let document = bytes(format.document)
        for length in stride(from: 0, to: document.count, by: document.count > 4000 ? 3 : 1) {
            #expect(throws: AttestationError.self) { try format.read(Array(document[..<length])) }
        }
    }

    @Test(arguments: Format.all)
    private func `with changed bytes never traps, and its refusal can be shown`(_ format: Format) {
        var random = SplitMix(seed: 7)
        let document = bytes(format.document)
        for _ in 0..<1500 {
            var changed = document
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let position = Int.random(in: changed.indices, using: &random)
                changed[position] = UInt8.random(in: .min ... .max, using: &random)
            }
            do { try format.read(changed) } catch {
                #expect(isPresentable("\(error)"))
            }
        }
    }

    @Test(arguments: Format.all)
    private func `with pieces moved about never traps`(_ format: Format) {
        var random = SplitMix(seed: 11)
        let document = bytes(format.document)
        for _ in 0..<500 {
            var changed = document
            let start = Int.random(in: 0..<changed.count, using: &random)
            let piece = changed[start..<min(start + Int.random(in: 1...40, using: &random), changed.count)]
            changed.insert(contentsOf: piece, at: Int.random(in: 0...changed.count, using: &random))
            do { try format.read(changed) } catch {
                #expect(isPresentable("\(error)"))
            }
        }
    }

    @Test(arguments: Format.all)
    private func `with a key twice is refused`(_ format: Format) throws {
        let object = try #require(try json(format.document).object)
        for member in object.members {
            let twice = #"{"\#(member.key)":null,"# + format.document.drop { $0 != "{" }.dropFirst()
            #expect(throws: AttestationError.self) { try format.read(bytes(twice)) }
        }
    }

    @Test(arguments: Format.all)
    private func `nested without end is refused`(_ format: Format) {
        for bomb in [String(repeating: "[", count: 500_000), String(repeating: #"{"a":"#, count: 100_000)] {
            let document = #"{"bomb":"# + bomb
            #expect(throws: AttestationError.self) { try format.read(bytes(document)) }
        }
    }

    @Test(arguments: [Int.min, -1, 0, 1, Int.max])
    func `with numbers of any size as text never traps`(_ number: Int) throws {
        let times = #"{"runDetails":{"metadata":{"startedOn":"\#(number)-01-01T00:00:00Z","finishedOn":\#(number)}}}"#
        let record = BuildRecord(
            provenance: try statement(statementText(times)), now: Timestamp(seconds: Int64(number)))
        #expect(record?.startedOn == nil)
        #expect(record?.finishedOn == nil)
    }
}

/// Sebastiano Vigna's generator: the same numbers in every run.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
