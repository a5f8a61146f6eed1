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
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 7)
        while bytes.count < count {
            withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
