import OCI
import RegistryTesting

import struct Crypto.SHA256

/// Content that is as long as one likes and takes no memory.
enum Zeros {
    private static let piece = [UInt8](repeating: 0, count: 1 << 20)

    static func digest(of count: Int64) throws -> Digest {
        var hash = SHA256()
        try forEachPiece(of: count) { hash.update(data: $0) }
        return try Digest(parsing: "sha256:" + hash.finalize().map(\.hex).joined())
    }

    /// Sends so many.
    ///
    /// - Parameter progress: told how many have been sent, before each MiB.
    static func send(_ count: Int64, on connection: TestConnection, progress: (Int64) -> Void = { _ in }) throws {
        var sent: Int64 = 0
        try forEachPiece(of: count) { piece in
            progress(sent)
            try connection.send(piece.count == self.piece.count ? self.piece : Array(piece))
            sent += Int64(piece.count)
        }
    }

    private static func forEachPiece(of count: Int64, _ body: (ArraySlice<UInt8>) throws -> Void) throws {
        var rest = count
        while rest > 0 {
            let piece = piece.prefix(Int(min(rest, Int64(piece.count))))
            try body(piece)
            rest -= Int64(piece.count)
        }
    }
}

extension UInt8 {
    fileprivate var hex: String { (self < 16 ? "0" : "") + String(self, radix: 16) }
}
