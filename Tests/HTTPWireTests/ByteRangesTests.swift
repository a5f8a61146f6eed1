import Testing

@testable import HTTPWire

@Suite struct `Reading a Range field` {
    @Test(
        arguments: [
            ("bytes=0-0", [0...0]), ("bytes=0-99", [0...99]), ("bytes=10-", [10...99]), ("bytes=-5", [95...99]),
            ("bytes=99-", [99...99]), ("bytes=0-1000", [0...99]), ("bytes=-1000", [0...99]), ("BYTES=1-2", [1...2]),
            ("bytes=0-99999999999999999999", [0...99]), ("bytes=-99999999999999999999", [0...99]),
            ("bytes=007-008", [7...8]), ("bytes= 1-2 , 4-5 ", [1...2, 4...5]), ("bytes=,1-2,,", [1...2]),
        ] as [(String, [ClosedRange<Int64>])])
    func `finds ranges and clamps them to the content`(_ field: String, _ ranges: [ClosedRange<Int64>]) {
        #expect(RangeRequest.parse(field, size: 100) == .ranges(ranges))
    }

    @Test(
        arguments: [
            ("bytes=50-59,0-9", [50...59, 0...9]), ("bytes=0-9,10-19", [0...9, 10...19]),
            ("bytes=0-9,5-14", [0...14]), ("bytes=5-14,0-9", [0...14]), ("bytes=0-9,20-29,5-24", [0...29]),
            ("bytes=0-9,50-59,5-6,90-", [0...9, 50...59, 90...99]), ("bytes=0-,0-,0-", [0...99]),
            ("bytes=60-69,0-9,65-70,20-29", [60...70, 0...9, 20...29]), ("bytes=200-,0-1", [0...1]),
            ("bytes=9-0,0-1", [0...1]),
        ] as [(String, [ClosedRange<Int64>])])
    func `joins what overlaps and keeps the order`(_ field: String, _ ranges: [ClosedRange<Int64>]) {
        #expect(RangeRequest.parse(field, size: 100) == .ranges(ranges))
    }

    @Test(arguments: [
        "", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=1", "bytes=1-2-3", "bytes=--1", "bytes=+1-2",
        "bytes=1-+2",
        "items=0-5", "bytes 0-5", "bytes=0 - 5", "bytes=0-5;q=1", "bytes=0-5, x", "bytes=0x0-5", "bytes:0-5",
        "bytes=٠-٥", "=0-5",
        "bytes =0-5", "bytes=0-1, bytes=2-3", "bytes=\"0-1\"",
    ])
    func `ignores what is malformed or of another unit`(_ field: String) {
        #expect(RangeRequest.parse(field, size: 100) == .whole)
    }

    @Test func `ignores an absent field`() {
        #expect(RangeRequest.parse(nil, size: 100) == .whole)
    }

    @Test(arguments: [
        "bytes=100-", "bytes=100-200", "bytes=-0", "bytes=500-0", "bytes=1-0", "bytes=99999999999999999999-",
        "bytes=100-,-0",
    ])
    func `says when nothing of it exists`(_ field: String) {
        #expect(RangeRequest.parse(field, size: 100) == .unsatisfiable)
    }

    @Test(arguments: ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"])
    func `finds nothing in empty content`(_ field: String) {
        #expect(RangeRequest.parse(field, size: 0) == .unsatisfiable)
    }

    @Test func `ignores more ranges than the limit`() {
        let field = { (count: Int) in "bytes=" + (0..<count).map { "\($0 * 2)-\($0 * 2)" }.joined(separator: ",") }
        #expect(RangeRequest.parse(field(17), size: 100) == .whole)
        guard case .ranges(let ranges) = RangeRequest.parse(field(16), size: 100) else {
            Issue.record("sixteen ranges were not accepted")
            return
        }
        #expect(ranges.count == 16)
    }

    @Test func `gives ranges inside the content, apart from each other, whatever is asked`() {
        var generator = SeededGenerator(seed: 9110)
        let seeds = ["bytes=0-9,5-14,-3", "bytes=10-", "bytes=9223372036854775807-9223372036854775807,-1"].map {
            Array($0.utf8)
        }
        for _ in 0..<20_000 {
            let bytes = mutation(of: seeds.randomElement(using: &generator) ?? [], using: &generator)
            let size = ([0, 1, 12, 1 << 40, .max] as [Int64]).randomElement(using: &generator) ?? 0
            guard case .ranges(let ranges) = RangeRequest.parse(String(decoding: bytes, as: UTF8.self), size: size)
            else { continue }
            for (index, range) in ranges.enumerated() {
                #expect(range.lowerBound >= 0 && range.upperBound < size)
                #expect(!ranges[..<index].contains { $0.overlaps(range) })
            }
        }
    }
}

@Suite struct `Framing several ranges` {
    @Test func `writes what RFC 9110 §14_6 shows, and counts it exactly`() {
        let multipart = MultipartByteRanges(
            contentType: "application/pdf", size: 8000, ranges: [500...999, 7000...7999], boundary: "THIS")
        #expect(multipart.contentType == "multipart/byteranges; boundary=THIS")
        var body: [UInt8] = []
        for part in multipart.parts { body += part.head + [UInt8](repeating: 0x78, count: part.range.count) }
        body += multipart.closing
        let expected =
            "--THIS\r\nContent-Type: application/pdf\r\nContent-Range: bytes 500-999/8000\r\n\r\n"
            + String(repeating: "x", count: 500)
            + "\r\n--THIS\r\nContent-Type: application/pdf\r\nContent-Range: bytes 7000-7999/8000\r\n\r\n"
            + String(repeating: "x", count: 1000) + "\r\n--THIS--\r\n"
        #expect(String(decoding: body, as: UTF8.self) == expected)
        #expect(multipart.contentLength == Int64(body.count))
    }

    @Test func `lets no content type begin a new line`() {
        let multipart = MultipartByteRanges(contentType: "a/b\r\nX: 1", size: 9, ranges: [0...1], boundary: "B")
        #expect(String(decoding: multipart.parts[0].head, as: UTF8.self).contains("Content-Type: a/b  X: 1\r\n"))
    }
}

@Suite struct `Reading the Content-Range of an upload` {
    @Test(
        arguments: [
            ("0-9", 0...9), ("5-5", 5...5), ("bytes 0-9", 0...9), ("bytes 0-9/10", 0...9), ("0-9/*", 0...9),
            ("bytes 0-9/*", 0...9),
            ("Bytes 10-19/20", 10...19), ("0-9223372036854775807", 0...Int64.max), ("00-09", 0...9),
            ("0-9/99999999999999999999", 0...9),
        ] as [(String, ClosedRange<Int64>)])
    func `accepts the form of OCI and that of RFC 9110`(_ field: String, _ range: ClosedRange<Int64>) {
        #expect(ContentRange(field) == .range(range))
    }

    @Test(arguments: [
        "", "-", "0-", "-9", "9-0", "0--1", "a-b", "bytes", "bytes ", "bytes=0-9", "0-9/", "0-9/5", "0-9/9", "0-9/x",
        "0-9 ", " 0-9",
        "0 - 9", "+0-9", "0-9-10", "*/10", "bytes */10", "0-99999999999999999999",
        "99999999999999999999-99999999999999999999",
        "bytes  0-9", "0-9/*/", "٠-٩",
    ])
    func `refuses anything else`(_ field: String) {
        #expect(ContentRange(field) == .invalid)
    }

    @Test func `distinguishes none from a bad one`() {
        #expect(ContentRange(nil) == .absent)
    }

    @Test func `writes the forms of a response`() {
        #expect(ContentRange.text(0...9, size: 10) == "bytes 0-9/10")
        #expect(ContentRange.unsatisfiedText(size: 10) == "bytes */10")
    }
}
