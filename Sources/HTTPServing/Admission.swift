/// Whether a connection is served, or only told why it is not.
enum Admission: Sendable {
    case served
    /// The server has as many connections as it takes, and all are at work.
    case serverIsFull
    /// Its address has as many as one may have.
    case addressHasEnough

    var isServed: Bool { self == .served }

    /// The sentence for who is not served.
    var reason: String {
        switch self {
        case .served: ""
        case .serverIsFull: "the server has as many connections as it takes"
        case .addressHasEnough: "this address has as many connections as one may have"
        }
    }
}
