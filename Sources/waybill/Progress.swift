import LinuxIO

/// Tells on standard error how far a step is, once it has taken a second, and then every second.
struct Progress {
    /// What is said to be done.
    var step: String
    private var due = Instant.now.advanced(by: .seconds(1))

    init(_ step: String) {
        self.step = step
    }

    /// Says that `done` of `total` parts are done, if it is time to say something.
    mutating func report(_ done: Int, of total: Int) {
        guard Instant.now >= due else { return }
        due = Instant.now.advanced(by: .seconds(1))
        Console.error("\(step): \(done) of \(total)")
    }
}
