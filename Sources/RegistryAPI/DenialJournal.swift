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

    private struct State {
        var windows: [String: Window] = [:]
        /// Denials that were left out of callers who are forgotten.
        var lost = 0

        mutating func makeRoom(_ now: Instant) {
            for (caller, window) in windows where window.end <= now {
                lost += window.omitted
                windows[caller] = nil
            }
        }
    }

    private let state = Mutex(State())

    /// Whether this denial of the caller is to be written down: then, how many were not since the last that was.
    func admit(_ denial: String, of caller: String, at now: Instant = .now) -> Int? {
        state.withLock { state in
            if state.windows[caller] == nil, state.windows.count >= Self.mostCallers {
                state.makeRoom(now)
                guard state.windows.count < Self.mostCallers else {
                    state.lost += 1
                    return nil
                }
            }
            var window = state.windows[caller] ?? Window(end: now.advanced(by: Self.window))
            defer { state.windows[caller] = window }
            if window.end <= now { window = Window(end: now.advanced(by: Self.window), omitted: window.omitted) }
            guard window.written.count < Self.most, window.written.insert(denial).inserted else {
                window.omitted += 1
                return nil
            }
            defer {
                window.omitted = 0
                state.lost = 0
            }
            return window.omitted + state.lost
        }
    }

    /// Takes back what could not be written down after all: the next time it is tried again, and nothing was left out unseen.
    func giveBack(_ denial: String, of caller: String, omitted: Int) {
        state.withLock { state in
            state.windows[caller]?.written.remove(denial)
            state.windows[caller]?.omitted += omitted + 1
        }
    }
}
