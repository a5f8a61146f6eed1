import Configuration
import Glibc
import Testing

@Suite struct `config/waybill.yaml` {
    @Test func `holds the defaults`() throws {
        let loaded = try SettingsLoader.load(file: Self.path, environment: [:], flags: Flags()).get()
        #expect(loaded == Settings())
        #expect(Set(loaded.origins.places.keys) == Set(Settings.keys.map(\.path)), "every key is given")
    }

    @Test(arguments: Settings.keys.map(\.path))
    func `says what a key is for, what it accepts and its variable`(_ path: String) throws {
        let key = try #require(Settings.keys.first { $0.path == path })
        let comment = try Self.comments()[path] ?? ""
        #expect(comment.contains(key.documentation))
        #expect(comment.contains("\(key.variable): \(key.accepts)"))
    }

    /// The file at the root of the package, which is two folders above the folder of this one.
    private static let path =
        #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/config/waybill.yaml"

    /// The words of the comment above each key, by the path of the key.
    private static func comments() throws -> [String: String] {
        var comments: [String: String] = [:]
        var section = ""
        var words: [Substring] = []
        for line in try text().split(separator: "\n") {
            let content = line.drop { $0 == " " }
            if content.hasPrefix("#") {
                words += content.dropFirst().split(separator: " ")
                continue
            }
            let name = String(content.prefix { $0 != ":" })
            let isNested = content.startIndex != line.startIndex
            comments[isNested ? "\(section).\(name)" : name] = words.joined(separator: " ")
            if !isNested { section = name }
            words = []
        }
        return comments
    }

    private static func text() throws -> String {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}

@Suite struct `The table of keys` {
    @Test func `keeps the keys of a section together`() {
        let sections = Settings.keys.map { $0.path.prefix { $0 != "." } }
        let changes = sections.reduce(into: [Substring]()) { list, name in if list.last != name { list.append(name) } }
        #expect(Set(changes).count == changes.count)
    }

    @Test func `describes every property`() {
        #expect(Settings.keys.count == leaves(of: Settings()))
    }

    /// How many settings `value` has; `origins` is none.
    private func leaves(of value: Any) -> Int {
        Mirror(reflecting: value).children.filter { $0.label != "origins" }.reduce(0) { count, child in
            let isSection = "\(type(of: child.value))".hasSection
            return count + (isSection ? leaves(of: child.value) : 1)
        }
    }
}

extension String {
    fileprivate var hasSection: Bool {
        ["Log", "Threads", "Limits", "Timeouts", "Uploads", "Storage", "Collection", "Scrub", "Ledger", "TLS", "Auth"]
            .contains(
                self)
    }
}
