import HTTPServing
import HTTPTypes
import Testing

@testable import RegistryAPI

@Suite struct `Adding a warning` {
    @Test func `writes code 299 from nobody, and no date`() {
        var response = Response(.ok)
        response.warn("soon gone")
        #expect(response.fields[values: .warning] == [#"299 - "soon gone""#])
    }

    @Test(arguments: [
        (#"a "b" c"#, #"299 - "a \"b\" c""#), (#"a\b"#, #"299 - "a\\b""#), (#"\""#, #"299 - "\\\"""#),
        ("", #"299 - """#),
    ])
    func `quotes what would end the text`(_ text: String, value: String) {
        var response = Response(.ok)
        response.warn(text)
        #expect(response.fields[values: .warning] == [value])
    }

    @Test(arguments: ["a\r\nSet-Cookie: b", "a\nb", "a\u{0}b", "a\u{7f}"])
    func `never lets a text end the line`(_ text: String) {
        var response = Response(.ok)
        response.warn(text)
        let values = response.fields[values: .warning]
        #expect(values.count == 1)
        #expect(values.allSatisfy { !$0.unicodeScalars.contains { $0 == "\r" || $0 == "\n" || $0 == "\u{0}" } })
    }

    @Test func `sends at most 4096 bytes in all, and keeps those that came first`() {
        var response = Response(.ok)
        for index in 0..<100 { response.warn("\(index) \(String(repeating: "x", count: 90))") }
        let values = response.fields[values: .warning]
        #expect(values.reduce(0) { $0 + $1.utf8.count } <= 4096)
        #expect(values.count == 40)
        #expect(values.first?.hasPrefix("299 - \"0 ") == true)
        response.warn("ok")
        #expect(response.fields[values: .warning].count == 41)
    }

    @Test(arguments: [(4088, 1), (4089, 0), (1_000_000, 0)])
    func `leaves out one that is too long alone`(_ length: Int, count: Int) {
        var response = Response(.ok)
        response.warn(String(repeating: "x", count: length))
        #expect(response.fields[values: .warning].count == count)
    }
}
