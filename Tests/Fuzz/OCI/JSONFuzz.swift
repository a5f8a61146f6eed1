// Fuzzes the JSON reader and its writers: no trap, limits that hold, what is written reads as the same, the canonical form is a
// fixed point, and nothing is read of a document that has something in front or behind.
// Built and run by Tests/Fuzz/run.

@testable import OCI

/// The input is a document; the first byte chooses limits.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let limits = JSONLimits(depth: Int(start[0] & 0xF), values: Int(start[0] >> 4) * 16)
    do throws(JSONError) {
        let value = try JSONValue(parsing: bytes)
        check(value)
        let size = measure(value)
        let isLimited = (try? JSONValue(parsing: bytes, limits: limits)) == nil
        precondition(isLimited == (size.depth > limits.depth || size.values > limits.values), "a limit does not hold")
        precondition((try? JSONValue(parsing: bytes + [0x20] + bytes)) == nil, "two documents are one")
        precondition((try? JSONValue(parsing: Array(" \r\n\t".utf8) + bytes + [0x20])) == value, "space counts")
    } catch {
        precondition((0...bytes.count).contains(error.offset), "it is wrong at no place")
        precondition((try? JSONValue(parsing: bytes, limits: limits)) == nil, "a limit lets it in")
        precondition(error.description.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "not to be shown")
    }
    return 0
}

private func check(_ value: JSONValue) {
    let written = value.serialized()
    guard let again = try? JSONValue(parsing: written) else { preconditionFailure("what is written is not JSON") }
    precondition(again == value && again.serialized() == written, "what is written reads as another value")
    let canonical = value.canonical()
    guard let read = try? JSONValue(parsing: canonical) else { preconditionFailure("the canonical form is not JSON") }
    precondition(read.canonical() == canonical, "the canonical form is no fixed point")
    precondition(read.serialized() == canonical, "the canonical form has another spelling")
    precondition(again.canonical() == canonical)
    if let object = value.object { checkMembers(object) }
    // RFC 8785 §3.2.3: by UTF-16, which is another order than that of the bytes.
    let keys = (read.object?.members ?? []).map { Array($0.key.utf16) }
    precondition(zip(keys, keys.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }, "in another order")
}

/// Every member is found by its key, and the order of the members says nothing in the canonical form.
private func checkMembers(_ object: JSONObject) {
    var reversed = JSONObject()
    for member in object.members.reversed() {
        precondition(object[member.key] == member.value, "a member is lost")
        precondition(reversed[member.key] == nil, "a key stands twice")
        reversed[member.key] = member.value
    }
    precondition(JSONValue.object(reversed).canonical() == JSONValue.object(object).canonical(), "the order counts")
    guard let first = object.members.first else { return }
    reversed[first.key] = nil
    precondition(reversed[first.key] == nil && reversed.members.count == object.members.count - 1)
}

private func measure(_ value: JSONValue) -> (depth: Int, values: Int) {
    var (depth, values) = (0, 1)
    func add(_ inner: JSONValue) {
        let size = measure(inner)
        depth = max(depth, size.depth)
        values += size.values
    }
    switch value {
    case .array(let elements): elements.forEach(add)
    case .object(let object): object.members.forEach { add($0.value) }
    default: return (0, 1)
    }
    return (depth + 1, values)
}
