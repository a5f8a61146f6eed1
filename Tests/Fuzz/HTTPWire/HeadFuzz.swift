// Fuzzes the head parser: no trap, the same meaning however the bytes are cut, nothing unchecked in what is delivered.
// Built and run by Tests/Fuzz/run.

import HTTPTypes

@testable import HTTPWire

/// The first byte says where the rest is cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHead(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    let cut = min(Int(first), bytes.count)
    let whole = actions([bytes])
    precondition(whole == actions([Array(bytes[..<cut]), Array(bytes[cut...])]), "cutting changes the meaning")
    precondition(whole == actions(bytes.map { [$0] }), "feeding single bytes changes the meaning")
    for case .deliver(let head) in whole { check(head) }
    return 0
}

/// What the parser says to the pieces, without its requests for more.
private func actions(_ pieces: [[UInt8]]) -> [RequestParser.Action] {
    var limits = HeadLimits()
    limits.head = 512
    limits.requestLine = 256
    limits.fields = 8
    var parser = RequestParser(limits: limits)
    var actions: [RequestParser.Action] = []
    for piece in pieces {
        var unused = piece
        while !unused.isEmpty {
            let (action, consumed) = parser.receive(unused.span)
            unused.removeFirst(consumed)
            switch action {
            case .needMoreBytes:
                precondition(unused.isEmpty, "asked for more with bytes left")
            case .deliver:
                precondition(consumed > 0, "a head out of nothing")
                actions.append(action)
            case .reject:
                return actions + [action]
            }
        }
    }
    return actions
}

private func check(_ head: RequestHead) {
    let lengths = head.fields[values: .contentLength].count
    let codings = head.fields[values: .transferEncoding].count
    switch head.framing {
    case .none: precondition(lengths == 0 && codings == 0)
    case .length(let length): precondition(lengths == 1 && codings == 0 && length >= 0)
    case .chunked: precondition(lengths == 0 && codings == 1 && head.version == .http11)
    }
    precondition(head.host != nil || head.version == .http10)
    precondition(head.fields.allSatisfy { $0.value.utf8.allSatisfy(\.isFieldValueByte) })
    var response: [UInt8] = []
    ResponseEncoder.encode(
        HTTPResponse(status: .ok, headerFields: head.fields), body: head.framing, persists: true, date: "",
        into: &response)
    precondition(response.filter { $0 == .lineFeed }.count <= head.fields.count + 5, "a field began a new line")
}
