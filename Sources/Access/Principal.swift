/// Who somebody was proved to be. Written into records, so its text never changes for the same person.
package struct Principal: Hashable, Sendable {
    /// How the proof was made.
    package enum Kind: String, Sendable {
        /// A name and a password.
        case user
        /// A key that an administrator made for a machine.
        case robot
        /// A token of a trusted issuer; the name is `<issuer's name>:<subject>`.
        case workload
        /// A client certificate.
        case certificate
    }

    /// Bytes of a name that others prove.
    package static let longestName = 1024

    /// How the proof was made.
    package let kind: Kind
    /// The name, without control characters.
    package let name: String

    /// A principal whose proof has been checked.
    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }
}

extension Principal {
    /// Equal when every byte of the name is: Unicode has several spellings of one text.
    package static func == (left: Principal, right: Principal) -> Bool {
        left.kind == right.kind && left.name.utf8.elementsEqual(right.name.utf8)
    }
}

extension Principal: CustomStringConvertible {
    /// `user:alice`: how rules, records and logs name a principal.
    package var description: String { "\(kind.rawValue):\(name)" }
}

extension Principal {
    /// Somebody whose name is in a proof that others made; nil for a name that records and rules cannot have.
    package init?(_ kind: Kind, proved name: String) {
        guard name.isIdentity else { return nil }
        self.init(kind, name)
    }

    /// Reads what `description` wrote; nil for anything else.
    package init?(_ description: String) {
        let parts = description.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])), !parts[1].isEmpty else { return nil }
        self.init(kind, String(parts[1]))
    }
}

extension String {
    /// Whether it has no control characters, which could begin a line of their own in a log.
    var isPrintable: Bool { unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) } }

    /// Whether records and rules can call somebody so.
    var isIdentity: Bool {
        (1...Principal.longestName).contains(utf8.count) && isPrintable && first != " " && last != " "
    }
}
