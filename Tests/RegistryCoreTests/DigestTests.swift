import OCI
import RegistryTesting
import Testing

@testable import RegistryCore

@Suite struct `Hashing content` {
    // FIPS 180-4, the examples that NIST publishes.
    @Test(arguments: [
        ("", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "",
            "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        ),
        (
            "abc",
            "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ])
    func `gives the digest that the standard gives`(_ text: String, _ digest: String) throws {
        let expected = try Digest(parsing: digest)
        #expect(Digest(expected.algorithm, of: Array(text.utf8)) == expected)
    }

    @Test(arguments: Digest.Algorithm.allCases)
    func `does not depend on how the content is cut`(_ algorithm: Digest.Algorithm) {
        let bytes = Fixture.bytes(1000)
        var hasher = ContentHasher(algorithm)
        for start in stride(from: 0, to: bytes.count, by: 7) {
            bytes[start..<min(start + 7, bytes.count)].withUnsafeBytes { hasher.update($0) }
        }
        #expect(hasher.digest == Digest(algorithm, of: bytes))
    }

    @Test func `goes on after the digest so far was taken`() {
        var hasher = ContentHasher(.sha256)
        Array("a".utf8).withUnsafeBytes { hasher.update($0) }
        #expect(hasher.digest == Digest(.sha256, of: Array("a".utf8)))
        Array("bc".utf8).withUnsafeBytes { hasher.update($0) }
        #expect(hasher.digest == Digest(.sha256, of: Array("abc".utf8)))
    }
}

@Suite struct `The name of an upload` {
    /// Gives the same bits for ever.
    private struct Constant: RandomNumberGenerator {
        let bits: UInt64
        mutating func next() -> UInt64 { bits }
    }

    @Test(arguments: [
        (UInt64.min, "00000000-0000-4000-8000-000000000000"), (UInt64.max, "ffffffff-ffff-4fff-bfff-ffffffffffff"),
        (0x0123_4567_89ab_cdef, "01234567-89ab-4def-8123-456789abcdef"),
    ])
    func `is a random UUID, version 4`(_ bits: UInt64, _ text: String) {
        var random = Constant(bits: bits)
        #expect(UploadID(using: &random).description == text)
    }

    @Test func `is another each time`() {
        var random = SystemRandomNumberGenerator()
        let ids = (0..<100).map { _ in UploadID(using: &random) }
        #expect(Set(ids).count == 100)
        #expect(ids.allSatisfy { UploadID(parsing: $0.description) == $0 })
    }

    @Test(arguments: [
        "", "0", "00000000-0000-4000-8000-00000000000", "00000000-0000-4000-8000-0000000000000",
        "00000000-0000-4000-8000-00000000000G", "00000000-0000-4000-8000-00000000000A",
        "00000000_0000_4000_8000_000000000000", "00000000-0000-4000-80000-00000000000", "../../../etc/passwd",
        "00000000-0000-4000-8000-00000000/../", "00000000-0000-4000-8000-0000000000é",
        "00000000-0000-4000-8000-00000000000\u{0}",
    ])
    func `is read only in its own spelling`(_ text: String) {
        #expect(UploadID(parsing: text) == nil)
    }
}
