import OCI

/// The members of one JSON object, read by name and type, with its path for the error.
///
/// A member that is `null` is absent: in-toto and SLSA treat unset, null and empty alike. Members that nobody asks
/// for are ignored, as DSSE (envelope.md, "Parsing rules") and in-toto demand.
struct Fields {
    let object: JSONObject
    private let path: String

    init(_ json: JSONValue, at path: String = "") throws(AttestationError) {
        guard let object = json.object else { throw .invalid(path: path, reason: "must be a JSON object") }
        self.object = object
        self.path = path
    }

    /// Reads a whole document that must be one object.
    init(parsing bytes: [UInt8], limits: JSONLimits) throws(AttestationError) {
        let json: JSONValue
        do { json = try JSONValue(parsing: bytes, limits: limits) } catch { throw .notJSON(error) }
        try self.init(json)
    }

    subscript(key: String) -> JSONValue? {
        if let value = object[key], value != .null { value } else { nil }
    }

    func path(to key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func invalid(_ key: String, _ reason: String) -> AttestationError {
        .invalid(path: path(to: key), reason: reason)
    }

    func string(_ key: String) throws(AttestationError) -> String? {
        guard let value = self[key] else { return nil }
        guard let text = value.string else { throw invalid(key, "must be a string") }
        return text
    }

    func requiredString(_ key: String) throws(AttestationError) -> String {
        guard let text = try string(key) else { throw .missing(path: path(to: key)) }
        return text
    }

    func array(_ key: String) throws(AttestationError) -> [JSONValue]? {
        guard let value = self[key] else { return nil }
        guard let elements = value.array else { throw invalid(key, "must be an array") }
        return elements
    }

    func fields(_ key: String) throws(AttestationError) -> Fields? {
        guard let value = self[key] else { return nil }
        return try Fields(value, at: path(to: key))
    }

    func requiredFields(_ key: String) throws(AttestationError) -> Fields {
        guard let fields = try fields(key) else { throw .missing(path: path(to: key)) }
        return fields
    }

    /// Bytes written in base64, which must be there even if empty.
    func requiredBytes(_ key: String) throws(AttestationError) -> [UInt8] {
        guard let bytes = Base64.decodeEither(try requiredString(key).utf8) else { throw invalid(key, "is not base64") }
        return bytes
    }
}
