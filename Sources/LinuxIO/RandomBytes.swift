import Glibc

/// Random bytes, as what they are: something that comes from outside and is handed in.
package struct RandomBytes: Sendable {
    private let make: @Sendable (Int) -> [UInt8]

    /// A source that answers `make` with as many bytes as it is asked for; tests hand in their own.
    package init(_ make: @escaping @Sendable (Int) -> [UInt8]) {
        self.make = make
    }

    /// `count` bytes that nobody can guess.
    package func callAsFunction(_ count: Int) -> [UInt8] { make(count) }

    /// The kernel's.
    package static let system = RandomBytes { count in
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let piece = UnsafeMutableBufferPointer(
                    rebasing: buffer[filled..<min(count, filled + mostAtOnce)])
                let result = getentropy(piece.baseAddress, piece.count)
                precondition(result == 0, "the kernel gives no random bytes")
                filled += piece.count
            }
        }
    }

    /// What getentropy(3) gives in one call.
    private static let mostAtOnce = 256
}
