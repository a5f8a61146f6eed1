/// What lies between a socket and its user, such as TLS. Used by one task at a time: on its loop or, while the task waits there, on a
/// lane.
package protocol SecureChannel: AnyObject, Sendable {
    /// Receives at most `buffer.count` bytes of content; 0 of them when the peer has ended its side.
    func receive(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> ChannelProgress

    /// Sends some of the bytes. After `.needsWritable` the same bytes must be sent again, and no fewer.
    func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> ChannelProgress

    /// Whether the kernel does what the channel is for, so that files need not come through this process.
    var sendsFiles: Bool { get }

    /// Sends a part of a file as `SharedDescriptor.send` does. Only where `sendsFiles`.
    func send(
        _ file: SharedDescriptor, from start: Int64, count: Int
    ) throws(SystemError) -> (sent: Int, isFull: Bool)

    /// Tells the peer that nothing more comes, if that is possible at once.
    func sayGoodbye()
}

/// What one try came to.
package enum ChannelProgress: Sendable, Equatable {
    /// So many bytes of content.
    case moved(Int)
    /// Nothing, until there is something to read from the socket.
    case needsReadable
    /// Nothing, until the socket has room.
    case needsWritable
}
