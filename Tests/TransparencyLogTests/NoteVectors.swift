import TransparencyLog

/// Notes that other implementations signed, with keys that everybody knows.
extension Vectors {
    static let origin = "registry.example.com"
    static let logSeed = Array(0x00...0x1F) as [UInt8]
    static let logKey = "registry.example.com+b9c66412+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    static let witnessName = "witness.example.org/w1"
    static let witnessSeed = Array(0x20...0x3F) as [UInt8]
    static let witnessKey = "witness.example.org/w1+f3c080b6+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
    static let witnessTime: Int64 = 1_767_225_600

    /// The tree of the entries `waybill-leaf-0` to `waybill-leaf-2`.
    static let checkpoint3 = """
        registry.example.com
        3
        4nplbbiA4pmbmMSYnAC3Mx+gqP0noRAM4VbM+7Ect5U=

        — registry.example.com \
        ucZkErjw0qAI79BD3WmqLpZp9cO+5QlPg4Cib+rPD+Zliiqw8tkA3nXtcap017q5Gw0vWhFE99rJhYCUuzfYwT6GhQ8=

        """

    static let cosignatureLine = """
        — witness.example.org/w1 \
        88CAtgAAAABpVbkACxCUUTBDN7PWhTFjtVh3kYtSilZdN/5icfQBFmLLqy8eAIp6+bb5ohasSCK0zEcYEROfglEiCzvE+5TthZauCQ==

        """

    static let proof3 = """
        c2sp.org/tlog-proof@v1
        index 1
        ciWnWhtrrBzE032CFM2eYTRO09myLWNknrpXMfadcgU=
        7S40knOCmTY0Nf5YllAZIMTNToLrYZ1dtaF4StJbchw=

        \(checkpoint3)
        """

    static let checkpoint300 = """
        registry.example.com
        300
        aoUxHlKJTzd3L0WKg26dmpKtAWQ4GvBRL6dsRyY8IyU=

        — registry.example.com \
        ucZkEkFJuDDThGBQkA1W/qMwDJ18h/iX/ElV8uPIFh/lHuIT1NeVf0800dKIOFwAjyqRzi0vTlnNT8uX3kMPfK3xAQ0=

        """

    static let checkpoint600 = """
        registry.example.com
        600
        vKWdLrTk0L3Wr1daoZD1IFNs4owEWeMmqe8B+gqbkoY=

        — registry.example.com \
        ucZkEs8vpc6XBuv3umyNOG9mr0lW7RntFjFn98nsqucuqizW7biU/R8acauKexPV+mEbjj704aLNPQHDeOW/jDIHHQQ=

        """

    /// An entry of the tree of 600 leaves.
    static let entry598 = [
        #"{"actor":"ci:team/app","builder":"https://ci.example.com/runners/hosted@v1","#,
        #""envelopeSha256":"b75f573a4598b4e2eefcf6ed79511849cf0431ac6f460559bae83a5362ce006f","kind":"build","#,
        #""labelsSha256":"73187f18b3e7f2b8474760e3562c312905abfd208567c1656617d760ddd44bc4","#,
        #""origin":"registry.example.com","predicateType":"https://slsa.dev/provenance/v1","#,
        #""repository":"team/app","revision":"gitCommit:7fd1a60b01f91b314f59955a4e4d4e80d8edf11d","#,
        #""statementSha256":"0d1b4bf2caf212fe77ed525f25d6d2337c2d17bcc335d8344d893dd606395dcd","#,
        #""subjectDigest":"sha256:c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00","#,
        #""time":"2026-01-01T00:02:15Z","v":"waybill.ledger/v1"}"#,
    ].joined()

    static let proof598 = [
        "8k9TeuJ/R6obAa9RBRqRZdXH1mVllGFQhUy2HiAE9pk=", "UobWtByyn1tX1ny7/6nvACxVekKZhwEhSfXF/N+0jrg=",
        "o898akoZS3JZ0LwRb+uwB8Slf5d2mHGBGoK8Op6n0R8=", "mU9Ei1xks57ZbJQpjvJ7VZkl9eBj95mYzFK2u6xjpg4=",
        "Fe0ueqiOBetcqakWo+NShUtwvQYsyVYIfG4+lWyd61o=", "oyjo9CEvLZ2794MwX/UgEh5pYc6Y+3mYBtpaOYcfzac=",
    ].compactMap { TreeHash(base64: $0.utf8) }

    /// Its leaf hash.
    static let leaf598 = "37b1194671c0f8d5f3b75a9d01546050fc47b087bbb06e21d4698f268f74d455"

    /// The example of c2sp.org/signed-note.
    static let exampleKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    static let exampleNote = """
        This is an example message.

        — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=

        """

    /// The example of c2sp.org/tlog-cosignature.
    static let exampleCheckpoint = """
        example.com/behind-the-sofa
        20852163
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

        — example.com/behind-the-sofa \
        Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
        — witness.example.com/w1 \
        jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==

        """
}

/// Keys that sign in tests. The same number gives the same key.
enum Keys {
    static func log(_ name: String = Vectors.origin, number: UInt8 = 0) throws -> SignerKey {
        try SignerKey(name: KeyName(parsing: name), seed: Vectors.logSeed.map { $0 &+ number })
    }

    static func witness(_ number: UInt8 = 0) throws -> CosignerKey {
        try CosignerKey(
            name: KeyName(parsing: "witness.example.org/w\(Int(number) + 1)"),
            seed: Vectors.witnessSeed.map { $0 &+ number })
    }
}

func checkpoint(_ text: String) throws(CheckpointError) -> SignedCheckpoint {
    try SignedCheckpoint(parsing: bytes(text))
}

/// Every beginning of `bytes`, and many mutants.
func damaged(_ bytes: [UInt8], mutants count: Int = 2000, seed: UInt64 = 1) -> [[UInt8]] {
    var generator = SeededGenerator(seed: seed)
    return bytes.indices.map { Array(bytes[..<$0]) } + mutants(of: bytes, count: count, using: &generator)
}

/// Whether a message is fit for a log line and an HTTP status line.
func isPresentable(_ message: String) -> Bool {
    message.utf8.count < 1000 && message.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
}
