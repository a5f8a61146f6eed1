import LinuxIO
import OCI

/// One request's turn at an upload: takes the bytes of a body and hands them to the upload's lane.
///
/// Two buffers: while the lane hashes and writes one, the loop receives into the other and queues it behind. The lane goes
/// from one to the next without waiting to be told.
final class UploadIntake {
    let id: UploadID
    let file: UploadFile
    let turn: UploadFile.Turn
    let lane: Lane
    private let bufferSize: Int

    init(id: UploadID, file: UploadFile, turn: UploadFile.Turn, lane: Lane, bufferSize: Int) {
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
        let fitsInOne = source.length.map { $0 <= Int64(size) } ?? false
        var slots = (0..<(fitsInOne ? 1 : 2)).map { _ in Slot(buffer: Buffer(size)) }
        var (total, index) = (Int64(0), 0)
        var failure: (any Error)?
        do {
            while true {
                try await slots[index].settle()
                let count = try await source.fill(slots[index].buffer.bytes)
                guard count > 0 else { break }
                slots[index].work = append(slots[index].buffer, count)
                total += Int64(count)
                try check(total)
                index = (index + 1) % slots.count
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

    init(_ count: Int) {
        bytes = .allocate(byteCount: count, alignment: 64)
    }

    deinit { bytes.deallocate() }
}
