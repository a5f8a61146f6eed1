// Fuzzes the reader of tar archives: no trap, each step goes forward, and nothing is found before the header that says it.
// Built and run by Tests/Fuzz/run.

@testable import OCI

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    for isRepaired in [false, true] {
        var reader = TarReader()
        var last: (offset: Int64, count: Int) = (-1, 512)
        while let wanted = reader.wanted, wanted.offset < Int64(bytes.count) {
            precondition(wanted.offset > last.offset || last.count == 0, "it goes forward")
            last = wanted
            let start = Int(wanted.offset)
            var piece = Array(bytes[start..<min(bytes.count, start + wanted.count)])
            if isRepaired { repairChecksum(&piece) }
            do throws(TarReadError) {
                guard let member = try reader.receive(piece) else { continue }
                precondition(member.start == wanted.offset + 512 && member.size >= 0, "content is behind its header")
            } catch { break }
        }
    }
    return 0
}

/// Gives a block the checksum that it should have, which no fuzzer would guess.
private func repairChecksum(_ block: inout [UInt8]) {
    guard block.count == 512, block.contains(where: { $0 != 0 }) else { return }
    let sum = block.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
    let digits = Array(String(sum, radix: 8).utf8)
    let text = [UInt8](repeating: 0x30, count: max(0, 6 - digits.count)) + digits + [0, 0x20]
    block.replaceSubrange(148..<156, with: text.prefix(8))
}
