package import OCI

/// Text with claims of a token in it, such as `https://github.com/{job_workflow_ref}`.
package struct ClaimTemplate: Hashable, Sendable, CustomStringConvertible {
    /// Bytes of a template, and of what comes of it.
    package static let longest = Principal.longestName

    private enum Part: Hashable {
        case text(String)
        case claim(String)
    }

    /// The template as it was written.
    package let description: String
    private let parts: [Part]

    /// Reads a template; nil for one that is too long, has control characters, or braces that do not close around a name.
    package init?(parsing text: String) {
        guard text.utf8.count <= Self.longest, text.isPrintable else { return nil }
        var parts: [Part] = []
        var rest = text[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            if brace > rest.startIndex { parts.append(.text(String(rest[..<brace]))) }
            let name = rest[brace...].dropFirst()
            guard rest[brace] == "{", let end = name.firstIndex(where: { $0 == "{" || $0 == "}" }), name[end] == "}",
                end > name.startIndex
            else { return nil }
            parts.append(.claim(String(name[..<end])))
            rest = name[end...].dropFirst()
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        description = text
        self.parts = parts
    }

    /// The text that comes of these claims; nil when one is missing or no single value, or when the text could not stand in a
    /// record.
    package func text(of claims: JSONObject) -> String? {
        var text = ""
        for part in parts {
            switch part {
            case .text(let literal): text += literal
            case .claim(let name):
                guard let value = claims.claim(name)?.claimText else { return nil }
                text += value
            }
        }
        return text.isIdentity ? text : nil
    }

    /// The texts that come of these claims: several where the template is one claim, which has several values.
    package func texts(of claims: JSONObject) -> [String] {
        if case .claim(let name)? = parts.first, parts.count == 1, let values = claims.claim(name)?.array {
            return values.compactMap(\.claimText).filter(\.isIdentity)
        }
        return [text(of: claims)].compactMap(\.self)
    }
}

/// What a claim of a token must be, such as `repository_owner=acme`.
package struct ClaimRequirement: Hashable, Sendable, CustomStringConvertible {
    /// The claim.
    package let claim: String
    private let value: TextPattern

    /// As it is written in the configuration.
    package var description: String { "\(claim)=\(value)" }

    /// Reads a requirement: a claim, an equals sign, and a value in which `*` stands for anything; nil for anything else.
    package init?(parsing text: String) {
        guard text.utf8.count <= ClaimTemplate.longest, text.isPrintable, let sign = text.firstIndex(of: "="),
            sign > text.startIndex
        else { return nil }
        claim = String(text[..<sign])
        value = TextPattern(String(text[sign...].dropFirst()))
    }

    /// Whether the claims have it. Of a claim with several values, one is enough.
    package func holds(for claims: JSONObject) -> Bool {
        guard let found = claims.claim(claim) else { return false }
        return (found.array ?? [found]).contains { $0.claimText.map(value.matches) ?? false }
    }
}

/// A text in which `*` stands for anything, also nothing.
struct TextPattern: Hashable, Sendable, CustomStringConvertible {
    let description: String
    private let pieces: [[UInt8]]

    init(_ text: String) {
        description = text
        pieces = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
    }

    /// Finds each piece behind the one before, as early as it is there: that leaves the most for the others.
    func matches(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        guard rest.starts(with: pieces[0]) else { return false }
        guard pieces.count > 1, let last = pieces.last else { return rest.count == pieces[0].count }
        rest = rest.dropFirst(pieces[0].count)
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            while !rest.starts(with: piece) {
                guard rest.count > piece.count else { return false }
                rest = rest.dropFirst()
            }
            rest = rest.dropFirst(piece.count)
        }
        return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
    }
}

extension JSONObject {
    /// A claim by its name. A dot leads into an object; a name that has dots itself is found as well.
    fileprivate func claim(_ name: String) -> JSONValue? {
        if let value = self[name] { return value }
        var start = name.startIndex
        while let dot = name[start...].firstIndex(of: ".") {
            if let inner = self[String(name[..<dot])]?.object,
                let value = inner.claim(String(name[dot...].dropFirst()))
            {
                return value
            }
            start = name.index(after: dot)
        }
        return nil
    }
}

extension JSONValue {
    /// A single value as text; nil for what is none.
    fileprivate var claimText: String? {
        switch self {
        case .string(let text): text
        case .bool(let value): value ? "true" : "false"
        case .number: int64.map(String.init)
        default: nil
        }
    }
}
