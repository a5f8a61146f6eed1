// Fuzzes targets and queries: no trap, nothing dangerous in a segment or an item.
// Built and run by Tests/Fuzz/run.

import HTTPTypes

@testable import HTTPWire

/// The input is the target of an OPTIONS request.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTarget(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    guard let target = try? RequestTarget(parsing: text, method: .options) else { return 0 }
    for segment in target.segments {
        precondition(!["", ".", ".."].contains(segment))
        precondition(!segment.utf8.contains { $0.isControl || $0 == 0x2F || $0 == 0x5C })
    }
    let items = Array(target.queryItems)
    precondition(items.count <= QueryItems.limit)
    precondition(
        items.allSatisfy { !$0.name.utf8.contains { $0.isControl } && !$0.value.utf8.contains { $0.isControl } })
    checkLink(to: target, items)
    return 0
}

/// A link to the same path and items leads back to them.
private func checkLink(to target: RequestTarget, _ items: [QueryItems.Element]) {
    guard target.path != "*" else { return }
    let link = LinkHeader.next(path: target.path, query: items)
    let reference = String(link.dropFirst().prefix { $0 != ">" })
    guard let back = try? RequestTarget(parsing: reference) else { preconditionFailure("\(link) leads nowhere") }
    precondition(back.segments == target.segments)
    precondition(back.queryItems.map(\.value) == items.map(\.value))
}
