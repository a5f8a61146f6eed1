import Dispatch
import Glibc
import LinuxIO
import Logging
import Synchronization

/// Files of an operator that are read again when they change.
struct ReloadedFiles: Sendable {
    /// What they are, for the log.
    let name: String
    let paths: [String]
    /// Reads them and goes on with what they say, or throws and changes nothing. What blocks in it runs on the lane.
    let reload: @Sendable (Lane) async throws -> Void
}

/// Goes on with files that change, by themselves or on SIGHUP.
enum Reloading {
    /// How often the files are looked at.
    private static let interval = Duration.seconds(1)

    /// Looks until the task is cancelled. Files that are wrong change nothing but the log.
    static func run(_ files: [ReloadedFiles], lane: Lane, logger: Logger) async {
        let hangUps = HangUps()
        let source = hangUps.watch()
        defer { source.cancel() }
        var marks = await lane.run { files.map { $0.paths.map(FileMark.init) } }
        var (asked, answered) = (0, 0)
        while !Task.isCancelled {
            try? await Task.sleep(for: interval)
            asked = hangUps.count
            let isAsked = asked != answered
            answered = asked
            let now = await lane.run { files.map { $0.paths.map(FileMark.init) } }
            for (index, group) in files.enumerated() where isAsked || now[index] != marks[index] {
                do {
                    try await group.reload(lane)
                    logger.notice("read again", metadata: ["what": "\(group.name)"])
                } catch {
                    logger.error(
                        "cannot be used, so the old one holds",
                        metadata: ["what": "\(group.name)", "error": "\((error as? Failure)?.message ?? "\(error)")"])
                }
            }
            marks = now
        }
    }
}

/// Counts SIGHUP, which would end the process otherwise.
private final class HangUps: Sendable {
    private let counter = Atomic(0)

    var count: Int { counter.load(ordering: .relaxed) }

    /// Counts until the source is cancelled.
    func watch() -> any DispatchSourceSignal {
        signal(SIGHUP, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
        source.setEventHandler { self.counter.wrappingAdd(1, ordering: .relaxed) }
        source.resume()
        return source
    }
}

/// What changes when a file does.
private struct FileMark: Equatable {
    private var inode: UInt64 = 0
    private var size: Int64 = -1
    private var seconds = 0
    private var nanoseconds = 0

    /// A file that is not there has a mark of its own. Blocks.
    init(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}
