extension Policy {
    /// Bytes of a policy file. One of 32 logs, 32 witnesses and 32 groups, which must be possible, has about 10 KiB.
    package static let longest = 256 * 1024

    /// Reads a policy file.
    package init(parsing bytes: [UInt8]) throws(PolicyError) {
        guard bytes.count <= Self.longest else { throw PolicyError(line: 1, reason: .tooLong) }
        var parser = PolicyParser()
        var reader = LineReader(bytes[...])
        var number = 0
        do throws(PolicyError.Reason) {
            while !reader.rest.isEmpty {
                number += 1
                guard let line = reader.next() else { throw PolicyError.Reason.noNewline }
                try parser.read(line)
            }
            self = try parser.finish()
        } catch {
            throw PolicyError(line: number, reason: error)
        }
    }
}

/// Reads a policy line by line (c2sp.org/tlog-policy, "Policy file syntax and structure").
private struct PolicyParser {
    private static let none = Policy.Name(bytes: Array("none".utf8))

    private var logs: [Policy.Log] = []
    private var witnesses: [Policy.Witness] = []
    private var groups: [Policy.Group] = []
    private var quorum: Policy.Name?
    private var hasQuorum = false

    private var logKeys: Set<[UInt8]> = []
    private var witnessKeys: Set<[UInt8]> = []
    /// Witnesses and groups, which share their names.
    private var defined: Set<Policy.Name> = []
    private var members: Set<Policy.Name> = []

    mutating func read(_ line: ArraySlice<UInt8>) throws(PolicyError.Reason) {
        let tab = UInt8(ascii: "\t")
        guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == tab }) else { throw .controlCharacter }
        let words = line.split { $0 == UInt8(ascii: " ") || $0 == tab }
        guard let keyword = words.first, keyword.first != UInt8(ascii: "#") else { return }
        let values = Array(words.dropFirst())
        switch String(decoding: keyword, as: UTF8.self) {
        case "log" where (1...2).contains(values.count): try addLog(values)
        case "witness" where (2...3).contains(values.count): try addWitness(values)
        case "group" where values.count >= 3: try addGroup(values)
        case "quorum" where values.count == 1: try setQuorum(Policy.Name(bytes: Array(values[0])))
        case "log", "witness", "group", "quorum": throw .wrongNumberOfValues
        default: throw .unknownKeyword
        }
    }

    func finish() throws(PolicyError.Reason) -> Policy {
        guard hasQuorum else { throw .noQuorum }
        return Policy(logs: logs, witnesses: witnesses, groups: groups, quorum: quorum)
    }

    private mutating func addLog(_ values: [ArraySlice<UInt8>]) throws(PolicyError.Reason) {
        let key = try key(values[0], type: .ed25519)
        guard logKeys.insert(key.publicKey).inserted else { throw .duplicateKey }
        logs.append(Policy.Log(key: key, url: url(values.dropFirst())))
    }

    private mutating func addWitness(_ values: [ArraySlice<UInt8>]) throws(PolicyError.Reason) {
        let name = try define(values[0])
        let key = try key(values[1], type: .cosignature)
        guard witnessKeys.insert(key.publicKey).inserted else { throw .duplicateKey }
        witnesses.append(Policy.Witness(name: name, key: key, url: url(values.dropFirst(2))))
    }

    private mutating func addGroup(_ values: [ArraySlice<UInt8>]) throws(PolicyError.Reason) {
        let names = values.dropFirst(2).map { Policy.Name(bytes: Array($0)) }
        for name in names {
            guard defined.contains(name) else { throw .undefinedName }
            // Else one witness could count twice.
            guard members.insert(name).inserted else { throw .memberTwice }
        }
        let threshold = try threshold(values[1], of: names.count)
        groups.append(Policy.Group(name: try define(values[0]), threshold: threshold, members: names))
    }

    private mutating func setQuorum(_ name: Policy.Name) throws(PolicyError.Reason) {
        guard !hasQuorum else { throw .secondQuorum }
        guard name == Self.none || defined.contains(name) else { throw .undefinedName }
        hasQuorum = true
        quorum = name == Self.none ? nil : name
    }

    private mutating func define(_ word: ArraySlice<UInt8>) throws(PolicyError.Reason) -> Policy.Name {
        let name = Policy.Name(bytes: Array(word))
        guard name != Self.none, defined.insert(name).inserted else { throw .nameTaken }
        return name
    }

    private func key(_ word: ArraySlice<UInt8>, type: SignatureType) throws(PolicyError.Reason) -> VerifierKey {
        let key: VerifierKey
        do {
            key = try VerifierKey(parsing: word)
        } catch {
            throw .malformedKey(error)
        }
        guard key.type == type else { throw .wrongKeyType(expected: type, found: key.type) }
        return key
    }

    private func threshold(_ word: ArraySlice<UInt8>, of count: Int) throws(PolicyError.Reason) -> Int {
        if word.elementsEqual("all".utf8) { return count }
        if word.elementsEqual("any".utf8) { return 1 }
        guard let threshold = Int(decimal: word), (1...count).contains(threshold) else { throw .malformedThreshold }
        return threshold
    }

    private func url(_ values: ArraySlice<ArraySlice<UInt8>>) -> String? {
        values.first.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Why something is not a policy, and where.
package struct PolicyError: Error, Equatable {
    /// What is wrong in the line.
    package enum Reason: Error, Equatable {
        case tooLong
        case noNewline
        case controlCharacter
        case unknownKeyword
        case wrongNumberOfValues
        case malformedKey(KeyError)
        case wrongKeyType(expected: SignatureType, found: SignatureType)
        case duplicateKey
        case nameTaken
        case undefinedName
        case memberTwice
        case malformedThreshold
        case secondQuorum
        case noQuorum
    }

    /// The line, counted from one.
    package let line: Int
    /// What is wrong.
    package let reason: Reason

    /// A problem found by the parser, or expected by a test.
    package init(line: Int, reason: Reason) {
        self.line = line
        self.reason = reason
    }
}

extension PolicyError: CustomStringConvertible {
    /// One sentence with the line, safe to show whatever the file was.
    package var description: String { "line \(line): \(reason)" }
}

extension PolicyError.Reason: CustomStringConvertible {
    /// The sentence without the line.
    package var description: String {
        switch self {
        case .tooLong: "a policy has at most \(Policy.longest) bytes"
        case .noNewline: "the last line is cut off: it has no newline"
        case .controlCharacter: "tab is the only control character in a policy"
        case .unknownKeyword: "a line begins with log, witness, group, quorum or #"
        case .wrongNumberOfValues: "this is not how many values such a line has"
        case .malformedKey(let error): error.description
        case .wrongKeyType(let expected, let found):
            "the key must be of type \(expected.rawValue), and it is of type \(found.rawValue)"
        case .duplicateKey: "another line has the same public key"
        case .nameTaken: "there already is a witness or a group of this name"
        case .undefinedName: "there is no witness and no group of this name in the lines before"
        case .memberTwice: "this witness or group already is a member of a group"
        case .malformedThreshold: "how many members are enough is said by all, any, or a number from 1 to all of them"
        case .secondQuorum: "a policy has one quorum only"
        case .noQuorum: "a policy needs a quorum; if no witness is required, say quorum none"
        }
    }
}
