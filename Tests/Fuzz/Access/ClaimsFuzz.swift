// Fuzzes what stands for claims in the configuration, and the claims: no trap, texts that records can hold, patterns that match what a
// table of all prefixes says they do, and grants that read as the same.
// Built and run by Tests/Fuzz/run.

import OCI

@testable import Access

/// The input is three lines: a template, a requirement or grant, and the claims in JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzClaims(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: false)
    guard lines.count == 3 else { return 0 }
    let (first, second) = (String(decoding: lines[0], as: UTF8.self), String(decoding: lines[1], as: UTF8.self))
    let claims = (try? JSONValue(parsing: Array(lines[2])))?.object ?? [:]
    checkTemplate(first, claims)
    checkRequirement(second, claims)
    checkPattern(first, second)
    if let grant = try? Grant(parsing: second) {
        precondition((try? Grant(parsing: grant.description)) == grant, "a grant reads as another")
        precondition(grant.match == .everything || grant.allow.allSatisfy { !$0.isRegistryWide })
    }
    return 0
}

private func checkTemplate(_ text: String, _ claims: JSONObject) {
    guard let template = ClaimTemplate(parsing: text) else { return }
    precondition(template.description.utf8.elementsEqual(text.utf8))
    for result in [template.text(of: claims)].compactMap(\.self) + template.texts(of: claims) {
        precondition(result.isIdentity && result.utf8.count <= ClaimTemplate.longest, "no record can hold it")
        precondition(Principal(.workload, proved: result) != nil)
    }
    if !text.contains("{"), text.isIdentity { precondition(template.text(of: claims) == text) }
}

private func checkRequirement(_ text: String, _ claims: JSONObject) {
    guard let requirement = ClaimRequirement(parsing: text) else { return }
    precondition(requirement.description.utf8.elementsEqual(text.utf8))
    precondition(!requirement.holds(for: [:]), "it holds for no claims at all")
    _ = requirement.holds(for: claims)
    let value = text.drop { $0 != "=" }.dropFirst()
    guard !requirement.claim.contains(".") else { return }
    precondition(requirement.holds(for: [requirement.claim: .string(String(value))]), "it does not hold for itself")
}

/// Compares the search from left to right with a table over all prefixes.
private func checkPattern(_ pattern: String, _ text: String) {
    let (pattern, bytes) = (Array(pattern.utf8.prefix(64)), Array(text.utf8.prefix(64)))
    guard let shown = String(validating: pattern, as: UTF8.self), let text = String(validating: bytes, as: UTF8.self)
    else { return }
    var reached = [true] + [Bool](repeating: false, count: bytes.count)
    for byte in pattern {
        var next = [Bool](repeating: false, count: bytes.count + 1)
        for index in 0...bytes.count {
            if byte == UInt8(ascii: "*") {
                next[index] = reached[index] || (index > 0 && next[index - 1])
            } else {
                next[index] = index > 0 && reached[index - 1] && bytes[index - 1] == byte
            }
        }
        reached = next
    }
    precondition(TextPattern(shown).matches(text) == reached[bytes.count], "\(shown) on \(text)")
}
