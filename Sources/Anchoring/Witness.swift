package import HTTPClient
package import TransparencyLog

/// A witness that is asked to cosign, and how its answers are known.
package struct Witness: Hashable, Sendable {
    /// The key that its cosignatures are verified with. Of the type cosignature.
    package let key: VerifierKey

    /// The submission prefix (c2sp.org/tlog-witness, "HTTP Interface").
    package let url: OutboundURL

    /// Where checkpoints are sent.
    let addCheckpoint: OutboundURL

    /// Reads `<verifier key> <submission prefix>`, as one line of a configuration has it.
    package init(parsing text: String) throws(WitnessTextError) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw .notTwoParts }
        do {
            key = try VerifierKey(parsing: parts[0])
        } catch {
            throw .malformedKey(error)
        }
        guard key.type == .cosignature else { throw .keyOfLog(key.name) }
        do {
            url = try OutboundURL(parsing: parts[1])
            addCheckpoint = try url.appending("add-checkpoint")
        } catch {
            throw .malformedURL(key.name)
        }
    }

    /// The name by which the witness is known in logs and metrics.
    package var name: String { key.name.rawValue }
}

/// Why a text does not name a witness.
package enum WitnessTextError: Error, Equatable {
    case notTwoParts
    case malformedKey(KeyError)
    case keyOfLog(KeyName)
    case malformedURL(KeyName)
}

extension WitnessTextError: CustomStringConvertible {
    /// One sentence. Shows nothing of the URL, which may have a password in it.
    package var description: String {
        switch self {
        case .notTwoParts: "a witness is its verifier key and its URL, with one space between them"
        case .malformedKey(let error): error.description
        case .keyOfLog(let name): "the key of \(name) is of the type 1, of a log; a witness has one of the type 4"
        case .malformedURL(let name):
            "the URL of the witness \(name) is not http:// or https:// with a host, without a query"
        }
    }
}
