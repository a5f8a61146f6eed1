// Fuzzes names, tags, digests and references: no trap, nothing but the grammar of the specification, one spelling of each, and
// an order that is that of the text.
// Built and run by Tests/Fuzz/run.

@testable import OCI

/// The input is two texts, one behind the other's line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNames(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    let texts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
    for text in texts {
        checkRepository(text)
        checkTag(text)
        checkDigest(text)
        checkReference(text)
    }
    guard texts.count == 2 else { return 0 }
    if let names = try? texts.map({ try RepositoryName(parsing: $0) }) { checkOrder(names, texts) }
    if let tags = try? texts.map({ try Tag(parsing: $0) }) { checkOrder(tags, texts) }
    if let digests = try? texts.map({ try Digest(parsing: $0) }) { checkOrder(digests, texts) }
    return 0
}

private func checkOrder<Value: Comparable & Hashable>(_ values: [Value], _ texts: [String]) {
    precondition((values[0] == values[1]) == texts[0].utf8.elementsEqual(texts[1].utf8), "one spelling of each")
    precondition((values[0] < values[1]) == texts[0].utf8.lexicographicallyPrecedes(texts[1].utf8), "sorts as its text")
}

private func checkRepository(_ text: String) {
    let isName =
        text.utf8.count <= 255
        && text.utf8.split(separator: slash, omittingEmptySubsequences: false)
            .allSatisfy { isComponent(Array($0)) }
    let name = try? RepositoryName(parsing: text)
    precondition((name != nil) == isName, "not what the grammar says")
    precondition(name.map { $0.rawValue.utf8.elementsEqual(text.utf8) } ?? true, "another name than was written")
    if let name { precondition(Glob.everything.matches(name.rawValue)) }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, by what is between the letters.
private func isComponent(_ text: [UInt8]) -> Bool {
    guard let first = text.first, let last = text.last, isLetter(first), isLetter(last) else { return false }
    return text.split(whereSeparator: isLetter).allSatisfy { separator in
        [".", "_", "__"].contains { separator.elementsEqual($0.utf8) } || separator.allSatisfy { $0 == 0x2D }
    }
}

private let slash = UInt8(ascii: "/")

private func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func checkTag(_ text: String) {
    let others = Array("._-".utf8)
    let isTag =
        (1...128).contains(text.utf8.count)
        && text.utf8.allSatisfy { isLetter($0) || isLetter($0 | 0x20) && $0 >= 0x41 || others.contains($0) }
        && !text.utf8.starts(with: ".".utf8) && !text.utf8.starts(with: "-".utf8)
    precondition(((try? Tag(parsing: text)) != nil) == isTag, "not what the grammar says")
}

private func checkDigest(_ text: String) {
    guard let digest = try? Digest(parsing: text) else { return }
    precondition(digest.description.utf8.elementsEqual(text.utf8), "another spelling of the same digest")
    precondition(Digest(encoded: digest.encoded) == digest, "what is stored is another")
    precondition(digest.hash.count == digest.algorithm.byteCount && digest.hex.utf8.count == digest.algorithm.hexLength)
    let tag = digest.referrersTag
    precondition((try? Tag(parsing: tag.rawValue)) == tag && tag.belongsToDigest, "no tag, or not one of a digest")
}

private func checkReference(_ text: String) {
    do throws(ReferenceError) {
        let reference = try Reference(parsing: text)
        precondition(reference.description.utf8.elementsEqual(text.utf8))
    } catch {
        precondition((try? Digest(parsing: text)) == nil && (try? Tag(parsing: text)) == nil, "it is one of both")
        precondition(error.description.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "not to be shown")
    }
}
