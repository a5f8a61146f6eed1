/// The members of one JSON object of a manifest, read by name and type, with its path for the error.
///
/// A member that is `null` is absent: Go clients write empty lists and pointers that way.
struct ManifestFields {
    private let object: JSONObject
    private let path: String

    /// - Throws: `.ambiguous` when a key is one of `names` but for its case. Go's decoder, and so nearly every
    ///   client, would read such a member; we would not, and the ledger would tell another story than the pull.
    init(_ json: JSONValue, at path: String, names: FieldNames) throws(ManifestError) {
        guard let object = json.object else { throw .invalid(path: path, reason: "must be a JSON object") }
        if let lookalike = names.lookalike(in: object) {
            let place = path.isEmpty ? "" : " in \(path)"
            throw .ambiguous(reason: "some clients would read \(lookalike.found) as \(lookalike.name)\(place)")
        }
        self.object = object
        self.path = path
    }

    subscript(key: String) -> JSONValue? {
        if let value = object[key], value != .null { value } else { nil }
    }

    /// Whether the member is there, even as `null`.
    func mentions(_ key: String) -> Bool { object[key] != nil }

    func path(to key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func string(_ key: String) throws(ManifestError) -> String? {
        guard let value = self[key] else { return nil }
        guard let text = value.string else { throw invalid(key, "must be a string") }
        return text
    }

    /// A string that must be there and say something.
    func requiredString(_ key: String) throws(ManifestError) -> String {
        guard let text = try string(key) else { throw .missing(path: path(to: key)) }
        guard !text.isEmpty else { throw invalid(key, "must not be empty") }
        return text
    }

    func strings(_ key: String) throws(ManifestError) -> [String] {
        var strings: [String] = []
        for (index, element) in try array(key).enumerated() {
            guard let text = element.string else { throw invalid("\(key)[\(index)]", "must be a string") }
            strings.append(text)
        }
        return strings
    }

    /// A map from string to string; empty when absent.
    func annotations() throws(ManifestError) -> [String: String] {
        guard let value = self["annotations"] else { return [:] }
        guard let object = value.object else { throw invalid("annotations", "must be a JSON object") }
        var annotations: [String: String] = [:]
        for member in object.members {
            guard let text = member.value.string else {
                throw invalid("annotations[\(member.key.quoted())]", "must be a string")
            }
            annotations[member.key] = text
        }
        return annotations
    }

    func descriptor(_ key: String) throws(ManifestError) -> Descriptor? {
        guard let value = self[key] else { return nil }
        return try Descriptor(value, at: path(to: key))
    }

    /// The descriptors of an array; none when absent.
    func descriptors(_ key: String) throws(ManifestError) -> [Descriptor] {
        var descriptors: [Descriptor] = []
        for (index, element) in try array(key).enumerated() {
            descriptors.append(try Descriptor(element, at: path(to: "\(key)[\(index)]")))
        }
        return descriptors
    }

    func invalid(_ key: String, _ reason: String) -> ManifestError {
        .invalid(path: path(to: key), reason: reason)
    }

    private func array(_ key: String) throws(ManifestError) -> [JSONValue] {
        guard let value = self[key] else { return [] }
        guard let elements = value.array else { throw invalid(key, "must be an array") }
        return elements
    }
}

/// The member names that a specification gives to an object.
struct FieldNames: Sendable {
    private let byFoldedName: [String: String]
    private let longest: Int

    init(_ names: String...) {
        byFoldedName = Dictionary(names.map { ($0.lowercased(), $0) }) { first, _ in first }
        longest = names.map(\.utf8.count).max() ?? 0
    }

    /// The first key that is not one of the names but folds to one.
    func lookalike(in object: JSONObject) -> (found: String, name: String)? {
        for member in object.members where member.key.utf8.count <= longest * 3 {
            if let name = byFoldedName[member.key.foldedLikeGo], name != member.key {
                return (member.key.quoted(), name)
            }
        }
        return nil
    }
}

extension String {
    /// What Go's encoding/json compares when no field has exactly the key's name: simple case folding, in which two
    /// letters outside ASCII are equal to ASCII ones.
    fileprivate var foldedLikeGo: String {
        var folded = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar {
            case "A"..."Z": folded.append(Unicode.Scalar(UInt8(ascii: scalar) | 0x20))
            case "\u{17F}": folded.append("s")
            case "\u{212A}": folded.append("k")
            default: folded.append(scalar)
            }
        }
        return String(folded)
    }
}
