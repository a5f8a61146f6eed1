import BenchmarkLoad
import RegistryTesting

/// Small requests with wrk, the load generator that everybody knows.
struct Wrk: Sendable {
    static let connections = 16

    let paths: [String]
    var fields: [(name: String, value: String)] = []

    /// Sends requests for the paths in turn until the time is over.
    func run(_ server: Server, for duration: Duration) async throws -> Outcome {
        let length = try length(at: server)
        let script = server.folder.write(Array(script.utf8), to: "requests.lua")
        // wrk knows whole seconds only.
        let result = try await Program.run(
            Program.find("wrk") ?? "wrk",
            [
                "--threads", "1", "--connections", "\(Self.connections)", "--timeout", "10", "--duration",
                "\(max(1, Int(duration.seconds.rounded(.up))))", "--script", script, server.url,
            ])
        let line = result.output.split(separator: "\n").first { $0.hasPrefix("figures ") }
        let figures = line?.split(separator: " ").compactMap { Int($0) } ?? []
        var outcome = Outcome()
        guard result.status == 0, figures.count == 5 else {
            outcome.fail("wrk: \(result.text.suffix(200))")
            return outcome
        }
        outcome.operations = figures[0]
        outcome.time = .microseconds(figures[1])
        if figures[3] > 0 { outcome.fail("\(figures[3]) answers with an error status") }
        if figures[4] > 0 { outcome.fail("\(figures[4]) errors of connections") }
        if figures[0] == 0 { outcome.fail("no answer to \(paths[0])") }
        if let length, !Self.isPlausible(figures[2], figures[0], length) {
            outcome.fail("\(figures[2]) bytes in \(figures[0]) answers of \(length) bytes")
        }
        return outcome
    }

    /// Bytes of a body, in the mean of the paths; nil over TLS.
    private func length(at server: Server) throws -> Int? {
        guard server.certificate == nil else { return nil }
        let answers = try paths.map { try server.request($0, fields: fields.map { ($0.name, $0.value) }) }
        return answers.reduce(0) { $0 + $1.body.count } / answers.count
    }

    /// Whether these bytes can be so many answers with heads, besides those that were on their way at the end.
    private static func isPlausible(_ bytes: Int, _ answers: Int, _ length: Int) -> Bool {
        let most = (answers + connections) * (length + 1024)
        return (answers * length...most).contains(bytes)
    }

    private var script: String {
        let fields = fields.map { "wrk.headers[\"\($0.name)\"] = \"\($0.value)\"" }.joined(separator: "\n")
        return """
            \(fields)
            local paths = {\(paths.map { "\"\($0)\"" }.joined(separator: ", "))}
            local requests, turn = {}, 0
            init = function() for i, path in ipairs(paths) do requests[i] = wrk.format(nil, path) end end
            request = function() turn = turn % #requests + 1; return requests[turn] end
            done = function(summary)
                local errors = summary.errors
                io.write(string.format("figures %d %d %d %d %d\\n", summary.requests, summary.duration, summary.bytes,
                    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
            end
            """
    }
}
