import LinuxIO
import OCI

/// One request's turn at an upload: takes the bytes of a body and hands them to the upload's lane.
///
/// Two buffers, which are small when the memory for them is short: while the lane hashes and writes one, the loop receives into the other and queues it behind. The lane goes
/// from one to the next without waiting to be told.
final class UploadIntake {
    let id: UploadID
    let file: UploadFile
    let turn: UploadFile.Turn
    let lane: Lane
    private let bufferSize: Int
    private let memory: MemoryBudget

    /// Bytes of a buffer for which there is no memory left. What is as small is part of what a connection takes anyway.
    private static let smallBuffer = 16 * 1024

    init(
        id: UploadID, file: UploadFile, turn: UploadFile.Turn, lane: Lane, bufferSize: Int, memory: MemoryBudget
    ) {
        self.memory = memory
        self.id = id
        self.file = file
        self.turn = turn
        self.lane = lane
        self.bufferSize = bufferSize
    }

    /// Bytes that had been received when the turn began.
    var startOffset: Int64 { turn.offset }

    /// Appends everything that `source` gives; says how many bytes that was.
    ///
    /// When the source breaks off, what had arrived before is kept, and the source's error is thrown.
    ///
    /// - Parameter check: told how many bytes of it have come so far, before more are received; ends it by throwing.
    func receive(from source: some ByteSource, check: (Int64) throws -> Void = { _ in }) async throws -> Int64 {
        let size = Int(min(Int64(bufferSize), max(1, source.length ?? Int64(bufferSize))))
        var slots: [Slot] = []
        var (total, index) = (Int64(0), 0)
        var failure: (any Error)?
        do {
            while true {
                // The second only for who has filled the first.
                if index == slots.count { slots.append(Slot(buffer: buffer(size))) }
                try await slots[index].settle()
                let count = try await source.fill(slots[index].buffer.bytes)
                guard count > 0 else { break }
                slots[index].work = append(slots[index].buffer, count)
                total += Int64(count)
                try check(total)
                index = (index + 1) % 2
                if total == source.length { break }
            }
        } catch { failure = error }
        // The lane reads the buffers until its work is done, whatever has failed.
        for index in slots.indices {
            do { try await slots[index].settle() } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        return total
    }

    /// Forgets what this turn has received.
    func rollBack() async throws(UploadError) {
        let (file, turn) = (file, turn)
        try await lane.run { () throws(UploadError) in try file.truncate(to: turn.offset, in: turn) }
    }

    /// Ends the turn; the upload may be taken up again.
    func end() async {
        let (file, turn) = (file, turn)
        await lane.run { file.end(turn) }
    }

    /// A buffer of this size, or a small one.
    private func buffer(_ size: Int) -> Buffer {
        guard size > Self.smallBuffer else { return Buffer(size) }
        if let grant = memory.grant(size) { return Buffer(size, grant) }
        return Buffer(Self.smallBuffer)
    }

    private func append(_ buffer: Buffer, _ count: Int) -> Pending<Void> {
        let (file, turn) = (file, turn)
        return lane.start {
            try file.append(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]), in: turn)
        }
    }
}

extension ByteSource {
    /// All of its bytes, of which it has said how many there are: few.
    func readWhole() async throws -> [UInt8] {
        let buffer = Buffer(max(1, Int(length ?? 0)))
        var count = 0
        while count < length ?? 0 {
            let received = try await fill(UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[count...]))
            guard received > 0 else { break }
            count += received
        }
        return Array(buffer.bytes[..<count])
    }
}

/// A buffer, and what the lane was last told to do with it.
private struct Slot {
    let buffer: Buffer
    var work: Pending<Void>?

    /// Waits until the lane is done with the buffer.
    mutating func settle() async throws {
        guard let work = work.take() else { return }
        try await work.value
    }
}

/// Memory that the loop fills and a lane reads, never both at once.
///
/// `@unchecked Sendable`: `UploadIntake.receive` awaits the lane before it fills the same buffer again.
private final class Buffer: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer
    private let grant: MemoryGrant?

    init(_ count: Int, _ grant: consuming MemoryGrant? = nil) {
        self.grant = grant
        bytes = .allocate(byteCount: count, alignment: 64)
    }

    deinit { bytes.deallocate() }
}
