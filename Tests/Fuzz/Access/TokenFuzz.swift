// Fuzzes tokens: no trap, one spelling for each, times as the claims say them, and nothing believed that was not signed.
// Built and run by Tests/Fuzz/run.

import Dispatch
import LinuxIO
import OCI
import Synchronization

@testable import Access

/// The input is the text of a token; or three lines, its header, its claims and its signature, that still have to be encoded.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzToken(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    check(String(decoding: input, as: UTF8.self))
    let lines = input.split(separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: false)
    guard lines.count == 3 else { return 0 }
    let text = lines.map(Base64.encodeForURL).joined(separator: ".")
    let token = check(text)
    let (header, claims) = (object(lines[0]), object(lines[1]))
    let isToken = header?["alg"]?.string != nil && header?["crit"] == nil && claims != nil
    precondition((token != nil) == (isToken && text.utf8.count <= CompactToken.longest), "read otherwise than JSON")
    guard let token else { return 0 }
    precondition(token.claims == claims && token.signature == Array(lines[2]))
    precondition(token.algorithm == header?["alg"]?.string && token.keyID == header?["kid"]?.string)
    checkSigned(token)
    return 0
}

private func object(_ bytes: some Sequence<UInt8>) -> JSONObject? {
    (try? JSONValue(parsing: Array(bytes), limits: JSONLimits(depth: 16, values: 2000)))?.object
}

/// What holds for any text: who reads a token has read every bit of it, and nobody has signed it.
@discardableResult
private func check(_ text: String) -> CompactToken? {
    guard let token = try? CompactToken(parsing: text) else { return nil }
    let written = token.signed + Array(".".utf8) + Array(Base64.encodeForURL(token.signature).utf8)
    precondition(written == Array(text.utf8), "another spelling of the same token")
    precondition(token.type == token.type?.lowercased())
    precondition(!isBelieved(token), "nobody has signed this")
    checkTimes(token.claims)
    return token
}

/// As time goes on, a token is not valid yet, then valid, then expired, and never goes back.
private func checkTimes(_ claims: JSONObject) {
    var nows: [Int64] = [.min, -1, 0, 1, now, .max]
    for claim in ["exp", "nbf", "iat"].compactMap({ claims[$0]?.int64 }) {
        nows += [-61, -60, -59, -1, 0, 1, 59, 60, 61].map { claim.addingReportingOverflow($0) }
            .filter { !$0.overflow }.map(\.partialValue)
    }
    var (last, expiry) = (State.notYet, Int64?.none)
    for now in nows.sorted() {
        var state = State.valid
        do throws(TokenError) {
            let times = try TokenTimes(claims, now: now)
            precondition(expiry == nil || expiry == times.expiry, "the expiry depends on when it is read")
            expiry = times.expiry
        } catch {
            switch error {
            case .notYetValid: state = .notYet
            case .missingClaim(let name): precondition(claims[name]?.int64 == nil && name.utf8.count == 3)
            case .expired: state = .expired
            default: preconditionFailure("\(error) is not about times")
            }
        }
        precondition(last.rawValue <= state.rawValue, "a token went back in time")
        precondition(expected(claims, now).map { $0 == state } ?? true, "not what the claims say")
        last = state
    }
    precondition(expiry == nil || claims["exp"]?.int64 == nil || expiry == claims["exp"]?.int64)
}

private enum State: Int { case notYet, valid, expired }

/// What claims that are whole numbers say; nil for others.
private func expected(_ claims: JSONObject, _ now: Int64) -> State? {
    guard let expiry = claims["exp"]?.int64 else { return nil }
    let starts = ["nbf", "iat"].compactMap { claims[$0] }.map(\.int64)
    guard !starts.contains(nil) else { return nil }
    // A minute is forgiven on each side, as far as there is one.
    if now >= min(Int128(expiry) + 60, Int128(Int64.max)) { return .expired }
    return starts.contains { Int128($0 ?? 0) > Int128(now) + 60 } ? .notYet : .valid
}

// MARK: - Signed tokens

private let now: Int64 = 1_790_000_000
private let key = makeKey()
private let service = TokenService(
    TokenService.Options(service: "registry"), keys: [key], clock: WallClock { now * 1000 })

private func isBelieved(_ token: CompactToken) -> Bool { (try? TokenKeySet([key]).verify(token)) != nil }

/// Claims are believed under a signature of ours, and no longer when one character of the token is another.
///
/// - Parameter token: its signature says which character that is.
private func checkSigned(_ token: CompactToken) {
    guard let text = try? CompactToken.make(type: "JWT", claims: token.claims, with: key),
        text.utf8.count <= CompactToken.longest
    else { return }
    guard let signed = try? CompactToken(parsing: text) else { preconditionFailure("what is written is no token") }
    precondition(signed.claims == token.claims && isBelieved(signed), "what was signed is not believed")
    var damaged = Array(text.utf8)
    let choice = token.signature.prefix(3).reduce(0) { $0 << 8 | Int($1) }
    // Half of the time it is the last, which has bits that must be zero.
    let position = choice.isMultiple(of: 2) ? damaged.count - 1 : choice / 2 % damaged.count
    damaged[position] ^= UInt8(choice >> 16 & 0x7F) | 1
    check(String(decoding: damaged, as: UTF8.self))
    checkCaller(token.claims)
}

/// A token of the service stands for who its claims say, is limited by its scopes, and is not taken for one of another kind.
private func checkCaller(_ claims: JSONObject) {
    defer { service.replaceKeys([key]) }  // What it remembers is no leak, and the next input begins without it.
    var claims = claims
    for (name, value) in ["iss": "registry", "aud": "registry", "exp": .integer(now + 300)] as [String: JSONValue] {
        claims[name] = value
    }
    guard let text = try? CompactToken.make(type: "JWT", claims: claims, with: key) else { return }
    precondition((try? service.refresh(text)) == nil, "a token for requests is taken for a new one")
    guard let caller = try? service.caller(of: text) else { return }
    precondition(caller.principal?.description ?? "" == claims["sub"]?.string)
    guard let scopes = caller.scopes else { preconditionFailure("a token without a limit") }
    precondition(scopes.count <= claims["access"]?.array?.count ?? 0)
    guard let issued = try? service.issue(to: caller, scopes), issued.token.utf8.count <= CompactToken.longest else {
        return
    }
    guard let again = try? service.caller(of: issued.token) else { preconditionFailure("our own token is refused") }
    precondition(again.principal == caller.principal && again.groups == caller.groups)
    precondition(again.scopes == scopes && again.workload == caller.workload)
}

/// A key that nobody knows, made anew for each run.
private func makeKey() -> TokenKey {
    let made = Mutex(TokenKey?.none)
    let done = DispatchSemaphore(value: 0)
    Task {
        let key = try await TokenKey.signing(pem: TokenKey.makePEM())
        made.withLock { $0 = key }
        done.signal()
    }
    done.wait()
    guard let key = made.withLock({ $0 }) else { preconditionFailure("no key") }
    return key
}
