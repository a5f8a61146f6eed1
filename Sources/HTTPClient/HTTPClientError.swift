/// Why there is no answer. Nothing in it comes from the query or the user part of a URL.
package enum HTTPClientError: Error, Equatable {
    case malformedURL
    /// The name is empty when it could not be a name.
    case malformedField(name: String)
    case unknownHost
    case cannotConnect
    /// The server cannot prove to be the one that the URL names, or speaks no TLS.
    case untrusted(reason: String)
    case timedOut
    case tooLarge(limit: Int)
    case cancelled
    /// Anything else, in the words and with the number of curl.
    case failed(code: Int, reason: String)
}

extension HTTPClientError: CustomStringConvertible {
    /// One sentence, safe to show.
    package var description: String {
        switch self {
        case .malformedURL:
            "a URL is http:// or https:// with a host, in at most \(OutboundURL.longest) characters of ASCII"
        case .malformedField(let name):
            name.isEmpty ? "the name of a field is a token" : "the field \(name) may not be sent with this value"
        case .unknownHost: "there is no address for the host"
        case .cannotConnect: "nobody accepts connections there"
        case .untrusted(let reason): "there is no TLS connection to be trusted: \(reason)"
        case .timedOut: "the answer took too long"
        case .tooLarge(let limit): "the answer is larger than \(limit) bytes"
        case .cancelled: "the request was given up"
        case .failed(let code, let reason): "the request failed: \(reason) (\(code))"
        }
    }
}
