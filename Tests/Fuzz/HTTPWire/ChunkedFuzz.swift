// Fuzzes the chunked decoder: no trap, progress with each call, the same payload however the bytes are cut.
// Built and run by Tests/Fuzz/run.

@testable import HTTPWire

/// The first byte says where the rest is cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzChunked(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    let cut = min(Int(first), bytes.count)
    let whole = decode([bytes])
    let halves = decode([Array(bytes[..<cut]), Array(bytes[cut...])])
    let single = decode(bytes.map { [$0] })
    precondition(whole.payload == halves.payload && whole.end == halves.end, "cutting changes the meaning")
    precondition(whole.payload == single.payload && whole.end == single.end, "single bytes change the meaning")
    return 0
}

private func decode(_ pieces: [[UInt8]]) -> (payload: [UInt8], end: ChunkedDecoder.Event) {
    var decoder = ChunkedDecoder()
    var payload: [UInt8] = []
    for piece in pieces {
        var offset = 0
        while true {
            let before = offset
            let event = decoder.next(piece.span, from: &offset)
            switch event {
            case .body(let range):
                precondition(range.lowerBound >= before && range.upperBound == offset && !range.isEmpty)
                payload += piece[range]
                continue
            case .needMoreBytes:
                precondition(offset == piece.count, "asked for more with bytes left")
            case .end, .reject:
                return (payload, event)
            }
            break
        }
    }
    return (payload, .needMoreBytes)
}
