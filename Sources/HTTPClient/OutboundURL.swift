import CCurl

/// Where a request goes: an absolute `http` or `https` URL.
///
/// It is read by the parser of the library that also sends the request, so both always mean the same host.
package struct OutboundURL: Sendable {
    /// Bytes of a URL. What configuration files hold is far shorter.
    package static let longest = 2048

    /// The URL as it is sent to, with everything that may be secret in it.
    let text: String

    /// Scheme, host, port and path: what may be logged. A user, a password and a query are left out.
    package let description: String

    /// Whether nothing follows the path, so that a path can be appended.
    private let endsWithPath: Bool

    /// Reads a URL in ASCII.
    ///
    /// - Throws: `.malformedURL`, also for every other scheme; `.failed` without the library.
    package init(parsing text: some StringProtocol) throws(HTTPClientError) {
        guard waybill_curl_load() else { throw .failed(code: CURLE_FAILED_INIT) }
        // RFC 3986 §2: neither spaces nor control characters; a NUL would hide the rest from C.
        guard text.utf8.count <= Self.longest, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            let parts = URLParts(String(text)), let scheme = parts[CURLUPART_SCHEME],
            scheme == "http" || scheme == "https", let host = parts[CURLUPART_HOST], !host.isEmpty,
            let path = parts[CURLUPART_PATH], let whole = parts[CURLUPART_URL], whole.utf8.count <= Self.longest
        else { throw .malformedURL }
        self.text = whole
        description = "\(scheme)://\(host)\(parts[CURLUPART_PORT].map { ":\($0)" } ?? "")\(path)"
        endsWithPath = parts[CURLUPART_QUERY] == nil && parts[CURLUPART_FRAGMENT] == nil
    }

    /// The URL of something below this one: with `name` behind its path, and one slash between them.
    ///
    /// - Throws: `.malformedURL` when this one has a query or a fragment, or `name` is not part of a path.
    package func appending(_ name: String) throws(HTTPClientError) -> OutboundURL {
        guard endsWithPath, !name.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) else {
            throw .malformedURL
        }
        return try OutboundURL(parsing: text + (text.utf8.last == UInt8(ascii: "/") ? "" : "/") + name)
    }
}

extension OutboundURL: Hashable, CustomStringConvertible {
    /// Equal when the same is sent to the same place.
    package static func == (left: OutboundURL, right: OutboundURL) -> Bool { left.text == right.text }

    /// Hashes what is compared.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }
}

/// Owns a URL that curl has taken apart.
private struct URLParts: ~Copyable {
    private let handle: OpaquePointer

    /// `nil` when curl cannot read it or does not know the scheme.
    init?(_ text: String) {
        guard let handle = waybill_curl_url() else { return nil }
        guard waybill_curl_url_set(handle, CURLUPART_URL, text, 0) == CURLUE_OK else {
            waybill_curl_url_cleanup(handle)
            return nil
        }
        self.handle = handle
    }

    subscript(part: CURLUPart) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard waybill_curl_url_get(handle, part, &text, 0) == CURLUE_OK, let text else { return nil }
        defer { waybill_curl_free(text) }
        return String(cString: text)
    }

    deinit { waybill_curl_url_cleanup(handle) }
}
