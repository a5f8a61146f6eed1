import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import OCI
import RegistryCore
import SQLite
import Testing

@testable import RegistryAPI

/// An error and what a client is told of it.
private struct Told {
    let error: any Error
    let status: Int
    let codes: [Problem.Code]

    init(_ error: any Error, _ status: Int, _ codes: Problem.Code...) {
        self.error = error
        self.status = status
        self.codes = codes
    }
}

@Suite struct `Turning an error into an answer` {
    private static let digest = Digest(.sha256, of: [])

    @Test func `every registry error has its status and code`() throws {
        let app = try RepositoryName(parsing: "library/app")
        let tag = try Reference(parsing: "v1")
        let told = [
            Told(RegistryError.unknownRepository(app), 404, .nameUnknown),
            Told(RegistryError.unknownBlob(Self.digest), 404, .blobUnknown),
            Told(RegistryError.unknownManifest(tag), 404, .manifestUnknown),
            Told(RegistryError.invalidManifest(.missing(path: "config")), 400, .manifestInvalid),
            Told(
                RegistryError.missingContent([Self.digest, Self.digest]), 400, .manifestBlobUnknown,
                .manifestBlobUnknown),
            Told(RegistryError.missingForeignLayers([Self.digest]), 400, .manifestBlobUnknown),
            Told(RegistryError.refusedURL(layer: Self.digest, url: "file:///"), 403, .denied),
            Told(RegistryError.digestMismatch(expected: Self.digest, computed: Self.digest), 400, .digestInvalid),
            Told(RegistryError.tooManyTags(limit: 46), 414, .unsupported),
            Told(RegistryError.storage(SystemError(code: 5, call: "open")), 500, .unknown),
        ]
        for told in told { check(told) }
    }

    @Test func `every upload error has its status and code`() {
        let told = [
            Told(UploadError.unknownUpload, 404, .blobUploadUnknown),
            Told(UploadError.chunkOutOfOrder(expectedOffset: 5, received: 7), 416, .blobUploadInvalid),
            Told(UploadError.chunkSizeMismatch(stated: 5, received: 7), 400, .sizeInvalid),
            Told(UploadError.digestMismatch(expected: Self.digest, computed: Self.digest), 400, .digestInvalid),
            Told(UploadError.tooLarge(limit: 5), 413, .sizeInvalid),
            Told(UploadError.tooManyUploads(limit: 5), 429, .tooManyRequests),
            Told(UploadError.superseded, 409, .blobUploadInvalid),
            Told(UploadError.outOfSpace, 507, .unavailable),
            Told(UploadError.storage(SystemError(code: 5, call: "write")), 500, .unknown),
        ]
        for told in told { check(told) }
    }

    @Test func `every error of the ledger, the system and the body has its status and code`() {
        let told = [
            Told(LedgerError.outOfSpace, 507, .unavailable), Told(LedgerError.busy(waiting: 7), 429, .tooManyRequests),
            Told(LedgerError.storage(.corrupt("x")), 500, .unknown),
            Told(SystemError(code: 28, call: "write"), 507, .unavailable),
            Told(SystemError(code: 122, call: "write"), 507, .unavailable),
            Told(SystemError(code: 27, call: "write"), 507, .unavailable),
            Told(SystemError(code: 5, call: "write"), 500, .unknown),
            Told(BodyError.disconnected, 400, .blobUploadInvalid), Told(BodyError.tooSlow, 408, .blobUploadInvalid),
            Told(BodyError.tooLarge(limit: 5), 413, .sizeInvalid),
            Told(CancellationError(), 500, .unknown),
        ]
        for told in told { check(told) }
    }

    @Test func `a problem stays what it is`() {
        let problem = Problem(Problem(418, .denied, "no") as any Error)
        #expect(problem.status == 418)
        #expect(problem.entries.map(\.message) == ["no"])
    }

    @Test func `an answer that asks to come again says when`() {
        for error: any Error in [UploadError.tooManyUploads(limit: 1), LedgerError.busy(waiting: 1)] {
            #expect(Problem(error).fields[.retryAfter].flatMap { Int($0) }.map { $0 > 0 } == true)
        }
        #expect(Problem.fromEngine(503, "draining", nil).fields[.retryAfter] != nil)
    }

    @Test(arguments: [(0, "0-0"), (1, "0-0"), (2, "0-1"), (1024, "0-1023")])
    func `an answer to a chunk out of order says how far the upload is`(_ offset: Int64, range: String) {
        let problem = Problem(UploadError.chunkOutOfOrder(expectedOffset: offset, received: 9000))
        #expect(problem.fields[.range] == range)
    }

    @Test func `what the system says of its files is not repeated`() {
        for error: any Error in [
            SystemError(code: 5, call: "open"), LedgerError.storage(.corrupt("secret")),
            RegistryError.storage(SystemError(code: 13, call: "open")),
            UploadError.storage(SystemError(code: 5, call: "open")),
        ] {
            let text = Problem(error).entries.map(\.message).joined()
            #expect(!text.contains("open") && !text.contains("secret") && !text.contains("errno"))
        }
    }

    private func check(_ told: Told, location: SourceLocation = #_sourceLocation) {
        let problem = Problem(told.error)
        #expect(problem.status == told.status, "\(told.error)", sourceLocation: location)
        #expect(problem.entries.map(\.code) == told.codes, "\(told.error)", sourceLocation: location)
        #expect(problem.entries.allSatisfy { !$0.message.isEmpty }, sourceLocation: location)
        for path in ["/v2/x", "/provenance"] {
            let response = problem.response(for: path)
            #expect(response.status.code == told.status, sourceLocation: location)
        }
    }
}

@Suite struct `Writing a problem` {
    @Test(arguments: ["/v2", "/v2/", "/v2/library/app/tags/list"])
    func `under v2 it is a list of errors`(_ path: String) throws {
        let detail: JSONValue = ["digest": "sha256:0"]
        let problem = Problem(
            400,
            [
                .init(code: .manifestBlobUnknown, message: "one", detail: detail),
                .init(code: .manifestBlobUnknown, message: "two \" \n"),
            ])
        let response = problem.response(for: path)
        #expect(response.fields[.contentType] == "application/json")
        #expect(response.fields[.dockerDistributionVersion] == "registry/2.0")
        let expected: JSONValue = [
            "errors": [
                ["code": "MANIFEST_BLOB_UNKNOWN", "message": "one", "detail": detail],
                ["code": "MANIFEST_BLOB_UNKNOWN", "message": "two \" \n"],
            ]
        ]
        #expect(try json(response) == expected)
    }

    @Test(arguments: ["/", "/v2x", "/provenance/x", "/v1/"])
    func `elsewhere it is a problem document`(_ path: String) throws {
        let response = Problem(400, .digestInvalid, "no digest").response(for: path)
        #expect(response.fields[.contentType] == "application/problem+json")
        #expect(
            try json(response) == ["type": "about:blank", "title": "Bad Request", "status": 400, "detail": "no digest"])
    }

    /// code-11 and code-12 for access control, which will ask for them.
    @Test(arguments: [(401, Problem.Code.unauthorized, "UNAUTHORIZED"), (403, .denied, "DENIED")])
    func `code-11 and code-12 are written as the specification has them`(
        _ status: Int, code: Problem.Code, text: String
    ) throws {
        let problem = Problem(status, code, "who are you?", fields: [.wwwAuthenticate: "Basic realm=\"x\""])
        let response = problem.response(for: "/v2/")
        #expect(response.status.code == status)
        #expect(response.fields[.wwwAuthenticate] == "Basic realm=\"x\"")
        #expect(try json(response) == ["errors": [["code": .string(text), "message": "who are you?"]]])
    }

    @Test func `a full disk says the words at which Docker gives up, and nothing else does`() {
        #expect(Problem.outOfSpace.response(for: "/v2/").status.reasonPhrase == "no space left on device")
        for status in [400, 404, 413, 429, 500, 503] {
            let response = Problem(status, .unknown, "no space left on device").response(for: "/v2/")
            #expect(response.status.reasonPhrase != "no space left on device")
        }
    }

    @Test func `every code has only capitals and underscores`() {
        let codes: [Problem.Code] = [
            .blobUnknown, .blobUploadInvalid, .blobUploadUnknown, .digestInvalid, .manifestBlobUnknown,
            .manifestInvalid,
            .manifestUnknown, .nameInvalid, .nameUnknown, .sizeInvalid, .unauthorized, .denied, .unsupported,
            .tooManyRequests, .unavailable, .unknown,
        ]
        #expect(Set(codes.map(\.rawValue)).count == 16)
        #expect(codes.allSatisfy { $0.rawValue.utf8.allSatisfy { (0x41...0x5a).contains($0) || $0 == 0x5f } })
    }

    @Test(arguments: [
        (400, "UNSUPPORTED"), (414, "UNSUPPORTED"), (416, "BLOB_UPLOAD_INVALID"), (500, "UNKNOWN"),
        (503, "UNAVAILABLE"),
    ])
    func `what the engine says itself has the same form`(_ status: Int, code: String) throws {
        let response = Problem.fromEngine(status, "why", "/v2/x")
        #expect(response.status.code == status)
        #expect(try json(response) == ["errors": [["code": .string(code), "message": "why"]]])
        #expect(Problem.fromEngine(status, "why", nil).fields[.contentType] == "application/json")
        #expect(Problem.fromEngine(status, "why", "/provenance").fields[.contentType] == "application/problem+json")
    }

    private func json(_ response: Response) throws -> JSONValue {
        guard case .bytes(let bytes) = response.body else { return .null }
        return try JSONValue(parsing: bytes)
    }
}
