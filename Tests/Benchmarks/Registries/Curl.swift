import BenchmarkLoad
import RegistryTesting

/// Requests with curl, which speaks TLS and plain HTTP alike.
struct Curl: Sendable {
    /// What must be believed to talk to the servers of this run.
    let root: String

    /// A transfer is missing, or did not do what is measured.
    private struct Incomplete: Error {
        let reason: String
    }

    /// What curl says of a transfer.
    fileprivate struct Transfer {
        let status: Int
        let seconds: Double
        let downloaded: Int
        let connections: Int
        let handshake: Double
        let location: String

        /// Whether it had a connection of its own, with a handshake where that belongs to it.
        func isNew(over server: Server) -> Bool {
            connections == 1 && (handshake > 0) == (server.certificate != nil)
        }
    }

    /// How many connections one curl opens, so that its own start does not count.
    private static let batch = 200

    /// Opens connections one after the other until the time is over, each with a full handshake and one request.
    func connect(to server: Server, for duration: Duration) async throws -> Outcome {
        try await again(until: duration, nil) {
            // A session that is resumed would save the server what is to be measured.
            let transfers = try await transfer([
                "--no-sessionid", "--header", "Connection: close", "\(server.url)/v2/?[1-\(Self.batch)]",
            ])
            guard transfers.count == Self.batch, transfers.allSatisfy({ $0.isNew(over: server) }) else {
                throw Incomplete(reason: "not every request had a new connection")
            }
            return transfers.map { ($0, 200) }
        }
    }

    /// Downloads a blob again and again until the time is over. An operation is one MiB.
    func download(_ blob: Content, from server: Server, for duration: Duration) async throws -> Outcome {
        let outcome = try await again(until: duration, blob.count) {
            try await transfer(["\(server.url)/v2/\(Dataset.repository)/blobs/\(blob.digest)"]).map { ($0, 200) }
        }
        return outcome.inMiB(of: blob)
    }

    /// Uploads a file again and again until the time is over. An operation is one MiB.
    func upload(_ blob: Content, in file: String, to server: Server, for duration: Duration) async throws -> Outcome {
        let outcome = try await again(until: duration, nil) {
            let begin = try await transfer([
                "--request", "POST", "--data", "", "\(server.url)/v2/\(Dataset.repository)/blobs/uploads/",
            ])
            guard let upload = begin.first, upload.status == 202 else { return begin.map { ($0, 202) } }
            let path = RegistryClient.path(of: upload.location)
            let end = try await transfer([
                "--upload-file", file, "--header", "Content-Type: application/octet-stream",
                "\(server.url)\(path)digest=\(blob.digest)",
            ])
            return end.map { ($0, 201) }
        }
        return outcome.inMiB(of: blob)
    }

    /// - Parameter length: the bytes of each answer; nil when they do not matter.
    private func again(
        until duration: Duration, _ length: Int?, _ step: () async throws -> [(Transfer, status: Int)]
    ) async throws -> Outcome {
        let clock = ContinuousClock()
        let begin = clock.now
        var outcome = Outcome()
        repeat {
            for (transfer, status) in try await step() {
                outcome.append(transfer, expecting: status)
                if let length, transfer.downloaded != length {
                    outcome.fail("\(transfer.downloaded) bytes of \(length)")
                }
            }
        } while begin.duration(to: clock.now) < duration && outcome.failures == 0
        return outcome
    }

    private func transfer(_ arguments: [String]) async throws -> [Transfer] {
        let result = try await Program.run(
            Program.find("curl") ?? "curl",
            [
                // HTTP/2 would keep one connection for all, and be a second difference to plain HTTP.
                "--http1.1", "--silent", "--output", "/dev/null", "--max-time", "60", "--cacert", root, "--write-out",
                "transfer %{http_code} %{time_total} %{size_download} %{num_connects} %{time_appconnect} %header{location}\\n",
            ] + arguments)
        return result.output.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 7, let status = Int(parts[1]), let time = Double(parts[2]), let size = Int(parts[3]),
                let connections = Int(parts[4]), let handshake = Double(parts[5])
            else { return nil }
            return Transfer(
                status: status, seconds: time, downloaded: size, connections: connections, handshake: handshake,
                location: String(parts[6]))
        }
    }
}

extension Outcome {
    fileprivate mutating func append(_ transfer: Curl.Transfer, expecting status: Int) {
        guard transfer.status == status else { return fail("\(transfer.status) instead of \(status)") }
        operations += 1
        time += .seconds(transfer.seconds)
    }

    fileprivate func inMiB(of blob: Content) -> Outcome {
        var outcome = self
        outcome.operations *= blob.count >> 20
        return outcome
    }
}
