import HTTPServing
import HTTPTypes
import HTTPWire
import OCI
import RegistryCore

/// An answer that says what was wrong.
///
/// Under `/v2/` it is written as the distribution specification's `errors[]`, elsewhere as a problem document (RFC 9457).
package struct Problem: Error, Sendable {
    /// The codes of the distribution specification ("Error Codes"), code-1 to code-14, and two for what is our fault.
    package enum Code: String, Sendable {
        case blobUnknown = "BLOB_UNKNOWN"
        case blobUploadInvalid = "BLOB_UPLOAD_INVALID"
        case blobUploadUnknown = "BLOB_UPLOAD_UNKNOWN"
        case digestInvalid = "DIGEST_INVALID"
        case manifestBlobUnknown = "MANIFEST_BLOB_UNKNOWN"
        case manifestInvalid = "MANIFEST_INVALID"
        case manifestUnknown = "MANIFEST_UNKNOWN"
        case nameInvalid = "NAME_INVALID"
        case nameUnknown = "NAME_UNKNOWN"
        case sizeInvalid = "SIZE_INVALID"
        case unauthorized = "UNAUTHORIZED"
        case denied = "DENIED"
        case unsupported = "UNSUPPORTED"
        case tooManyRequests = "TOOMANYREQUESTS"
        case unavailable = "UNAVAILABLE"
        case unknown = "UNKNOWN"
    }

    /// One thing that was wrong.
    struct Entry: Sendable {
        var code: Code
        var message: String
        var detail: JSONValue?
    }

    let status: Int
    let entries: [Entry]
    var fields: HTTPFields = [:]
    /// What whoever guards the registry should see of it in the log; nil for what happens every day.
    private(set) var remark: StaticString?

    init(_ status: Int, _ code: Code, _ message: String, detail: JSONValue? = nil, fields: HTTPFields = [:]) {
        self.init(status, [Entry(code: code, message: message, detail: detail)], fields: fields)
    }

    init(_ status: Int, _ entries: [Entry], fields: HTTPFields = [:]) {
        self.status = status
        self.entries = entries
        self.fields = fields
    }

    /// The same problem, to be remarked in the log.
    func remarked(_ remark: StaticString) -> Problem {
        var copy = self
        copy.remark = remark
        return copy
    }

    /// The same problem with more fields.
    func with(_ fields: HTTPFields) -> Problem {
        var copy = self
        copy.fields.append(contentsOf: fields)
        return copy
    }

    // MARK: - As an answer

    /// The answer to a request for `path`.
    func response(for path: String) -> Response {
        path == "/v2" || path.hasPrefix("/v2/") ? registryResponse : problemDocument
    }

    private var registryResponse: Response {
        var errors: [JSONValue] = []
        for entry in entries {
            var error: JSONObject = ["code": .string(entry.code.rawValue), "message": .string(entry.message)]
            error["detail"] = entry.detail
            errors.append(.object(error))
        }
        var fields = self.fields
        fields[.contentType] = "application/json"
        fields[.dockerDistributionVersion] = "registry/2.0"
        return Response(statusLine, fields, body: .bytes(JSONValue.object(["errors": .array(errors)]).serialized()))
    }

    /// RFC 9457 §3; the title of a problem without a type of its own is the status in words (§4.2.1).
    private var problemDocument: Response {
        var document: JSONObject = [
            "type": "about:blank", "title": .string(ReasonPhrase.of(status)), "status": .integer(Int64(status)),
        ]
        document["detail"] = .string(entries.map(\.message).joined(separator: "; "))
        var fields = self.fields
        fields[.contentType] = "application/problem+json"
        return Response(statusLine, fields, body: .bytes(JSONValue.object(document).serialized()))
    }

    /// Docker does not read the body of a 5xx, only the status line, and looks for "no space left on device" in it.
    private var statusLine: HTTPResponse.Status {
        let standard = HTTPResponse.Status(code: status)
        switch status {
        case 507: return HTTPResponse.Status(code: 507, reasonPhrase: "no space left on device")
        case 413: return HTTPResponse.Status(code: 413, reasonPhrase: "Content Too Large")
        default: return standard
        }
    }
}

extension HTTPField.Name {
    static let dockerDistributionVersion = known("Docker-Distribution-Api-Version")
    static let dockerContentDigest = known("Docker-Content-Digest")
    static let dockerUploadUUID = known("Docker-Upload-UUID")
    static let ociSubject = known("OCI-Subject")
    static let ociTag = known("OCI-Tag")
    static let ociFiltersApplied = known("OCI-Filters-Applied")
    static let warning = known("Warning")
    static let link = known("Link")
    static let contentDisposition = known("Content-Disposition")

    static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is a field name") }
        return name
    }
}
