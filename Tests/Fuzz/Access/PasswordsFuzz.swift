// Fuzzes password files: no trap, each line an entry or an error, and a file without its wrong lines is right.
// Built and run by Tests/Fuzz/run.

@testable import Access

/// The input is the file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPasswords(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let lines = bytes.split(separator: newline, omittingEmptySubsequences: false).map { Array($0) }
    do throws(PasswordFile.Errors) {
        check(try PasswordFile(parsing: bytes), lines)
    } catch {
        let wrong = error.lines.map(\.line)
        precondition(!wrong.isEmpty && wrong.allSatisfy { (1...lines.count).contains($0) })
        precondition(zip(wrong, wrong.dropFirst()).allSatisfy { $0 < $1 }, "a line is named twice or out of order")
        let rest = lines.enumerated().filter { !wrong.contains($0.offset + 1) }.map(\.element)
        guard let file = read(rest) else { preconditionFailure("the rest of the file is wrong too") }
        check(file, rest)
        for line in wrong { precondition(read(rest + [lines[line - 1]]) == nil, "line \(line) is right") }
    }
    return 0
}

private let newline = UInt8(ascii: "\n")

private func read(_ lines: some Sequence<[UInt8]>) -> PasswordFile? {
    try? PasswordFile(parsing: Array(lines.joined(separator: [newline])))
}

/// Every line is found under its name, and nothing else is.
private func check(_ file: PasswordFile, _ lines: [[UInt8]]) {
    var entries: [[UInt8]] = []
    for line in lines where !line.starts(with: "#".utf8) && !line.isEmpty && line != [UInt8(ascii: "\r")] {
        entries.append(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
    precondition(file.count == entries.count, "a line is lost")
    var costs: [Int] = []
    for entry in entries {
        guard let colon = entry.firstIndex(of: UInt8(ascii: ":")), let name = UserName(entry[..<colon]),
            let hash = file.hash(of: name.text)
        else { preconditionFailure("a line without a name was taken") }
        precondition(name.text.utf8.elementsEqual(entry[..<colon]))
        precondition(hash.text.utf8.elementsEqual(entry[(colon + 1)...]), "the hash of another name")
        precondition(hash.text.hasPrefix("$2") && Int(hash.text.dropFirst(4).prefix(2)) == hash.cost)
        precondition(PasswordFile.costs.contains(hash.cost))
        costs.append(hash.cost)
    }
    precondition(file.highestCost == costs.max())
    precondition(read(entries.reversed()) == file, "the order of the lines counts")
}
