import Glibc
import OCI
import RegistryCore
import Synchronization

import struct Crypto.SHA256

/// Bytes that are pushed and pulled, with their digest.
struct Content: Sendable {
    /// One after the other they are the content. Contents of one maker share the first.
    let pieces: [[UInt8]]
    let digest: String
    let count: Int

    init(_ text: String) {
        self.init(pieces: [Array(text.utf8)], digest: Digest(.sha256, of: Array(text.utf8)))
    }

    fileprivate init(pieces: [[UInt8]], digest: Digest) {
        self.pieces = pieces
        self.digest = digest.description
        count = pieces.reduce(0) { $0 + $1.count }
    }

    var bytes: [UInt8] { Array(pieces.joined()) }
}

/// Makes contents of one size that no server has seen.
///
/// They differ in their last bytes only. All before is hashed once, so that making one costs the client nothing while a
/// server is measured.
final class ContentMaker: Sendable {
    private static let made = Atomic(0)
    private static let endCount = 32

    private let beginning: [UInt8]
    private let hash: SHA256

    init(size: Int) {
        precondition(size > Self.endCount, "a content of \(size) bytes has no room for what makes it unique")
        beginning = Self.randomBytes(size - Self.endCount)
        var hash = SHA256()
        beginning.withUnsafeBytes { hash.update(bufferPointer: $0) }
        self.hash = hash
    }

    func next() -> Content {
        let number = String(Self.made.wrappingAdd(1, ordering: .relaxed).newValue)
        let end = Array((String(repeating: "0", count: Self.endCount - number.utf8.count) + number).utf8)
        var hash = hash
        end.withUnsafeBytes { hash.update(bufferPointer: $0) }
        let digest = Digest(algorithm: .sha256, hash: Array(hash.finalize()))
        return Content(pieces: [beginning, end], digest: digest)
    }

    static func randomBytes(_ count: Int) -> [UInt8] {
        guard let file = fopen("/dev/urandom", "r") else { preconditionFailure("there is no /dev/urandom") }
        defer { fclose(file) }
        return [UInt8](unsafeUninitializedCapacity: count) { $1 = fread($0.baseAddress, 1, count, file) }
    }
}

/// An image of one layer.
struct Image: Sendable {
    let layer: Content
    let config: Content
    let manifest: Content

    /// - Parameter subject: the image that this one, an artifact then, is about.
    init(layer: Content, subject: Image? = nil) {
        self.layer = layer
        config = Content(
            #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["\#(layer.digest)"]}}"#)
        manifest = Content(
            """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest.rawValue)",\
            "config":{"mediaType":"\(MediaType.ociConfig.rawValue)","digest":"\(config.digest)","size":\(config.count)},\
            "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"\(layer.digest)",\
            "size":\(layer.count)}]\(subject.map { Self.member(subject: $0.manifest) } ?? "")}
            """)
    }

    private static func member(subject: Content) -> String {
        """
        ,"subject":{"mediaType":"\(MediaType.ociManifest.rawValue)","digest":"\(subject.digest)",\
        "size":\(subject.count)}
        """
    }
}
