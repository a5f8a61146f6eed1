import FoundationEssentials
import OCI
import RegistryTesting
import Testing
import TransparencyLog

/// Reads the log as anybody can, and believes only what it has computed itself.
struct Auditor {
    /// The key of the log of the tests, as it was made by another program.
    static let key = "registry.example.com+b9c66412+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"

    let server: TestServer

    /// The checkpoint at a path, once its signature has been verified.
    func checkpoint(_ path: String = "/checkpoint") throws -> SignedCheckpoint {
        let answer = try server.get(path)
        guard answer.status == 200 else { throw TestConnection.Failure.malformed("\(path): \(answer.text)") }
        let checkpoint = try SignedCheckpoint(parsing: answer.body)
        try checkpoint.verify(by: VerifierKey(parsing: Self.key))
        return checkpoint
    }

    /// How many leaves the log has.
    func size() throws -> Int64 { try checkpoint().checkpoint.size }

    /// The entries of a tree of fewer than 256.
    func entries(_ size: Int64) throws -> [[UInt8]] {
        let answer = try server.get("/tile/entries/000.p/\(size)")
        guard answer.status == 200 else { throw TestConnection.Failure.malformed("entries: \(answer.text)") }
        return try EntryBundle(parsing: answer.body, count: Int(size)).entries
    }

    /// One entry as JSON, of a log of fewer than 256.
    func leaf(_ index: Int64) throws -> JSONValue {
        try JSONValue(parsing: try entries(index + 1)[Int(index)])
    }

    /// SHA-256 of a leaf (RFC 9162 §2.1.1).
    static func hash(ofLeaf entry: [UInt8]) -> [UInt8] { ([0] + entry).digest.hash }

    /// The root over hashes of leaves (RFC 9162 §2.1.1), by the letter of the definition.
    static func root(of hashes: ArraySlice<[UInt8]>) -> [UInt8] {
        guard hashes.count > 1 else { return hashes.first ?? [UInt8]().digest.hash }
        var half = 1
        while half * 2 < hashes.count { half *= 2 }
        let middle = hashes.startIndex + half
        return ([1] + root(of: hashes[..<middle]) + root(of: hashes[middle...])).digest.hash
    }

    /// What trusts the log and wants no witness.
    static func policy() throws -> Policy { try Policy(parsing: [UInt8]("log \(key)\nquorum none\n")) }
}

extension TestResponse {
    /// Whether it is a problem document of this status with a sentence for a human.
    func isProblem(_ status: Int, saying fragment: String = "") -> Bool {
        guard self.status == status, self["Content-Type"] == "application/problem+json",
            json?["status"]?.int64 == Int64(status), let detail = json?["detail"]?.string
        else { return false }
        return detail.contains(" ") && detail.utf8.count < 1000 && detail.utf8.allSatisfy { (0x20..<0x7f).contains($0) }
            && detail.contains(fragment)
    }
}

extension [UInt8] {
    /// Decodes Base64 in either alphabet, with or without padding, by Foundation.
    init?(base64 text: String) {
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: standard + (text.contains("=") ? "" : padding)) else { return nil }
        self = Array(data)
    }

    var base64: String { Data(self).base64EncodedString() }
}
