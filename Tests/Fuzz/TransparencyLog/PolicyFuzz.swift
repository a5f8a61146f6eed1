// Fuzzes policies and keys: no trap, a policy that is about what it names, a quorum that witnesses can meet, and keys that have one
// spelling.
// Built and run by Tests/Fuzz/run.

@testable import TransparencyLog

/// The input is a policy; each of its words may be a key.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPolicy(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(PolicyError) {
        check(try Policy(parsing: bytes), bytes)
    } catch {
        let lines = bytes.count { $0 == .newline } + 1
        precondition((0...lines).contains(error.line), "it is wrong in no line")
        precondition(error.description.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "not to be shown")
    }
    for word in bytes.split(whereSeparator: { $0 <= 0x20 }) {
        if let key = try? VerifierKey(parsing: word) {
            precondition(key.description.utf8.elementsEqual(word), "another spelling of the same key")
        }
        if let key = try? SignerKey(parsing: String(decoding: word, as: UTF8.self)) {
            precondition(key.text.utf8.elementsEqual(word), "another spelling of the same key")
        }
    }
    return 0
}

private func check(_ policy: Policy, _ bytes: [UInt8]) {
    var names = Set(policy.witnesses.map(\.name))
    precondition(names.count == policy.witnesses.count, "two witnesses have one name")
    var members: Set<Policy.Name> = []
    for group in policy.groups {
        precondition((1...group.members.count).contains(group.threshold))
        for member in group.members {
            precondition(names.contains(member) && members.insert(member).inserted, "it counts twice, or is nobody")
        }
        precondition(names.insert(group.name).inserted, "two groups have one name")
    }
    precondition(policy.quorum.map { names.contains($0) } ?? true)
    precondition(Set(policy.logs.map(\.key.publicKey)).count == policy.logs.count)
    let commented = Array("# a comment\n\n".utf8) + bytes + Array(" \t\n".utf8)
    precondition((try? Policy(parsing: commented)) == policy, "space and comments count")
}
