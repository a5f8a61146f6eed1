import LinuxIO
import Synchronization

/// Chooses which denials are written down, so that nobody fills the ledger by asking for what they may not have: the same one
/// once a minute, and of one caller no more than so many a minute. What is left out is counted.
final class DenialJournal: Sendable {
    static let window = Duration.seconds(60)
    /// Denials of one caller that are written down in one window.
    static let most = 30
    /// Callers that are remembered.
    static let mostCallers = 4096

    private struct Window {
        var end: Instant
        var written: Set<String> = []
        var omitted = 0
    }

    private let windows = Mutex<[String: Window]>([:])

    /// Whether this denial of the caller is to be written down: then, how many were not since the last that was.
    func admit(_ denial: String, of caller: String, at now: Instant = .now) -> Int? {
        windows.withLock { windows in
            if windows.count >= Self.mostCallers, windows[caller] == nil {
                windows = windows.filter { $0.value.end > now }
                guard windows.count < Self.mostCallers else { return nil }
            }
            var window = windows[caller] ?? Window(end: now.advanced(by: Self.window))
            defer { windows[caller] = window }
            if window.end <= now { window = Window(end: now.advanced(by: Self.window), omitted: window.omitted) }
            guard window.written.count < Self.most, window.written.insert(denial).inserted else {
                window.omitted += 1
                return nil
            }
            defer { window.omitted = 0 }
            return window.omitted
        }
    }
}
