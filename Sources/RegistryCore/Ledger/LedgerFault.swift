/// Something in the database that is not as it was written: where, and what.
package struct LedgerFault: Error, Hashable, Sendable {
    /// Where it was found.
    package enum Place: Hashable, Sendable {
        /// A record with its leaf, by their number.
        case record(Int64)
        /// A tile of the tree.
        case tile(level: Int, position: Int64)
        /// The checkpoint of that size.
        case checkpoint(Int64)
        /// A key of the log.
        case key(String)
        /// The log as a whole.
        case log
    }

    /// Where it was found.
    package let place: Place
    /// What is wrong there, without saying where.
    package let reason: String

    init(_ place: Place, _ reason: String) {
        self.place = place
        self.reason = reason
    }
}

extension LedgerFault: CustomStringConvertible {
    /// One sentence, such as `record 17: its leaf was changed: tile 0/0 has another hash`.
    package var description: String { "\(place): \(reason)" }
}

extension LedgerFault.Place: CustomStringConvertible {
    /// The place in words.
    package var description: String {
        switch self {
        case .record(let id): "record \(id)"
        case .tile(let level, let position): "tile \(level)/\(position)"
        case .checkpoint(let size): "checkpoint \(size)"
        case .key(let key): "key \(key)"
        case .log: "the log"
        }
    }
}
