// Fuzzes patterns over names and tags: no trap, and they match what a matcher that tries every way says they do.
// Built and run by Tests/Fuzz/run.

@testable import OCI

/// The input is a pattern and what it may match, each a line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPatterns(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        .map { String(decoding: $0.prefix(64), as: UTF8.self) }
    guard lines.count == 2 else { return 0 }
    checkGlob(lines[0], lines[1])
    checkTagPattern(lines[0], lines[1])
    return 0
}

private let star = UInt8(ascii: "*")
private let slash = UInt8(ascii: "/")

private func checkGlob(_ text: String, _ name: String) {
    guard let glob = try? Glob(parsing: text) else { return }
    precondition(glob.description.utf8.elementsEqual(text.utf8))
    precondition((try? Glob(parsing: glob.description)) == glob)
    if !text.utf8.contains(star) { precondition(glob.matches(text), "it does not match itself") }
    guard (try? RepositoryName(parsing: name)) != nil else { return }
    var tried = Table(columns: name.utf8.count + 1)
    let expected = globMatches(Array(text.utf8), 0, Array(name.utf8), 0, &tried)
    precondition(glob.matches(name) == expected, "\(text) and \(name)")
}

/// What the words of `Glob` say, tried from every place.
private func globMatches(_ pattern: [UInt8], _ at: Int, _ name: [UInt8], _ from: Int, _ tried: inout Table) -> Bool {
    if let known = tried[at, from] { return known }
    let rest = pattern[at...]
    let starts = at == 0 || pattern[at - 1] == slash
    var result = false
    if rest.isEmpty {
        result = from == name.count
    } else if starts, rest.starts(with: "**/".utf8) {
        // No component, or one and perhaps more.
        result = globMatches(pattern, at + 3, name, from, &tried)
        if !result, let end = name[from...].firstIndex(of: slash) {
            result = globMatches(pattern, at, name, end + 1, &tried)
        }
    } else if rest.starts(with: "**".utf8) {
        result = (from...name.count).contains { globMatches(pattern, at + 2, name, $0, &tried) }
    } else if rest.first == star {
        let end = name[from...].firstIndex(of: slash) ?? name.count
        result = (from...end).contains { globMatches(pattern, at + 1, name, $0, &tried) }
    } else if from < name.count, name[from] == pattern[at] {
        result = globMatches(pattern, at + 1, name, from + 1, &tried)
    }
    tried[at, from] = result
    return result
}

private func checkTagPattern(_ text: String, _ name: String) {
    guard let pattern = TagPattern(parsing: text) else { return }
    precondition(pattern.description.utf8.elementsEqual(text.utf8))
    guard let tag = try? Tag(parsing: name) else { return }
    var tried = Table(columns: name.utf8.count + 1)
    let expected = tagMatches(Array(text.utf8), 0, Array(name.utf8), 0, &tried)
    precondition(pattern.matches(tag) == expected, "\(text) and \(name)")
}

private func tagMatches(_ pattern: [UInt8], _ at: Int, _ name: [UInt8], _ from: Int, _ tried: inout Table) -> Bool {
    if let known = tried[at, from] { return known }
    var result = false
    if at == pattern.count {
        result = from == name.count
    } else if pattern[at] == star {
        result = (from...name.count).contains { tagMatches(pattern, at + 1, name, $0, &tried) }
    } else if from < name.count, name[from] == pattern[at] {
        result = tagMatches(pattern, at + 1, name, from + 1, &tried)
    }
    tried[at, from] = result
    return result
}

/// What was tried already, so that trying every way takes no exponential time.
private struct Table {
    let columns: Int
    private var known: [Int: Bool] = [:]

    init(columns: Int) { self.columns = columns }

    subscript(row: Int, column: Int) -> Bool? {
        get { known[row * columns + column] }
        set { known[row * columns + column] = newValue }
    }
}
