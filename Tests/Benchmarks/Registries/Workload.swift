import BenchmarkLoad

/// Something that servers are asked to do, and what is read from how they did.
struct Workload: Sendable {
    let name: String
    let measures: [Measure]
    /// What one operation is, of which the processor time is given; nil when that has no meaning.
    var operation: String?
    /// Whether static files are enough for it.
    var isStatic = false
    /// Whether it leaves dirty pages, which must not be written at another server's expense.
    var writes = false
    /// Says why a server cannot do it correctly; nil when it can.
    var fault: @Sendable (Server) throws -> String? = { _ in nil }
    /// Whether a short run before the first round is a fair way to warm up.
    var warmsUp = true
    let run: @Sendable (Server, Duration) async throws -> Outcome

    /// Runs it; what is thrown is a failure like any other, and ends this workload only.
    func outcome(on server: Server, for duration: Duration) async -> Outcome {
        do {
            return try await run(server, duration)
        } catch {
            var outcome = Outcome()
            outcome.fail("\(error)")
            return outcome
        }
    }
}

/// One figure of a workload.
struct Measure: Sendable {
    /// Stands in the tables instead of the name of the workload.
    var name: String?
    let unit: String
    var isLessBetter = false
    let value: @Sendable (Outcome) -> Double

    /// Operations a second.
    static func rate(_ unit: String, of amount: Double = 1) -> Measure {
        Measure(unit: unit) { outcome in
            outcome.time == .zero ? 0 : Double(outcome.operations) * amount / outcome.time.seconds
        }
    }
}
