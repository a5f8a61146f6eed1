package import HTTPServing
import HTTPTypes
import HTTPWire
import LinuxIO
import OCI
import RegistryCore

extension Problem {
    /// The one place where an error becomes an HTTP answer.
    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let failure as RegistryError: self.init(failure)
        case let failure as UploadError: self.init(failure)
        case let failure as EvidenceError: self.init(failure)
        case let failure as LogQueryError: self.init(failure)
        case let failure as ArchiveError: self.init(failure)
        case let failure as RobotError: self.init(failure)
        case let failure as LedgerError: self.init(failure)
        case let failure as SystemError: self.init(failure)
        case let failure as BodyError: self.init(failure)
        default: self.init(500, .unknown, "something failed in the registry")
        }
    }

    init(_ failure: RegistryError) {
        switch failure {  // no `default`: a new case must choose its status
        case .unknownRepository(let name): self.init(404, .nameUnknown, "there is no repository \(name)")
        case .unknownBlob(let digest):
            self.init(404, .blobUnknown, "the repository has no blob \(digest)")
        case .unknownManifest(let reference):
            self.init(404, .manifestUnknown, "the repository has no manifest \(reference)")
        case .invalidManifest(let error): self.init(400, .manifestInvalid, "\(error)")
        case .missingContent(let digests):
            self.init(
                400,
                digests.prefix(Self.namedDigests).map { digest in
                    Entry(
                        code: .manifestBlobUnknown, message: "the manifest names \(digest), which was not pushed",
                        detail: ["digest": .string("\(digest)")])
                })
        case .missingForeignLayers(let digests):
            self.init(
                400,
                digests.prefix(Self.namedDigests).map { digest in
                    Entry(
                        code: .manifestBlobUnknown,
                        message: "the foreign layer \(digest) was not pushed, and this repository requires it: "
                            + "push it too (Docker: allow-nondistributable-artifacts)",
                        detail: ["digest": .string("\(digest)")])
                })
        case .refusedURL(let layer, let url):
            self.init(
                403, .denied,
                "layer \(layer) may not be fetched from \(String(decoding: url.utf8.prefix(200), as: UTF8.self))")
        case .digestMismatch(let expected, let computed):
            self.init(400, .digestInvalid, "expected \(expected), computed \(computed)")
        case .immutableTag(let tag, let digest):
            self.init(403, .denied, "the tag \(tag) is immutable here and points at \(digest)")
        case .protectedTag(let tag):
            self.init(403, .denied, "the tag \(tag) is protected here: only an administrator may set or remove it")
        case .tooManyTags(let limit): self.init(414, .unsupported, "at most \(limit) tags are taken in one request")
        case .tooManyReferences(let count, let limit):
            self.init(400, .manifestInvalid, "the manifest names \(count) things, and at most \(limit) are taken")
        case .alreadyErased(let field, let record):
            self.init(404, .unknown, "record \(record) has no \(field.rawValue) to erase")
        case .quotaExceeded(let usage, let needed):
            let quota = usage.quota
            self.init(
                403,
                [
                    Entry(
                        code: .denied, message: usage.refusal(of: needed),
                        detail: [
                            "quota": .string("\(quota.match)"), "bytes": .integer(quota.bytes),
                            "used": .integer(usage.used), "needed": .integer(needed),
                        ])
                ])
        case .storage(let error): self.init(error)
        }
    }

    init(_ failure: RobotError) {
        switch failure {
        case .exists: self.init(409, .unsupported, "\(failure)")
        case .unknown: self.init(404, .unsupported, "\(failure)")
        case .expiresInThePast, .tooManyScopes: self.init(400, .unsupported, "\(failure)")
        }
    }

    init(_ failure: EvidenceError) {
        switch failure {
        case .malformed(let error): self.init(400, .manifestInvalid, "\(error)")
        case .noSignature:
            self.init(
                400, .manifestInvalid,
                "the envelope has no signature; a statement that nobody signed is sent as it is, as "
                    + "application/vnd.in-toto+json")
        case .invalidSignature:
            self.init(
                400, .manifestInvalid,
                "a signature names a trusted key that did not make it: the payload is not what was signed")
        case .notAllowed(let digest):
            self.init(403, .denied, "you may not speak for the repositories that have \(digest)")
        case .noSubject:
            self.init(400, .manifestInvalid, "no subject has a sha256 or sha512 digest, so the record is about nothing")
        case .predicateTypeTooLong(let limit):
            self.init(400, .manifestInvalid, "the predicate type has more than \(limit) bytes")
        case .keyReused(let record):
            self.init(
                409, .unsupported,
                "this Idempotency-Key came with another request before, which is record \(record)")
        case .malformedKey(let limit):
            self.init(400, .unsupported, "an Idempotency-Key is 1 to \(limit) characters of printable ASCII")
        }
    }

    init(_ failure: ArchiveError) {
        switch failure {
        case .unknownImage(let digest):
            self.init(
                404, .manifestUnknown, "no repository serves \(digest) as a manifest, so there is nothing to copy")
        case .tooManyManifests(let limit):
            self.init(422, .unsupported, "an archive has at most \(limit) manifests; copy the platforms one by one")
        }
    }

    init(_ failure: LogQueryError) {
        switch failure {
        case .unknownRecord(let index): self.init(404, .unsupported, "there is no record \(index)")
        case .unknownSize(let size): self.init(404, .unsupported, "the log never signed a checkpoint of size \(size)")
        case .outsideTree(let index, let size):
            self.init(404, .unsupported, "a tree of \(size) leaves has no leaf \(index)")
        case .pastEnd(let size, let published):
            self.init(404, .unsupported, "the log has \(published) leaves, not \(size)")
        case .shrinks(let from, let to):
            self.init(400, .unsupported, "a tree of \(from) leaves cannot grow to \(to): old must not be above new")
        }
    }

    init(_ failure: UploadError) {
        switch failure {
        case .unknownUpload:
            self.init(404, .blobUploadUnknown, "the upload has expired, was finished, or never existed")
        case .chunkOutOfOrder(let expected, let received):
            self.init(
                416, .blobUploadInvalid, "expected offset \(expected), received \(received)",
                fields: [.range: Self.rangeText(expected)])
        case .chunkSizeMismatch(let stated, let received):
            self.init(400, .sizeInvalid, "the range says \(stated) bytes, the body has \(received)")
        case .digestMismatch(let expected, let computed):
            self.init(400, .digestInvalid, "expected \(expected), computed \(computed)")
        case .tooLarge(let limit): self.init(413, .sizeInvalid, "a blob may have at most \(limit) bytes")
        case .tooManyUploads(let limit):
            self.init(
                429, .tooManyRequests, "the repository has \(limit) uploads in progress", fields: [.retryAfter: "5"])
        case .superseded: self.init(409, .blobUploadInvalid, "another request continues this upload")
        case .outOfSpace: self = .outOfSpace
        case .storage(let error): self.init(error)
        }
    }

    init(_ failure: LedgerError) {
        switch failure {
        case .outOfSpace: self = .outOfSpace
        case .busy(let waiting):
            self.init(429, .tooManyRequests, "\(waiting) changes wait to be written", fields: [.retryAfter: "1"])
        case .readOnly(let reason):
            self.init(503, .unavailable, "the registry is read-only: \(reason)", fields: [.retryAfter: "60"])
        case .storage: self.init(500, .unknown, "the ledger cannot be read or written")
        }
    }

    init(_ failure: SystemError) {
        self = failure.isOutOfSpace ? .outOfSpace : Problem(500, .unknown, "the storage failed")
    }

    init(_ failure: BodyError) {
        switch failure {
        case .disconnected: self.init(400, .blobUploadInvalid, "the body broke off")
        case .tooSlow: self.init(408, .blobUploadInvalid, "the body did not arrive in time")
        case .malformed(let rejection): self.init(rejection.status, .blobUploadInvalid, rejection.reason)
        case .tooLarge(let limit): self.init(413, .sizeInvalid, "the body may have at most \(limit) bytes")
        case .noMemory:
            self.init(
                503, .unavailable, "the server holds as many bodies in memory as it may", fields: [.retryAfter: "1"])
        }
    }

    /// Digests that one answer names, each in an error of its own. A manifest of 4 MiB can name 45,000, and an image that
    /// was built has at most 127 layers.
    private static let namedDigests = 512

    /// Docker gives up on this text, and retries without it.
    static let outOfSpace = Problem(507, .unavailable, "no space left on device")

    /// Bytes received so far, in the form that Docker can read: `0-0` also when there are none.
    static func rangeText(_ offset: Int64) -> String { "0-\(max(0, offset - 1))" }

    /// What the engine has to say itself, before or instead of a handler.
    package static func fromEngine(_ status: Int, _ reason: String, _ path: String?) -> Response {
        let code: Code =
            switch status {
            case 416: .blobUploadInvalid
            case 503: .unavailable
            case 500: .unknown
            default: .unsupported
            }
        let fields: HTTPFields = status == 503 ? [.retryAfter: "1"] : [:]
        return Problem(status, code, reason, fields: fields).response(for: path ?? "/v2/")
    }
}
