// Fuzzes routes: no trap, one end-point for each path, names and digests that are in the path, a need for each method, and problems
// that are the client's.
// Built and run by Tests/Fuzz/run.

import Access
import HTTPTypes
import HTTPWire
import OCI
import TransparencyLog

@testable import RegistryAPI

/// The input is the target of a request.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRoute(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    guard let target = try? RequestTarget(parsing: text) else { return 0 }
    do throws(Problem) {
        let route = try Route(target)
        check(route, target)
    } catch {
        precondition((400...499).contains(error.status), "a path is no fault of ours")
    }
    return 0
}

private func check(_ route: Route, _ target: RequestTarget) {
    precondition(!route.methods.isEmpty && Set(route.methods).count == route.methods.count)
    precondition(route.name.utf8.allSatisfy { $0 == 0x2D || (0x61...0x7A).contains($0) }, "a name of a client's")
    for method in route.methods { checkNeed(route, method) }
    guard let path = path(of: route) else { return }
    precondition(path == target.segments.joined(separator: "/"), "\(path) is another path than was asked for")
    let again = (try? RequestTarget(parsing: "/" + path)).flatMap { try? Route($0) }
    precondition(again == route, "\(path) is another route")
}

/// A way into a repository always asks for a permission in just that one.
private func checkNeed(_ route: Route, _ method: HTTPRequest.Method) {
    let need = route.need(for: method)
    guard let repository = repository(of: route) else {
        if case .permission(_, let name?) = need { preconditionFailure("\(name) is not in the path") }
        return
    }
    guard case .permission(let permission, let name) = need, name == repository else {
        preconditionFailure("nobody is asked for a permission in \(repository)")
    }
    let changes = method != .get && method != .head
    precondition(!changes || permission == .push || permission == .delete, "who may read may write")
}

private func repository(of route: Route) -> RepositoryName? {
    switch route {
    case .tags(let name), .uploads(let name): name
    case .manifest(let name, _): name
    case .blob(let name, _), .referrers(let name, _): name
    case .upload(let name, _): name
    default: nil
    }
}

/// The one path of the route; nil where there are several, or where it says nothing.
private func path(of route: Route) -> String? {
    switch route {
    case .tags(let name): "v2/\(name)/tags/list"
    case .manifest(let name, let reference): "v2/\(name)/manifests/\(reference)"
    case .blob(let name, let digest): "v2/\(name)/blobs/\(digest)"
    case .uploads(let name): "v2/\(name)/blobs/uploads"
    case .referrers(let name, let digest): "v2/\(name)/referrers/\(digest)"
    case .provenance(let digest): "provenance/\(digest)"
    case .archive(let digest): "provenance/\(digest)/archive"
    case .attestations(let digest): "attestations/\(digest)"
    case .robot(let name): "robots/\(name)"
    default: nil
    }
}
