// Fuzzes Accept, If-None-Match and If-Range: no trap, a tag matches itself in any list, and lists mean what their elements mean.
// Built and run by Tests/Fuzz/run.

import HTTPTypes

@testable import HTTPWire

/// The input is a tag or media type and the value of a field, each a line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzConditional(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
    guard lines.count == 2 else { return 0 }
    checkTag(lines[0], lines[1])
    checkAccept(lines[0], lines[1])
    return 0
}

private func checkTag(_ opaque: String, _ list: String) {
    let tag = EntityTag(opaque)
    let text = tag.text
    precondition(text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }, "a tag begins a new line")
    let shown = EntityTag(String(String.UnicodeScalarView(text.unicodeScalars.dropFirst().dropLast())))
    precondition(shown.text == text, "what is shown is shown as another")
    guard !shown.opaque.isEmpty else { return }  // Ours are digests.
    let weak = EntityTag(shown.opaque, isWeak: true)

    // A backslash is a character of a tag, and hides the quote behind it from whoever splits a list.
    if !text.utf8.contains(UInt8(ascii: "\\")) {
        precondition(matches(text, shown) && matches(weak.text, shown) && matches(text, weak))
        precondition(matches("\(text), \(list)", shown), "it is not found in front of others")
        let isClosed = !list.utf8.contains(UInt8(ascii: "\"")) && !list.utf8.contains(UInt8(ascii: "\\"))
        precondition(!isClosed || matches("\(list), \(text)", shown), "it is not found behind others")
        precondition(
            !isClosed || matches("\(list),\(text)", shown) == matches("\(text),\(list)", shown), "order counts")
    }
    precondition(!matches("", shown), "nothing matches something")
    let stands = list.utf8.contains(UInt8(ascii: "*")) || list.utf8.count >= shown.opaque.utf8.count
    precondition(stands || !matches(list, shown), "it is found where it cannot be")

    precondition(IfRange.allowsRange(nil, of: shown))
    precondition(IfRange.allowsRange(text, of: shown) && !IfRange.allowsRange(weak.text, of: shown))
    precondition(!IfRange.allowsRange(text, of: weak), "a weak tag is strong enough")
    if IfRange.allowsRange(list, of: shown) {
        precondition(matches(list, shown) || list.utf8.contains(UInt8(ascii: ",")))
    }
}

private func matches(_ list: String, _ tag: EntityTag) -> Bool { IfNoneMatch(list)?.matches(tag) == true }

private func checkAccept(_ type: String, _ list: String) {
    let accepts = takes(type, [list])
    precondition(takes(type, []), "who says nothing takes everything")
    precondition(takes(type, [list, list]) == accepts, "twice is not the same")
    let parts = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    if !list.utf8.contains(UInt8(ascii: "\"")) {
        precondition(takes(type, parts) == accepts, "lines are not a list")
        precondition(takes(type, parts.reversed()) == accepts, "the order counts")
    }
    if type.utf8.allSatisfy({ $0.isASCII && $0.isTokenOrSlash }), type.utf8.contains(UInt8(ascii: "/")) {
        precondition(takes(type, [type]) && takes(type.uppercased(), [type]), "a type does not take itself")
        precondition(!takes(type, ["\(type);q=0", "*/*;q=0"]) && takes(type, ["*/*;q=0.5"]))
        precondition(takes(type, ["\(type);q=1", "*/*;q=0"]), "what says less decides")
    }
}

private func takes(_ type: String, _ lines: [String]) -> Bool {
    var fields = HTTPFields()
    for line in lines { fields.append(HTTPField(name: .accept, value: line)) }
    return Accept(fields).matches(type)
}

extension UInt8 {
    fileprivate var isASCII: Bool { self < 0x80 }
    fileprivate var isTokenOrSlash: Bool { self == UInt8(ascii: "/") || isTokenByte && self != UInt8(ascii: "*") }
    private var isTokenByte: Bool { self > 0x20 && self < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains(self) }
}
