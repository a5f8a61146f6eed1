/// How much of everything a run does.
struct Sizes: Sendable {
    var name: String
    var seconds: Double
    var rounds = 3
    /// Bytes of a blob that is pushed, and how many of them a measurement pushes at most, so that no disk fills.
    var pushed: Int
    var pushes = 16
    var tags: Int
    var repositories: Int
    var referrers: Int
    var idleConnections: Int

    static let full = Sizes(
        name: "full", seconds: 5, pushed: 32 << 20, tags: 10_000, repositories: 1000, referrers: 200,
        idleConnections: 5000)
    static let quick = Sizes(
        name: "quick", seconds: 1, pushed: 16 << 20, tags: 2000, repositories: 200, referrers: 50,
        idleConnections: 500)

    /// Bytes of the blob that is pulled whole and in ranges, and of the layers of the images that are pulled.
    static let large = 64 << 20
    static let image = 10 << 20
    static let small = 1 << 20

    var duration: Duration { .milliseconds(Int(seconds * 1000)) }
}
