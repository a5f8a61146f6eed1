import Access
import LinuxIO
import Testing

@Suite struct `One caller among many` {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    private func limiter(requests: Int = 0, uploads: Int = 0) -> CallerLimiter {
        var options = CallerLimiter.Options()
        options.requestsPerSecond = requests
        options.uploads = uploads
        return CallerLimiter(options)
    }

    @Test func `may ask ten seconds' worth at once, and then at its rate`() {
        let limiter = limiter(requests: 5)
        for _ in 0..<50 { #expect(limiter.countRequest(of: "a", at: start) == nil) }
        #expect(limiter.countRequest(of: "a", at: start) == .milliseconds(200))
        #expect(limiter.countRequest(of: "b", at: start) == nil, "others are not held up")
        let later = start.advanced(by: .seconds(1))
        for _ in 0..<5 { #expect(limiter.countRequest(of: "a", at: later) == nil) }
        #expect(limiter.countRequest(of: "a", at: later) != nil)
        let rested = later.advanced(by: .seconds(3600))
        for _ in 0..<50 { #expect(limiter.countRequest(of: "a", at: rested) == nil) }
        #expect(limiter.countRequest(of: "a", at: rested) != nil, "rest is not saved up for ever")
    }

    @Test func `may send so many uploads at once`() {
        let limiter = limiter(uploads: 2)
        #expect(limiter.beginUpload(of: "a") && limiter.beginUpload(of: "a"))
        #expect(!limiter.beginUpload(of: "a") && limiter.beginUpload(of: "b"))
        limiter.endUpload(of: "a")
        #expect(limiter.beginUpload(of: "a") && !limiter.beginUpload(of: "a"))
    }

    @Test func `may do anything where there is no limit`() {
        let limiter = limiter()
        for _ in 0..<1000 { #expect(limiter.countRequest(of: "a", at: start) == nil && limiter.beginUpload(of: "a")) }
    }

    @Test func `is forgotten when there are too many others`() {
        let limiter = limiter(requests: 1)
        for number in 0..<70_000 { #expect(limiter.countRequest(of: "\(number)", at: start) == nil) }
    }
}
