package import OCI

/// Which image, and at which server.
package struct ImageAddress: Equatable, Sendable {
    /// The server as a URL, without a slash at the end.
    package let server: String
    /// Where a tag is looked up; nil for a digest alone.
    package let repository: RepositoryName?
    package let reference: Reference

    /// Reads `HOST:PORT/NAME:TAG` or `HOST:PORT/NAME@DIGEST`; with a server also what is behind its slash, or a digest alone.
    ///
    /// Plain HTTP is for the machine's own loopback addresses, and where the URL says so. A tag left out is `latest`, as for
    /// other clients; with both tag and digest, the digest decides.
    package init(_ image: String, server: String? = nil) throws(ImageAddressError) {
        if let server {
            self.server = try Self.url(of: server)
            if let digest = try? Digest(parsing: image) {
                (repository, reference) = (nil, .digest(digest))
            } else {
                (repository, reference) = try Self.name(image)
            }
        } else {
            let (scheme, rest) = Self.scheme(of: image)
            guard let slash = rest.firstIndex(of: "/"), Self.isHost(rest[..<slash]) || scheme != nil else {
                throw .noServer(image)
            }
            self.server = try Self.url(of: (scheme ?? "") + rest[..<slash])
            (repository, reference) = try Self.name(rest[rest.index(after: slash)...])
        }
    }

    private static func scheme(of text: String) -> (scheme: String?, rest: Substring) {
        for scheme in ["http://", "https://"] where text.lowercased().hasPrefix(scheme) {
            return (scheme, text.dropFirst(scheme.count))
        }
        return (nil, text[...])
    }

    /// The rule of docker: what is before the first slash is a host if it could not be a part of a name on Docker Hub.
    private static func isHost(_ text: Substring) -> Bool {
        text.contains(".") || text.contains(":") || text == "localhost"
    }

    /// The URL of a server as people write it: https where nothing is said, http on this machine. Ends without a slash.
    package static func url(of server: String) throws(ImageAddressError) -> String {
        let (scheme, rest) = scheme(of: server)
        let address = rest.last == "/" ? rest.dropLast() : rest
        let isPlain = address.utf8.allSatisfy { (0x21...0x7E).contains($0) && !#""'\<>?#{}"#.utf8.contains($0) }
        guard !address.isEmpty, isPlain, !address.contains("://") else { throw .malformedServer(server) }
        return (scheme ?? (isLoopback(address) ? "http://" : "https://")) + address
    }

    /// Whether a host, with or without a port, is this machine.
    package static func isLoopback(_ address: Substring) -> Bool {
        let host = address.prefix { $0 != "/" }
        if host.hasPrefix("[") { return host.hasPrefix("[::1]") }
        let name = host.prefix { $0 != ":" }
        let isV4 = name.hasPrefix("127.") && name.allSatisfy { $0.isNumber || $0 == "." }
        return name == "localhost" || isV4
    }

    private static func name(_ text: some StringProtocol) throws(ImageAddressError) -> (RepositoryName, Reference) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let colon = parts[0].firstIndex(of: ":") ?? parts[0].endIndex
        let tag = parts[0][colon...].dropFirst()
        do {
            let repository = try RepositoryName(parsing: parts[0][..<colon])
            guard parts.count == 1 else { return (repository, .digest(try Digest(parsing: parts[1]))) }
            guard colon < parts[0].endIndex else { return (repository, .tag(try Tag(parsing: "latest"))) }
            return (repository, .tag(try Tag(parsing: tag)))
        } catch {
            throw .malformedImage("\(error)")
        }
    }
}

extension ImageAddress: CustomStringConvertible {
    /// The image with its server, as it could be typed again.
    package var description: String {
        switch (repository, reference) {
        case (let repository?, .tag(let tag)): "\(shownServer)/\(repository):\(tag)"
        case (let repository?, .digest(let digest)): "\(shownServer)/\(repository)@\(digest)"
        case (nil, let reference): "\(reference) at \(shownServer)"
        }
    }

    /// The server without user and password.
    private var shownServer: String {
        let (scheme, rest) = Self.scheme(of: server)
        let host = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        return (scheme ?? "") + host
    }
}

/// Why some text names no image to ask about.
package enum ImageAddressError: Error, Equatable {
    case noServer(String)
    case malformedServer(String)
    case malformedImage(String)
}

extension ImageAddressError: CustomStringConvertible {
    /// One sentence that says what to write instead.
    package var description: String {
        switch self {
        case .noServer(let text):
            "\(text.quoted()) names no registry: write HOST:PORT/NAME:TAG, or say which with --server URL"
        case .malformedServer(let text): "\(text.quoted()) is not the address of a server: write http://HOST:PORT"
        case .malformedImage(let reason): reason
        }
    }
}
