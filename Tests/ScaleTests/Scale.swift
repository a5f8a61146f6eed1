import BenchmarkLoad
import Glibc

/// How large these tests are: small enough to be run with all others, or as large as `make test-heavy` makes them.
enum Scale {
    static let isHeavy = getenv("WAYBILL_TEST_HEAVY") != nil

    /// A blob that is larger than memory: 100 GB, or 8.
    static let hugeBlob: Int64 = isHeavy ? 100_000_000_000 : 8_000_000_000
    /// Bytes of a push beside which others pull.
    static let push: Int64 = isHeavy ? 10 << 30 : 256 << 20
    /// Bytes of a push whose connection breaks. It is written to the disk in full, so the largest needs room there.
    static let brokenPush: Int64 = isHeavy ? (freeBytes > 64 << 30 ? 20 << 30 : 8 << 30) : 64 << 20
    /// Requests of each normal client.
    static let requests = isHeavy ? 400 : 20

    /// What tests may write below /tmp.
    private static var freeBytes: Int64 {
        var status = statvfs()
        guard statvfs("/tmp", &status) == 0 else { return 0 }
        return Int64(status.f_bavail) * Int64(status.f_frsize)
    }

    /// Says a figure of a heavy test. The others have none: they run beside too much else.
    static func report(_ text: String) {
        if isHeavy { announce(text) }
    }
}
