import HTTPTypes
import Testing

@testable import HTTPWire

/// Whatever bytes arrive: no trap, the same meaning however they are cut, and nothing unchecked in what is delivered.
@Suite struct `Parsing mutated requests` {
    private static let seeds = [
        get("Accept: application/vnd.oci.image.manifest.v1+json, */*", "Accept-Encoding: gzip"),
        get("Connection: keep-alive", version: "1.0"),
        "PATCH /v2/a/blobs/uploads/1?_state=x%3D HTTP/1.1\r\nHost: [::1]:5000\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello",
        "PUT /v2/a/manifests/t?tag=x&tag=y HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}",
        "GET http://a.example:80/v2/?n=1 HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nHEAD /k%C3%A4se/ HTTP/1.1\r\nHost: a\r\nX-T: k\u{E4}se\r\nUser-Agent: docker/27\r\n\r\n",
    ].map { Array($0.utf8) }

    @Test(arguments: 1...8)
    func `gives one meaning and only checked heads`(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1500 {
            let seed = Self.seeds.randomElement(using: &generator) ?? []
            let bytes = mutation(of: seed, using: &generator)
            let cut = Int.random(in: 0...bytes.count, using: &generator)
            let whole = Reading(of: [bytes])
            let halves = Reading(of: [Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(whole == halves && whole == Reading(of: bytes.map { [$0] }))
            for head in whole.heads { check(head) }
        }
    }

    private func check(_ head: RequestHead) {
        let contentLengths = head.fields[values: .contentLength]
        let codings = head.fields[values: .transferEncoding]
        switch head.framing {
        case .none: #expect(contentLengths.isEmpty && codings.isEmpty)
        case .length(let length): #expect(contentLengths.count == 1 && codings.isEmpty && length >= 0)
        case .chunked: #expect(contentLengths.isEmpty && codings.count == 1 && head.version == .http11)
        }
        #expect(head.host != nil || head.version == .http10)
        #expect(head.fields.allSatisfy { $0.value.utf8.allSatisfy(\.isFieldValueByte) })
        #expect(head.target.path == "*" || head.target.path.hasPrefix("/"))
        for segment in head.target.segments {
            #expect(!["", ".", ".."].contains(segment))
            #expect(!segment.utf8.contains { $0.isControl || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") })
        }
        for item in head.target.queryItems { #expect(item.value.utf8.allSatisfy { !$0.isControl }) }
    }
}
