/// The `Link` field of a list that goes on (RFC 8288 §3; OCI distribution, "Listing tags").
package enum LinkHeader {
    /// `<path?name=value&…>; rel="next"`
    ///
    /// `path` is one as a request sent it, escapes included. In names and values everything but `unreserved`
    /// (RFC 3986 §2.3) is escaped, so nothing in them can end the reference, the field or the line.
    package static func next(path: String, query: [(name: String, value: String)]) -> String {
        var reference = "<"
        PercentEncoding.encode(path, allowing: \.isPathByte, into: &reference)
        for (index, item) in query.enumerated() {
            reference.append(index == 0 ? "?" : "&")
            PercentEncoding.encode(item.name, allowing: \.isUnreserved, into: &reference)
            reference.append("=")
            PercentEncoding.encode(item.value, allowing: \.isUnreserved, into: &reference)
        }
        return reference + ">; rel=\"next\""
    }
}
