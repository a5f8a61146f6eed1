import Access
import HTTPTypes
import HTTPWire
import OCI

extension Credentials {
    /// What `Authorization` brings (RFC 9110 §11.6.2); nil when there is none.
    ///
    /// - Throws: the problem of a field that cannot be read: 400 when it is twice, 401 otherwise, without the challenge.
    static func brought(by head: RequestHead) throws(Problem) -> Credentials? {
        let fields = head.fields[values: .authorization]
        guard let field = fields.first else { return nil }
        guard fields.count == 1 else { throw Problem(400, .unsupported, "Authorization may be sent once only") }
        let parts = field.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2 else { throw malformed }
        switch parts[0].lowercased() {
        case "basic": return try basic(parts[1].utf8.drop { $0 == UInt8(ascii: " ") })
        case "bearer": return .bearer(String(parts[1]))
        default: throw Problem(401, .unauthorized, "credentials are Basic or Bearer here")
        }
    }

    private static let malformed = Problem(401, .unauthorized, "the credentials cannot be read")

    /// RFC 7617 §2: a name without a colon, and a password, both in UTF-8 and without control characters.
    private static func basic(_ encoded: some Sequence<UInt8>) throws(Problem) -> Credentials {
        guard let bytes = Base64.decode(encoded), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let name = String(validating: bytes[..<colon], as: UTF8.self),
            bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { throw malformed }
        return .basic(name: name, password: Array(bytes[(colon + 1)...]))
    }
}
