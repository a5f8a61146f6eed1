import OCI
import Testing
import TraceView

@Suite struct `The name of an image to trace` {
    private static let digest = "sha256:\(String(repeating: "a", count: 64))"

    @Test(arguments: [
        ("127.0.0.1:5000/team/app:v1", "http://127.0.0.1:5000/team/app:v1"),
        ("localhost/app", "http://localhost/app:latest"), ("[::1]:5000/app:v1", "http://[::1]:5000/app:v1"),
        ("registry.example.com/app:v1", "https://registry.example.com/app:v1"),
        ("http://registry.example.com/app:v1", "http://registry.example.com/app:v1"),
        ("https://127.0.0.1:5000/app:v1", "https://127.0.0.1:5000/app:v1"),
        ("http://host/app", "http://host/app:latest"),
        ("127.0.0.1.example.com/app:v1", "https://127.0.0.1.example.com/app:v1"),
        ("127.evil/app:v1", "https://127.evil/app:v1"),
        ("127.0.0.1:5000/app@\(digest)", "http://127.0.0.1:5000/app@\(digest)"),
        ("127.0.0.1:5000/app:v1@\(digest)", "http://127.0.0.1:5000/app@\(digest)"),
        ("http://user:secret@registry.example.com/app:v1", "http://registry.example.com/app:v1"),
    ])
    func `says which server is asked, and how`(_ text: String, _ read: String) throws {
        #expect(try "\(ImageAddress(text))" == read)
    }

    @Test(arguments: [
        ("team/app:v1", "http://127.0.0.1:5000", "http://127.0.0.1:5000/team/app:v1"),
        ("app", "registry.example.com/", "https://registry.example.com/app:latest"),
        (digest, "http://host", "\(digest) at http://host"),
        ("app@\(digest)", "http://host", "http://host/app@\(digest)"),
    ])
    func `may leave the server to an option`(_ text: String, _ server: String, _ read: String) throws {
        #expect(try "\(ImageAddress(text, server: server))" == read)
    }

    @Test(arguments: [
        "", "app", "app:v1", "team/app:v1", digest, "127.0.0.1:5000/", "127.0.0.1:5000/App:v1", "127.0.0.1:5000/app:",
        "127.0.0.1:5000/app:v1:v2", "127.0.0.1:5000/app@sha256:1", "127.0.0.1:5000/app@", "http:///app",
        "a\u{1B}.b/app",
        "a.b?x=/app",
    ])
    func `is refused with what to write instead`(_ text: String) {
        let error = #expect(throws: ImageAddressError.self) { try ImageAddress(text) }
        #expect(error.map { "\($0)".unicodeScalars.allSatisfy { $0.value >= 0x20 } } == true)
    }

    @Test(arguments: ["", "http://", "ftp://host", "http://a b", "http://host/?x", "http://host#x"])
    func `needs a server that is one`(_ server: String) {
        #expect(throws: ImageAddressError.malformedServer(server)) { try ImageAddress("app:v1", server: server) }
        #expect(throws: ImageAddressError.self) { try ImageAddress("127.0.0.1:5000/app:v1", server: "http://host") }
    }
}
