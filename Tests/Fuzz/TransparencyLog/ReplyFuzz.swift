// Fuzzes the answers of time-stamp authorities: no trap, every byte read, and a token that reads as the same by itself and in an
// answer of ours.
// Built and run by Tests/Fuzz/run.

@testable import TransparencyLog

/// The input is an answer, or a token, in DER.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzReply(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    if let response = try? TimestampResponse(parsing: bytes) {
        precondition(response.failure.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "not to be shown")
        precondition(response.failure.utf8.count <= 200)
        precondition((try? TimestampResponse(parsing: bytes + [0])) == nil, "something stands behind it")
        precondition((try? TimestampResponse(parsing: Array(bytes.dropLast()))) == nil, "its end is missing")
        if let token = response.token { check(token) }
        checkAgainst(response)
    }
    if let token = try? TimestampToken(parsing: bytes) {
        precondition(token.bytes == bytes)
        check(token)
    }
    return 0
}

private func check(_ token: TimestampToken) {
    precondition((try? TimestampToken(parsing: token.bytes)) == token, "a token by itself is another")
    guard let reply = try? token.response, let response = try? TimestampResponse(parsing: reply) else {
        preconditionFailure("our own answer is refused")
    }
    precondition(response.token == token && response.status == 0 && response.failure.isEmpty)
}

/// An answer is for a request only if its hash and its number are the request's.
private func checkAgainst(_ response: TimestampResponse) {
    let request = TimestampRequest(message: Array("message".utf8), nonce: 0x8123_4567_89AB_CDEF)
    guard let token = try? response.check(against: request) else { return }
    precondition(response.token == token && (response.status == 0 || response.status == 1))
    precondition(token.imprint == request.imprint && token.nonce != nil)
    let others = [
        TimestampRequest(message: [], nonce: request.nonce), TimestampRequest(message: Array("message".utf8), nonce: 1),
    ]
    for other in others { precondition((try? response.check(against: other)) == nil, "it is for another request too") }
}
