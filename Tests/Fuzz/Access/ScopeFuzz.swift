// Fuzzes scopes: no trap, a description that reads as the same scope, and no cover for what the scope does not name.
// Built and run by Tests/Fuzz/run.

import OCI

@testable import Access

/// The input is one scope.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzScope(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    guard let scope = Scope(parsing: text) else { return 0 }
    let description = scope.description
    precondition(Scope(parsing: description) == scope, "\(description) reads as another scope")
    precondition(description.utf8.count <= text.utf8.count, "longer than what was asked for")
    precondition(description.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    precondition(Set(scope.actions).count == scope.actions.count, "an action stands twice")
    let (asked, granted) = (parts(text), parts(description))
    precondition(asked.count == 3 && granted.count == 3 && asked[1] == granted[1], "another name than was asked for")
    precondition(asked[0] == granted[0] || asked[0] == "repository(plugin)", "another type than was asked for")
    precondition(Set(scope.actions) == Set(asked[2].split(separator: ",").map(String.init)), "other actions")
    for permission in Permission.allCases { checkCover(of: scope, permission) }
    return 0
}

private func parts(_ text: String) -> [Substring] { text.split(separator: ":", omittingEmptySubsequences: false) }

private func checkCover(of scope: Scope, _ permission: Permission) {
    let isNamed = scope.actions.contains("*") || scope.actions.contains(permission.scopeAction)
    switch scope.resource {
    case .catalog:
        precondition([scope].cover(permission, in: nil) == scope.actions.contains("*"))
    case .repository(let name):
        precondition([scope].cover(permission, in: name) == isNamed)
        precondition(![scope].cover(permission, in: nil), "a repository stands for the registry")
        for other in ["\(name)/a", "\(name)a", "a/\(name)", String(name.rawValue.dropLast())] {
            guard let other = try? RepositoryName(parsing: other) else { continue }
            precondition(![scope].cover(permission, in: other), "a repository stands for \(other)")
            precondition([permission.scope(in: other)].cover(permission, in: other), "a challenge asks for too little")
        }
    }
}
