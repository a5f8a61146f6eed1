extension Settings {
    /// The settings as a configuration file, with where each value comes from as a comment behind it.
    ///
    /// Loading it gives the same settings, except for secrets, which are not shown.
    package func rendered() -> String {
        var section = ""
        var lines: [String] = []
        for key in Settings.keys {
            let names = key.path.split(separator: ".")
            let prefix = names.dropLast().joined(separator: ".")
            if prefix != section, !prefix.isEmpty { lines.append("\(prefix):") }
            section = prefix
            let indent = String(repeating: "  ", count: names.count - 1)
            lines.append("\(indent)\(names.last ?? ""): \(key.encode(self))  # \(origin(of: key.path))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func origin(of path: String) -> String {
        switch origins.places[path] {
        case .file(let file, let position?): "\(file.printable):\(position.line)"
        case .file(let file, nil): file.printable
        case .environment(let name): name
        case .flag(let name): name
        case nil: "default"
        }
    }
}
