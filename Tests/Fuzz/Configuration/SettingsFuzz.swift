// Fuzzes configuration files: never a trap, settings or problems and never both or none, problems that can be shown, and settings
// that read as the same when they are written.
// Built and run by Tests/Fuzz/run.

@testable import Configuration

/// The input is a file; what follows a line of `--` are environment variables, one a line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSettings(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let separator = Array("\n--\n".utf8)
    let cut = bytes.indices.first { bytes[$0...].starts(with: separator) } ?? bytes.count
    let environment = variables(bytes.dropFirst(cut + separator.count))
    switch SettingsLoader.load(contents: Array(bytes[..<cut]), named: "waybill.yaml", environment: environment) {
    case .failure(let errors):
        precondition(!errors.problems.isEmpty, "refused for no reason")
        let lines = bytes.count { $0 == 0x0A || $0 == 0x0D } + bytes.count + 1
        for problem in errors.problems {
            precondition(!problem.sentence.unicodeScalars.contains { $0.properties.generalCategory == .control })
            guard case .file(_, let position?) = problem.place else { continue }
            precondition((1...lines).contains(position.line) && position.column >= 1, "it is wrong at no place")
        }
        precondition(errors.description.utf8.count < 1 << 20, "the problems are longer than what has them")
    case .success(let settings): check(settings)
    }
    return 0
}

private func variables(_ bytes: ArraySlice<UInt8>) -> [String: String] {
    var variables: [String: String] = [:]
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
        let parts = line.split(separator: UInt8(ascii: "="), maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
        if parts.count == 2 { variables[parts[0]] = parts[1] }
    }
    return variables
}

private func check(_ settings: Settings) {
    let text = settings.rendered()
    guard case .success(let again) = SettingsLoader.load(contents: Array(text.utf8), named: "rendered") else {
        preconditionFailure("what is written is refused: \(text)")
    }
    precondition(
        Settings.keys.contains(where: \.isSecret) || again == settings, "what is written reads as other settings")
    precondition(settings.conflicts(besides: []).isEmpty, "settings that contradict each other")
    for key in Settings.keys {
        precondition(key.encode(again).utf8.elementsEqual(key.encode(settings).utf8), "\(key.path) reads as another")
    }
}
