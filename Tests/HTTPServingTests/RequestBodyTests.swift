import HTTPServing
import Testing

/// A body that comes in given pieces and may break off.
private final class PieceBody: RequestBody {
    func keep(_ bytes: Int) -> Bool { true }
    let length: Int64?
    private var pieces: [[UInt8]]
    private let failure: BodyError?
    private(set) var readCount = 0

    init(_ pieces: [[UInt8]], statesLength: Bool = true, failure: BodyError? = nil) {
        self.pieces = pieces
        self.failure = failure
        length = statesLength ? Int64(pieces.reduce(0) { $0 + $1.count }) : nil
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) async throws(BodyError) -> Int {
        readCount += 1
        guard let piece = pieces.first else {
            if let failure { throw failure }
            return 0
        }
        let count = min(piece.count, buffer.count)
        buffer.copyBytes(from: piece[..<count])
        pieces[0].removeFirst(count)
        if pieces[0].isEmpty { pieces.removeFirst() }
        return count
    }
}

@Suite struct `Reading a body` {
    let pieces: [[UInt8]] = [[1, 2, 3], [4], [5, 6, 7, 8, 9]]
    let whole: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9]

    private func collect(_ body: PieceBody, upTo limit: Int) async -> Result<[UInt8], BodyError> {
        do throws(BodyError) { return .success(try await body.collect(upTo: limit)) } catch { return .failure(error) }
    }

    private func fill(_ body: PieceBody, _ size: Int) async -> Result<[UInt8], BodyError> {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
        defer { buffer.deallocate() }
        do throws(BodyError) {
            let count = try await body.fill(buffer)
            return .success(Array(buffer[..<count]))
        } catch { return .failure(error) }
    }

    @Test(arguments: [true, false], [9, 10, 100_000])
    func `collects all pieces`(_ statesLength: Bool, _ limit: Int) async {
        #expect(await collect(PieceBody(pieces, statesLength: statesLength), upTo: limit) == .success(whole))
    }

    @Test func `collects more than one buffer`() async {
        let large = (0..<50_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(await collect(PieceBody([large], statesLength: false), upTo: 50_000) == .success(large))
        let refused = await collect(PieceBody([large], statesLength: false), upTo: 49_999)
        #expect(refused == .failure(.tooLarge(limit: 49_999)))
    }

    @Test(arguments: [true, false])
    func `collects nothing`(_ statesLength: Bool) async {
        #expect(await collect(PieceBody([], statesLength: statesLength), upTo: 0) == .success([]))
    }

    @Test(arguments: [true, false], [0, 1, 8])
    func `refuses one byte more than the limit`(_ statesLength: Bool, _ limit: Int) async {
        let body = PieceBody(pieces, statesLength: statesLength)
        #expect(await collect(body, upTo: limit) == .failure(.tooLarge(limit: limit)))
    }

    @Test func `refuses a stated length without reading a byte`() async {
        let body = PieceBody(pieces)
        #expect(await collect(body, upTo: 8) == .failure(.tooLarge(limit: 8)))
        #expect(body.readCount == 0)
    }

    @Test(arguments: [BodyError.disconnected, .tooSlow])
    func `gives no part of a body that broke off`(_ failure: BodyError) async {
        let body = PieceBody(pieces, statesLength: false, failure: failure)
        #expect(await collect(body, upTo: 100) == .failure(failure))
    }

    @Test func `fills a buffer over several pieces`() async {
        let body = PieceBody(pieces)
        #expect(await fill(body, 5) == .success([1, 2, 3, 4, 5]))
        #expect(await fill(body, 5) == .success([6, 7, 8, 9]))
        #expect(await fill(body, 5) == .success([]))
    }

    @Test func `fills with what came before an error, and then throws it`() async {
        let body = PieceBody(pieces, statesLength: false, failure: .disconnected)
        #expect(await fill(body, 100) == .success(whole))
        #expect(await fill(body, 100) == .failure(.disconnected))
        #expect(await fill(body, 100) == .failure(.disconnected))
    }
}
