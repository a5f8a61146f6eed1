import Attestation
import HTTPServing
import HTTPTypes
import HTTPWire
import OCI
import RegistryCore
import TransparencyLog

// The log as c2sp.org/tlog-tiles serves it, and what helps to check it.
extension API {
    /// `GET /checkpoint`: the newest checkpoint; with `size`, one of the past as the log signed it.
    func getCheckpoint(_ request: AdmittedRequest) throws -> Response {
        let query = request.head.target.queryItems
        if let text = query.first("size") {
            return .note(try registry.checkpoint(size: try number(text, "size")), isFixed: true)
        }
        guard let checkpoint = try registry.publishedCheckpoint() else {
            throw Problem(404, .unsupported, "the log has not begun")
        }
        return .note(checkpoint, isFixed: false)
    }

    /// `GET /checkpoint/tsr`: the newest time-stamp token (RFC 3161), which is over `/checkpoint/stamped`.
    func getTimestamp() throws -> Response {
        guard let (token, _) = try registry.lastTimestamp() else { throw Self.noTimestamp }
        return Response(
            .ok,
            [
                .contentType: "application/timestamp-reply", .cacheControl: "no-cache",
                .link: "</checkpoint/stamped>; rel=\"describes\"",
            ], body: .bytes(try TimestampToken(parsing: token).response))
    }

    /// `GET /checkpoint/stamped`: the exact bytes that the newest time-stamp token is over.
    func getStampedCheckpoint() throws -> Response {
        guard let (_, checkpoint) = try registry.lastTimestamp() else { throw Self.noTimestamp }
        return .note(checkpoint, isFixed: false)
    }

    private static let noTimestamp = Problem(
        404, .unsupported, "no checkpoint has been time-stamped; ledger.timestamp_authority says by whom")

    /// `GET /tile/<L>/<N>[.p/<W>]` and `GET /tile/entries/<N>[.p/<W>]`.
    func getTile(_ resource: TileResource) async throws -> Response {
        let bytes: [UInt8]?
        // What a caller needs a permission for must not lie in a cache that others ask (RFC 9111 §3.5).
        var isPublic = true
        switch resource {
        case .hashes(let tile): bytes = try registry.hashes(of: tile)
        case .entries(let tile):
            bytes = try await registry.aside { try registry.entries(of: tile)?.bytes }
            isPublic = gate.isOpen
        }
        guard let bytes else { throw Problem(404, .unsupported, "the published tree has no such tile") }
        return Response(
            .ok,
            [
                .contentType: "application/octet-stream",
                .cacheControl: "\(isPublic ? "public" : "private"), max-age=31536000, immutable",
            ], body: .bytes(bytes))
    }

    /// `GET /log/keys`: for information; trust has to come from elsewhere.
    func getLogKeys() throws -> Response {
        let keys = try registry.logKeys()
        let policy = keys.filter { $0.retired == nil }.map { "log \($0.key)\n" }.joined() + "quorum none\n"
        return .json([
            "origin": .string(registry.origin),
            "vkeys": .array(
                keys.map { key in
                    [
                        "vkey": .string("\(key.key)"), "from": .integer(key.added),
                        "to": key.retired.map { .integer($0) } ?? .null,
                    ]
                }),
            "policy": .string(policy),
        ])
    }

    /// `GET /log/consistency?old=<size>&new=<size>`: for convenience; the tiles have it too.
    func getConsistencyProof(_ request: AdmittedRequest) throws -> Response {
        let query = request.head.target.queryItems
        guard let old = query.first("old"), let new = query.first("new") else {
            throw Problem(400, .unsupported, "old and new must be the sizes of two trees")
        }
        let proof = try registry.consistencyProof(from: try number(old, "old"), to: try number(new, "new"))
        return .json([
            "old": .integer(proof.oldSize), "new": .integer(proof.newSize),
            "proof": .array(proof.hashes.map { .string($0.base64) }),
        ])
    }

    // MARK: - Proofs of records

    /// The media type of a proof bundle.
    static let bundleType = "application/vnd.waybill.bundle.v1+json"

    /// `GET /provenance/records/<n>/proof`: as a `.tlog-proof` file, or as a JSON bundle with what the leaf commits to.
    func getProof(_ index: Int64, _ request: AdmittedRequest) async throws -> Response {
        let query = request.head.target.queryItems
        let size = try query.first("size").map { try number($0, "size") }
        // Unknown to whoever may not see it.
        let record = try registry.record(index, in: request.traceable)
        switch ProofForm(request.head.fields, query.first("format")) {
        case .text?:
            let proof = try await registry.aside { try registry.proof(of: index, size: size) }
            let file = try TlogProof(extra: proof.entry, inclusion: proof.inclusion, checkpoint: proof.checkpoint)
            return Response(
                .ok, [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-cache"], body: .bytes(file.bytes))
        case .bundle?:
            return try await registry.aside {
                .json(try self.bundle(try registry.proof(of: index, size: size)), type: Self.bundleType)
            }
        case .sigstore?:
            return try await registry.aside {
                guard let bundle = try registry.sigstoreBundle(of: record) else {
                    throw Problem(404, .unsupported, "record \(index) was not read from an envelope with one signature")
                }
                return .json(bundle, type: SigstoreBundle.mediaType.rawValue)
            }
        case nil:
            throw Problem(
                406, .unsupported,
                "a proof is text/plain (format=text), \(Self.bundleType) (format=bundle) or "
                    + "\(SigstoreBundle.mediaType) (format=sigstore)")
        }
    }

    func bundle(_ proof: LeafProof) throws -> JSONValue {
        let (envelope, body) = try registry.committedContent(of: proof.record)
        return ProofBundle(
            entry: proof.entry, inclusion: proof.inclusion, checkpoint: proof.checkpoint, envelope: envelope, body: body
        ).json
    }
}

/// The forms of a proof.
private enum ProofForm {
    case text, bundle, sigstore

    /// What `format` says, or else what `Accept` takes. Where it takes both, text if it begins with text, otherwise a bundle.
    init?(_ fields: HTTPFields, _ format: String?) {
        if let format {
            switch format {
            case "text": self = .text
            case "bundle": self = .bundle
            case "sigstore": self = .sigstore
            default: return nil
            }
            return
        }
        let accept = Accept(fields)
        if fields[.accept]?.contains(SigstoreBundle.mediaType.rawValue) == true {
            self = .sigstore
            return
        }
        let takesBundle = accept.matches(API.bundleType) || accept.matches("application/json")
        guard accept.matches("text/plain") else {
            guard takesBundle else { return nil }
            self = .bundle
            return
        }
        let beginsWithText = fields[.accept]?.lowercased().hasPrefix("text/") == true
        self = takesBundle && !beginsWithText ? .bundle : .text
    }
}

extension Response {
    /// A signed note. What can change is asked for again; what cannot is kept.
    fileprivate static func note(_ checkpoint: SignedCheckpoint, isFixed: Bool) -> Response {
        Response(
            .ok,
            [
                .contentType: "text/plain; charset=utf-8",
                .cacheControl: isFixed ? "public, max-age=31536000, immutable" : "no-cache",
            ], body: .bytes(checkpoint.bytes))
    }
}
