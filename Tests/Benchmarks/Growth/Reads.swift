import BenchmarkStore
import OCI
import RegistryTesting

/// One way of reading, and requests for it that are spread over the whole store.
struct Read: Sendable {
    let name: String
    var isHead = false
    var status = 200
    /// Why this may grow; nil when it may not.
    var reason: String?
    /// The path of the request with this number.
    let path: @Sendable (Int) -> String
}

/// Every way of reading, in a store of a certain size.
struct Reads: Sendable {
    private let company: Company
    /// A moment behind nine tenths of the records.
    private let late: String

    /// - Parameter server: asked for what cannot be computed.
    init(of company: Company, on server: WaybillServer) throws {
        self.company = company
        let record = try server.request("GET", "/provenance/records/\(company.records / 10 * 9)")
        late = try JSONValue(parsing: record.body)["time"]?.string ?? ""
    }

    var all: [Read] { content + lists + history + log + searches }

    /// A number from 0 to `count`, another for each request and the same in every run.
    private static func pick(_ number: Int, of count: Int) -> Int {
        // SplitMix64.
        var mixed = UInt64(number + 1) &* 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((mixed ^ (mixed >> 31)) % UInt64(count))
    }

    /// One of the images that are also in a build record.
    private func image(_ number: Int) -> Int { Self.pick(number, of: company.images / 10 * 9) }

    private var content: [Read] {
        [
            Read(name: "manifest by tag") { number in
                let image = image(number)
                return "/v2/\(company.repository(of: image))/manifests/\(company.tag(of: image))"
            },
            Read(name: "manifest by tag, among many tags") { number in
                "/v2/\(Company.tagged)/manifests/\(Company.manyTag(Self.pick(number, of: company.tags)))"
            },
            Read(name: "manifest by digest") { number in
                let image = image(number)
                return "/v2/\(company.repository(of: image))/manifests/\(Company.digest(image))"
            },
            Read(name: "manifest that is not there", status: 404) { number in
                let image = image(number)
                return "/v2/\(company.repository(of: image))/manifests/\(Documents.hash("absent", number))"
            },
            Read(name: "HEAD blob", isHead: true) { blob(image($0)) },
            Read(name: "GET blob, 4 KiB") { blob(image($0)) },
            Read(name: "HEAD blob that is not there", isHead: true, status: 404) { number in
                "/v2/\(company.repository(of: image(number)))/blobs/\(Documents.hash("absent", number))"
            },
        ]
    }

    private func blob(_ image: Int) -> String {
        "/v2/\(company.repository(of: image))/blobs/\(Company.blobDigest(image))"
    }

    private var lists: [Read] {
        [
            Read(name: "tags, first 100") { _ in "/v2/\(Company.tagged)/tags/list?n=100" },
            Read(name: "tags, 100 after most") { number in
                let last = company.tags / 10 * 8 + Self.pick(number, of: company.tags / 10)
                return "/v2/\(Company.tagged)/tags/list?n=100&last=\(Company.manyTag(last))"
            },
            Read(name: "catalogue, first 50") { _ in "/v2/_catalog?n=50" },
            Read(name: "catalogue, 20 further on") { number in
                // Names are in the order of their bytes: behind each of these there are 20 in every store.
                let team = Self.pick(number, of: 71)
                let hundred = Self.pick(number, of: company.repositories / 100)
                return "/v2/_catalog?n=20&last=\(Company.repository(hundred * 100 + team))"
            },
            Read(name: "referrers of an image") { number in
                let subject = Company.subject(Self.pick(number, of: company.subjects))
                return "/v2/\(Company.referring)/referrers/\(subject)"
            },
            Read(name: "referrers of a rare type, among many") { _ in
                "/v2/\(Company.referring)/referrers/\(Company.popular)?artifactType=\(Company.rareType)"
            },
        ]
    }

    private var history: [Read] {
        [
            Read(name: "provenance of an image") { "/provenance/\(Company.digest(image($0)))" },
            Read(name: "provenance of a blob") { "/provenance/\(Company.blobDigest(image($0)))" },
            Read(name: "provenance of what is not there", status: 404) { number in
                "/provenance/\(Documents.hash("absent", number))"
            },
            Read(name: "provenance of a blob that all have", reason: "as long as the answer") { _ in
                "/provenance/\(Company.base)"
            },
            Read(name: "attestations of an image") { "/attestations/\(Company.digest(image($0)))" },
            Read(name: "record") { "/provenance/records/\(Self.pick($0, of: company.records))" },
            Read(name: "proof of a record", reason: Self.logarithm) { number in
                "/provenance/records/\(Self.pick(number, of: company.records))/proof"
            },
            Read(name: "facets") { _ in "/provenance/_facets" },
        ]
    }

    private var searches: [Read] {
        let late = company.records / 10 * 9
        return [
            search("label that few have") { "label=com.example.change=CHG\(Self.pick($0, of: company.records / 10))" },
            search("label that many have") { "label=com.example.team=team-\(Self.pick($0, of: 20))&limit=20" },
            search("label that many have, late page") { number in
                "label=com.example.team=team-\(Self.pick(number, of: 20))&limit=20&cursor=\(late)"
            },
            search("revision") { "revision=\(Documents.commit(Self.pick($0, of: company.records / 10)))" },
            search("revision by its beginning") { number in
                "revision=\(Documents.commit(Self.pick(number, of: company.records / 10)).prefix(12))"
            },
            search("builder") { "builder=\(Documents.builder(Self.pick($0, of: 20)))&limit=20" },
            search("builder, late page") { number in
                "builder=\(Documents.builder(Self.pick(number, of: 20)))&limit=20&cursor=\(late)"
            },
            search("repository") { "repository=\(company.repository(of: image($0)))" },
            search("kind, late page") { _ in "kind=push&limit=20&cursor=\(company.records / 20)" },
            search("time") { _ in "since=\(self.late)&limit=20" },
            search("base image, first page") { "base=\(Documents.hash("base", Self.pick($0, of: 50)))&limit=20" },
            search("label and builder that never meet") { _ in
                "label=com.example.team=team-1&builder=https://ci.example.com/nobody&limit=20"
            },
            search("repository and kind that never meet") { number in
                "repository=\(company.repository(of: image(number)))&kind=key"
            },
            search("predicate type that nobody has") { _ in "predicateType=https://example.com/nothing/v1" },
        ]
    }

    private func search(_ name: String, _ query: @escaping @Sendable (Int) -> String) -> Read {
        Read(name: "search: \(name)") { "/provenance?\(query($0))" }
    }

    private var log: [Read] {
        let tiles = company.records / 256
        return [
            Read(name: "checkpoint") { _ in "/checkpoint" },
            Read(name: "tile of hashes") { "/tile/0/\(Self.tile(Self.pick($0, of: tiles)))" },
            Read(name: "tile of entries") { "/tile/entries/\(Self.tile(Self.pick($0, of: tiles)))" },
            Read(name: "consistency of the log", reason: Self.logarithm) { number in
                "/log/consistency?old=\(Self.pick(number, of: company.records) + 1)&new=\(company.records)"
            },
        ]
    }

    private static let logarithm = "as long as the logarithm"

    /// The number of a tile as a path: c2sp.org/tlog-tiles, "three-digit path elements".
    private static func tile(_ number: Int) -> String {
        let last = String(String(1000 + number % 1000).dropFirst())
        return number < 1000 ? last : "x" + tile(number / 1000).drop { $0 == "x" } + "/" + last
    }
}
