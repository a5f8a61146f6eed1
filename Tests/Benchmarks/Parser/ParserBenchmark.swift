import HTTPWire

/// Parses the head of a pull as often as its argument says, for an instrument that counts what that takes.
@main struct ParserBenchmark {
    static func main() {
        let head = Array(
            """
            GET /v2/library/app/manifests/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 HTTP/1.1\r
            Host: registry.example.com\r
            User-Agent: containerd/2.1.4\r
            Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, */*\r
            Accept-Encoding: gzip\r
            \r

            """.utf8)
        var parser = RequestParser(limits: HeadLimits())
        for _ in 0..<(Int(CommandLine.arguments.last ?? "") ?? 0) {
            guard case (.deliver, head.count) = parser.receive(head.span) else {
                preconditionFailure("the head is one, and nothing is behind it")
            }
        }
    }
}
