import Access
import Attestation
import HTTPClient
import Logging
import OCI
import RegistryAPI
import RegistryCore
import TraceView

/// Where robots are kept, as the commands see it. Robots come as answers show them.
protocol RobotBook {
    /// Makes a robot; the one answer with its secret.
    func create(_ name: RobotName, scopes: [Grant], expires: Int64?) async throws -> JSONObject
    /// All of them, by name.
    func list() async throws -> [JSONObject]
    /// Takes the key of one back.
    func revoke(_ name: RobotName) async throws -> JSONObject
}

/// The robots of a data folder whose server is stopped.
struct RobotFolder: RobotBook {
    private let store: Store
    private let registry: Registry

    init(_ store: Store) async throws {
        try store.requireWritable()
        try await store.recordKeys()
        self.store = store
        registry = Registry(
            blobs: store.blobs, ledger: store.ledger, readLanes: store.readLanes, logger: Logger(label: "waybill"))
    }

    func create(_ name: RobotName, scopes: [Grant], expires: Int64?) async throws -> JSONObject {
        let secret = RobotSecret.make()
        var robot = try await change {
            try await registry.createRobot(
                name, secretHash: RobotSecret.hash(of: secret), scopes: scopes.map(\.description), expires: expires,
                by: Actor())
        }
        robot["secret"] = .string(secret)
        return robot
    }

    func list() async throws -> [JSONObject] {
        var robots: [StoredRobot] = []
        var last: String?
        repeat {
            let page = try registry.robots(after: last, count: nil)
            robots += page.entries
            last = page.next
        } while last != nil
        await store.close()
        return robots.map { $0.document(at: registry.now) }
    }

    func revoke(_ name: RobotName) async throws -> JSONObject {
        try await change { try await registry.revokeRobot(name, by: Actor()) }
    }

    private func change(_ body: () async throws -> StoredRobot) async throws -> JSONObject {
        do {
            let robot = try await body()
            await store.close()
            return robot.document(at: registry.now)
        } catch let error as RobotError {
            await store.close()
            throw Failure(.foundSomethingWrong, "\(error)")
        }
    }
}

/// The robots of a server that runs.
struct RobotServer: RobotBook {
    private static let mostBytes = 16 * 1024 * 1024

    private let server: String
    private let client: OutboundClient
    private let login: [(name: String, value: String)]

    init(_ server: String, _ options: RemoteOptions) async throws {
        do { self.server = try ImageAddress.url(of: server) } catch { throw Failure(.usage, "\(error)") }
        client = options.client(limit: Self.mostBytes)
        login = try await options.login(at: self.server, for: ["registry:catalog:*"], with: client)
    }

    func create(_ name: RobotName, scopes: [Grant], expires: Int64?) async throws -> JSONObject {
        var request: JSONObject = [
            "name": .string("\(name)"), "scopes": .array(scopes.map { .string("\($0)") }),
        ]
        request["expires"] = expires.map { .string("\(Timestamp(milliseconds: $0))") }
        return try await send(.post(JSONValue.object(request).serialized()), "/robots")
    }

    func list() async throws -> [JSONObject] {
        var robots: [JSONObject] = []
        var query = ""
        while true {
            let page = try await send(.get, "/robots?n=1000\(query)")["robots"]?.array?.compactMap(\.object) ?? []
            robots += page
            // A page may be shorter than was asked for, so only an empty one is the end.
            guard let last = page.last?["name"]?.string else { return robots }
            query = "&last=\(last)"
        }
    }

    func revoke(_ name: RobotName) async throws -> JSONObject { try await send(.delete, "/robots/\(name)") }

    private func send(_ method: OutboundRequest.Method, _ path: String) async throws -> JSONObject {
        let response: OutboundResponse
        let shown = (try? OutboundURL(parsing: server))?.description ?? server.quoted()
        do {
            let fields = [("Accept", "application/json, application/problem+json")] + login
            response = try await client.send(
                OutboundRequest(method, try OutboundURL(parsing: server + path), fields: fields))
        } catch { throw Failure(.cannotReach, "cannot reach \(shown): \(error)") }
        let answer = try? JSONValue(parsing: response.body).object
        switch response.status {
        case 200, 201:
            guard let answer else { throw Failure(.cannotReach, "\(shown) answers in a form that is not Waybill's") }
            return answer
        case 401:
            throw Failure(.cannotReach, "\(shown) asks who you are: \(RemoteOptions.advice)")
        default:
            let reason = answer?["detail"]?.string?.visible() ?? "it answers \(response.status)"
            throw Failure(.foundSomethingWrong, "\(shown): \(reason)")
        }
    }
}
