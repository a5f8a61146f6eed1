import OCI

extension Codec<String> {
    static let path = Codec(
        noun: "a path", accepts: "a path of up to 4095 bytes without control characters",
        decode: { written, _, _ throws(Refusal) in
            let text = try written.requireText()
            guard (1..<4096).contains(text.utf8.count), text.printable == text else { throw .wrongKind }
            return text
        },
        encode: \.yaml)
}

extension Codec<Glob> {
    static let glob = Codec(
        noun: "a pattern", accepts: "a pattern of repository names such as \"team/*\" or \"team/**\"",
        decode: { written, _, _ throws(Refusal) in
            let text = try written.requireText()
            do throws(GlobError) { return try Glob(parsing: text) } catch { throw .because(error.reason) }
        },
        encode: { $0.description.yaml })
}

extension Codec<[ListenAddress]> {
    /// One address or a list of them. Several may ask the system to choose a port.
    static let addresses = list(
        of: Codec<ListenAddress>.address, noun: "a list of addresses",
        accepts: "host:port, \"[v6]:port\" or \":port\", one or a list of them", atLeast: 1,
        distinct: { $0 != $1 || $0.port == 0 })

    /// The same, or nothing.
    static let addressesOrNone = list(
        of: Codec<ListenAddress>.address, noun: "a list of addresses",
        accepts: "a list of host:port, \"[v6]:port\" or \":port\"; empty for none",
        distinct: { $0 != $1 || $0.port == 0 })
}

extension Codec<ListenAddress> {
    fileprivate static let address = Codec(
        noun: "an address", accepts: "host:port, \"[v6]:port\" or \":port\"",
        decode: { written, _, _ throws(Refusal) in
            let text = try written.requireScalar()
            do throws(ListenAddressError) { return try ListenAddress(parsing: text) } catch {
                throw .because(error.reason)
            }
        },
        encode: \.description.yaml)
}

extension Codec<[String]> {
    /// Beginnings of URLs. The slash at the end keeps `https://good.example` from allowing `https://good.example.evil`.
    static let urlPrefixes = list(
        of: Codec<String>.urlPrefix, noun: "a list of URLs",
        accepts: "a list of URLs that end with a slash, such as https://mcr.microsoft.com/")
}

extension Codec<String> {
    fileprivate static let urlPrefix = Codec(
        noun: "a URL that ends with a slash", accepts: "a URL such as https://mcr.microsoft.com/",
        decode: { written, _, _ throws(Refusal) in
            let text = try written.requireText()
            let isWeb = text.hasPrefix("https://") || text.hasPrefix("http://")
            guard isWeb, text.hasSuffix("/"), text.printable == text else { throw .wrongKind }
            return text
        },
        encode: \.yaml)
}

extension ListenAddressError {
    /// Completes "listen …".
    fileprivate var reason: String {
        switch self {
        case .missingPort: "is an address without a port"
        case .malformedPort(let port): "has a port that is not a number from 0 to 65535, \(port.shown)"
        case .malformedHost(let host): "has a host that is no name and no address, \(host.shown)"
        case .bracketsMissing: "has an IPv6 address without brackets"
        }
    }
}

extension GlobError {
    /// Completes "repositories[0].match …".
    fileprivate var reason: String {
        switch self {
        case .empty: "is empty"
        case .tooLong(let count): "has \(count) characters, more than the \(Glob.longest) of the longest name"
        case .forbiddenCharacter(let character): "has \(String(character).shown), which no repository name has"
        case .emptyComponent: "has an empty component, which no repository name has"
        case .tooManyStars: "has more than two * in a row"
        }
    }
}

extension String {
    /// In double quotes, as YAML and JSON read it.
    var yaml: String {
        let body = unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value):
                text += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return "\"\(body)\""
    }
}

extension Codec<[TagPattern]> {
    /// Patterns of tags; empty for none.
    static let tagPatterns = list(
        of: Codec<TagPattern>.tagPattern, noun: "a list of patterns",
        accepts: "a list of patterns of tags such as \"v*\"",
        distinct: { $0 != $1 })
}

extension Codec<TagPattern> {
    fileprivate static let tagPattern = Codec(
        noun: "a pattern of tags", accepts: "a pattern of tags such as \"v*\"",
        decode: { written, _, _ throws(Refusal) in
            guard let pattern = TagPattern(parsing: try written.requireText()) else { throw .wrongKind }
            return pattern
        },
        encode: \.description.yaml)
}
