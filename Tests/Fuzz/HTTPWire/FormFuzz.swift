// Fuzzes forms: no trap, nothing dangerous in an item, none lost, and the same items as a query in which no plus is.
// Built and run by Tests/Fuzz/run.

@testable import HTTPWire

/// The input is the body of a form.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzForm(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let items = read(bytes)
    precondition(same(items, read(bytes.flatMap { $0 == plus ? Array("%20".utf8) : [$0] })), "a plus is a space")
    if !bytes.contains(plus), !bytes.isEmpty, let text = String(validating: bytes, as: UTF8.self) {
        let target = try? RequestTarget(parsing: "/?" + text)
        precondition(same(items, target.map { Array($0.queryItems) }), "a form without a plus is a query")
    }
    guard let items else { return 0 }
    precondition(items.count <= QueryItems.limit)
    precondition(items.count == bytes.split(separator: UInt8(ascii: "&")).count, "an item is lost")
    precondition(items.allSatisfy { !($0.name + $0.value).utf8.contains { $0.isControl } })
    precondition(bytes.contains(UInt8(ascii: "%")) || items.allSatisfy { !($0.name + $0.value).utf8.contains(plus) })
    precondition(same(items, read(written(items))), "what is written reads as the same")
    return 0
}

private let plus = UInt8(ascii: "+")

/// nil for what is refused.
private func read(_ form: [UInt8]) -> [QueryItems.Element]? { (try? QueryItems(form: form)).map { Array($0) } }

private func same(_ left: [QueryItems.Element]?, _ right: [QueryItems.Element]?) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    return left.elementsEqual(right) {
        $0.name.utf8.elementsEqual($1.name.utf8) && $0.value.utf8.elementsEqual($1.value.utf8)
    }
}

/// A form with these items: a space is a plus, and everything else that could mean something is escaped.
private func written(_ items: [QueryItems.Element]) -> [UInt8] {
    var text = ""
    for (index, item) in items.enumerated() {
        if index > 0 { text += "&" }
        for (side, part) in [item.name, item.value].enumerated() {
            if side == 1 { text += "=" }
            for (index, word) in part.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
                if index > 0 { text += "+" }
                PercentEncoding.encode(String(word), allowing: \.isUnreserved, into: &text)
            }
        }
    }
    return Array(text.utf8)
}
