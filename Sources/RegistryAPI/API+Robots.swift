import Access
import Attestation
import HTTPServing
import HTTPTypes
import HTTPWire
import Logging
package import OCI
package import RegistryCore

// Robots: keys that administrators make for machines.
extension API {
    /// Bytes of a request for a robot.
    private static let robotBytes = 64 * 1024

    /// `GET /robots`: by name, in pages.
    func listRobots(_ request: AdmittedRequest) async throws -> Response {
        try requireAuthentication()
        let query = request.head.target.queryItems
        let count = try pageSize(query)
        let last = query.first("last")
        let (robots, next) = try await registry.aside {
            let page = try registry.robots(after: last, count: count)
            return (JSONValue.array(page.entries.map { .object($0.document(at: registry.now)) }), page.next)
        }
        var response = Response.json(["robots": robots])
        link(&response, to: next, request, count: count)
        return response
    }

    /// `GET /robots/<name>`.
    func getRobot(_ name: RobotName) throws -> Response {
        try requireAuthentication()
        return .json(.object(try registry.robot(name).document(at: registry.now)))
    }

    /// `POST /robots` with `{"name": …, "scopes": […], "expires": …}`: the one answer that has the secret in it.
    func createRobot(_ request: AdmittedRequest) async throws -> Response {
        try requireAuthentication()
        let bytes = try await request.body.content(of: "a request for a robot", upTo: Self.robotBytes)
        let wanted = try RobotRequest(parsing: bytes)
        let secret = RobotSecret.make()
        let robot = try await registry.createRobot(
            wanted.name, secretHash: RobotSecret.hash(of: secret), scopes: wanted.scopes, expires: wanted.expires,
            by: request.actor)
        logger.notice("robot created", metadata: ["robot": "\(wanted.name)", "by": "\(request.caller)"])
        var document = robot.document(at: registry.now)
        document["secret"] = .string(secret)
        var response = Response.json(.object(document))
        response.status = .created
        response.fields[.location] = "/robots/\(wanted.name)"
        response.fields[.cacheControl] = "no-store"
        return response
    }

    /// `DELETE /robots/<name>`: takes the key back. The robot stays, to be seen.
    func revokeRobot(_ name: RobotName, _ request: AdmittedRequest) async throws -> Response {
        try requireAuthentication()
        let robot = try await registry.revokeRobot(name, by: request.actor)
        logger.notice("robot revoked", metadata: ["robot": "\(name)", "by": "\(request.caller)"])
        return .json(.object(robot.document(at: registry.now)))
    }

    /// Where nobody is asked who they are, a key opens nothing.
    private func requireAuthentication() throws(Problem) {
        guard !gate.isOpen else {
            throw Problem(404, .unsupported, "this registry asks nobody who they are, so it has no robots")
        }
    }
}

extension StoredRobot {
    /// The robot as answers show it, with the state that it has at that time.
    package func document(at time: Int64) -> JSONObject {
        func text(_ milliseconds: Int64?) -> JSONValue { milliseconds.map { .string(API.text(of: $0)) } ?? .null }
        return [
            "name": .string(name), "scopes": .array(scopes.map { .string($0) }),
            "state": .string(state(at: time).rawValue), "created": text(created), "expires": text(expires),
            "lastUse": text(lastUse), "revoked": text(revoked),
        ]
    }
}

/// What somebody wants a robot to be.
private struct RobotRequest {
    let name: RobotName
    let scopes: [String]
    let expires: Int64?

    init(parsing bytes: [UInt8]) throws(Problem) {
        guard let value = try? JSONValue(parsing: bytes), let object = value.object else {
            throw Self.refusal("the request is not a JSON object")
        }
        for member in object.members where !["name", "scopes", "expires"].contains(member.key) {
            throw Self.refusal("the member \(member.key.quoted(limit: 32)) means nothing here")
        }
        guard let name = object["name"]?.string.flatMap({ RobotName($0) }) else {
            throw Self.refusal(
                "name is up to \(RobotName.longest) lower-case letters and digits, with single dots, dashes and "
                    + "underscores between them")
        }
        let scopes = object["scopes"]?.array ?? []
        guard object["scopes"] == nil || object["scopes"]?.array != nil else {
            throw Self.refusal("scopes is a list of texts such as \"team/**:pull,push\"")
        }
        var written: [String] = []
        for scope in scopes {
            guard let text = scope.string else { throw Self.refusal("a scope is a text") }
            do { written.append("\(try Grant(parsing: text))") } catch { throw Self.refusal("\(error)") }
        }
        self.name = name
        self.scopes = written
        expires = try object["expires"].flatMap(Self.time)
    }

    private static func time(_ value: JSONValue) throws(Problem) -> Int64? {
        if value == .null { return nil }
        guard let time = value.string.flatMap({ Timestamp(parsing: $0) }) else {
            throw refusal("expires is a time such as 2027-01-31T12:00:00Z")
        }
        return time.milliseconds
    }

    private static func refusal(_ sentence: String) -> Problem { Problem(400, .unsupported, sentence) }
}
