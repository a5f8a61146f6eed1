import BenchmarkStore
import OCI
import RegistryCore

/// What is in a store of a certain size, and what it is called: the same shape at every size.
///
/// Of ten records one is the push of an image, the next is about that image, and the others are about content that is not here.
/// There are ten images in each repository, and one repository with as many tags as there are images.
struct Company: Sendable {
    let records: Int

    var images: Int { records / 10 }
    var repositories: Int { records / 100 }
    var tags: Int { images }

    // MARK: - Images

    func repository(of image: Int) -> String { Self.repository(image % repositories) }

    func tag(of image: Int) -> String { "1.\(image / repositories)" }

    static func manifest(_ image: Int) -> [UInt8] { Documents.manifest(image) }

    static func digest(_ image: Int) -> Digest { Digest(.sha256, of: manifest(image)) }

    /// The first of them is the first in the catalogue.
    static func repository(_ number: Int) -> String { "team-\(number % 100)/app-\(Self.digits(number))" }

    /// A build record that is about an image.
    static func build(of image: Int) -> Int { image * 10 + 1 }

    // MARK: - Blobs

    /// Each image has one that it shares with no other.
    static func blob(_ image: Int) -> [UInt8] {
        var bytes = Array("blob \(image) ".utf8)
        bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: image), count: 4096 - bytes.count)
        return bytes
    }

    static func blobDigest(_ image: Int) -> Digest { Digest(.sha256, of: blob(image)) }

    /// Content that all repositories have.
    static let base = Digest(.sha256, of: Array("in every repository".utf8))

    // MARK: - Many tags

    static let tagged = "many/tags"

    static func manyTag(_ number: Int) -> String { "v\(digits(number))" }

    /// Tags that point at the same image.
    static let tagsOfImage = 40

    /// The images of this repository are in no other.
    func taggedImage(_ tag: Int) -> Int { images + tag / Self.tagsOfImage }

    // MARK: - Referrers

    static let referring = "many/referrers"
    static let rareType = "application/vnd.example.rare"
    /// Referrers of most subjects, and referrers of the rare type that the one with many has.
    static let few = 5

    var subjects: Int { min(100, images) }
    /// Of the subject that has many.
    var referrers: Int { images / 10 }

    static func subject(_ number: Int) -> Digest { Documents.hash("subject", number) }

    /// The one with many referrers.
    static let popular = Documents.hash("popular subject", 0)

    static func referrer(_ number: Int, to subject: Digest, type: String) -> [UInt8] {
        Array(
            """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"\(type)",\
            "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"\(Documents.hash("empty", 0))","size":2},\
            "layers":[{"mediaType":"\(type)","digest":"\(Documents.hash("scan", number))","size":4096}],\
            "subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\(subject)","size":700},\
            "annotations":{"com.example.scan":"\(number)"}}
            """.utf8)
    }

    private static func digits(_ number: Int) -> String { String("\(1_000_000_000 + number)".dropFirst()) }
}
