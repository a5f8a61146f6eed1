/// The members of a JSON object, in the order of the document, found by key without searching.
package struct JSONObject: Equatable, Sendable {
    /// A key and its value.
    package struct Member: Equatable, Sendable {
        /// The key, unescaped.
        package let key: String
        /// The value.
        package fileprivate(set) var value: JSONValue
    }

    /// The members in document order; no two have the same key.
    package private(set) var members: [Member] = []

    /// Where each key is in `members`; nil while there are so few that looking at each is faster.
    private var positions: [String: Int]?

    private static let mostMembersToSearch = 24

    /// An object without members.
    package init() {}

    /// A map of strings, in the order of its keys, so that the same map always gives the same bytes.
    package init(sorting map: [String: String]) {
        for (key, value) in map.sorted(by: { $0.key < $1.key }) { append(key, .string(value)) }
    }

    /// The value for `key`. Setting an existing key keeps its place, setting a new one appends, and
    /// setting `nil` removes.
    package subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            guard let newValue else { return remove(key) }
            if let position = position(of: key) {
                members[position].value = newValue
            } else {
                append(key, newValue)
            }
        }
    }

    /// Adds a member unless its key is taken; says whether it did.
    mutating func insert(_ key: String, _ value: JSONValue) -> Bool {
        guard position(of: key) == nil else { return false }
        append(key, value)
        return true
    }

    /// Equal when the members are the same in the same order.
    package static func == (left: JSONObject, right: JSONObject) -> Bool { left.members == right.members }

    private func position(of key: String) -> Int? {
        if let positions { return positions[key] }
        return members.firstIndex { $0.key == key }
    }

    private mutating func append(_ key: String, _ value: JSONValue) {
        // As many as most objects have, so that they grow once.
        if members.isEmpty { members.reserveCapacity(8) }
        members.append(Member(key: key, value: value))
        if positions != nil {
            positions?[key] = members.count - 1
        } else if members.count > Self.mostMembersToSearch {
            indexAll()
        }
    }

    private mutating func remove(_ key: String) {
        guard let position = position(of: key) else { return }
        members.remove(at: position)
        indexAll()
    }

    private mutating func indexAll() {
        positions = nil
        guard members.count > Self.mostMembersToSearch else { return }
        positions = Dictionary(uniqueKeysWithValues: members.enumerated().map { ($1.key, $0) })
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Members in the order in which they are written. Of those with the same key the last wins.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements)
    }

    init(_ elements: [(String, JSONValue)]) {
        for (key, value) in elements { self[key] = value }
    }
}
