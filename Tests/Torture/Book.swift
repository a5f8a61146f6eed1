import OCI
import Synchronization
import TransparencyLog

/// What is asked of the server, in the order in which it comes; a fault strikes one of them.
enum Step: UInt64, CaseIterable, Sendable {
    case start = 1
    case smallBlob, begin, chunk, commit, largeBlob, mount, manifest, tagMove, tagDelete, manifestDelete, blobDelete
    case record, largeRecord, together, stop, restart, rotate, collection

    /// As it stands in the table.
    var name: String {
        switch self {
        case .start: "start with a migration"
        case .smallBlob: "small blob (a row)"
        case .begin: "begin an upload"
        case .chunk: "chunk"
        case .commit: "commit of a chunked blob"
        case .largeBlob: "large blob (a file)"
        case .mount: "mount"
        case .manifest: "manifest with a tag"
        case .tagMove: "tag move"
        case .tagDelete: "delete a tag"
        case .manifestDelete: "delete a manifest"
        case .blobDelete: "delete a blob"
        case .record: "build record"
        case .largeRecord: "build record over 256 KiB"
        case .together: "pushes at once"
        case .stop: "stop"
        case .restart: "start, and a push"
        case .rotate: "key rotation"
        case .collection: "collection of garbage"
        }
    }
}

/// Something that a client can ask for afterwards.
enum Thing: Hashable, Sendable {
    case blob(String, Digest)
    case manifest(String, Digest)
    case tag(String, String)
    /// That a record of a push or a build is among those of a digest.
    case history(Digest, kind: String, repository: String?)
    case record(Int64)
    /// How many keys sign the log.
    case keys
}

/// What a thing becomes: its digest or text; nil when it is gone.
struct Change: Sendable {
    let thing: Thing
    let value: String?

    init(_ thing: Thing, _ value: String?) {
        self.thing = thing
        self.value = value
    }
}

/// What the clients of one server were told, and when, counted in changes of its disk.
final class Book: Sendable {
    /// One request that changes something.
    struct Event: Sendable {
        let step: Step
        /// The last change before it was asked.
        let begin: UInt64
        /// The last change before its answer was heard.
        let end: UInt64
        let isAcknowledged: Bool
        let changes: [Change]
    }

    /// What a thing may be, and the step that says so.
    struct Expectation: Sendable {
        var values: Set<String?>
        var step: Step
    }

    struct Counts: Sendable {
        var acknowledged = 0
        var refused: [Int: Int] = [:]
        var unanswered = 0
    }

    private struct State {
        var events: [Event] = []
        var contents: [Digest: [UInt8]] = [:]
        var checkpoints: [(heard: UInt64, checkpoint: SignedCheckpoint, step: Step)] = []
        var counts = Counts()
        var findings: [String] = []
        var uploads: [(location: String, heard: UInt64, bytes: Int)] = []
        var images: [Digest: [Digest]] = [:]
    }

    private let state: Mutex<State>

    /// An empty one; or one that begins with what another says, as certain from the first moment on.
    init(after earlier: Book? = nil) {
        var state = State()
        if let earlier = earlier?.state.withLock({ $0 }) {
            state.events = earlier.events.map {
                Event(step: $0.step, begin: 0, end: 0, isAcknowledged: $0.isAcknowledged, changes: $0.changes)
            }
            state.checkpoints = earlier.checkpoints.map { (0, $0.checkpoint, $0.step) }
            (state.contents, state.images) = (earlier.contents, earlier.images)
        }
        self.state = Mutex(state)
    }

    func add(_ event: Event) { state.withLock { $0.events.append(event) } }
    func know(_ content: [UInt8], as digest: Digest) { state.withLock { $0.contents[digest] = content } }
    func know(_ blobs: [Digest], of image: Digest) { state.withLock { $0.images[image] = blobs } }
    func find(_ finding: String) { state.withLock { $0.findings.append(finding) } }
    func count(_ body: @Sendable (inout Counts) -> Void) { state.withLock { body(&$0.counts) } }
    func hear(_ checkpoint: SignedCheckpoint, at heard: UInt64, _ step: Step) {
        state.withLock { $0.checkpoints.append((heard, checkpoint, step)) }
    }
    func leave(upload location: String, heard: UInt64, bytes: Int) {
        state.withLock { $0.uploads.append((location, heard, bytes)) }
    }

    /// What had been acknowledged at `cut`.
    func acknowledged(at cut: UInt64) -> Counts {
        Counts(acknowledged: state.withLock { $0.events.count { $0.isAcknowledged && $0.end <= cut } })
    }

    var counts: Counts { state.withLock { $0.counts } }
    var findings: [String] { state.withLock { $0.findings } }
    var contents: [Digest: [UInt8]] { state.withLock { $0.contents } }
    /// The blobs of each image, by its manifest.
    var images: [Digest: [Digest]] { state.withLock { $0.images } }
    /// Whether something was refused or not answered so far, so that what builds on it may be refused as well.
    var hasFailures: Bool { state.withLock { $0.counts.unanswered > 0 || !$0.counts.refused.isEmpty } }

    /// Uploads that were left open, as far as they were acknowledged at `cut`.
    func uploads(at cut: UInt64) -> [(location: String, heard: UInt64, bytes: Int)] {
        state.withLock { $0.uploads.filter { $0.heard <= cut } }
    }

    /// The checkpoints that had been handed out at `cut`.
    func checkpoints(at cut: UInt64) -> [(checkpoint: SignedCheckpoint, step: Step)] {
        state.withLock { $0.checkpoints.filter { $0.heard <= cut }.map { ($0.checkpoint, $0.step) } }
    }

    /// What each thing may be when nothing that happened after `cut` is left.
    ///
    /// What was acknowledged by then is certain. What was asked and not acknowledged may have happened or not, as a whole.
    func expectations(at cut: UInt64) -> [Thing: Expectation] {
        var expectations: [Thing: Expectation] = [:]
        for event in state.withLock({ $0.events }).sorted(by: { $0.begin < $1.begin }) {
            for change in event.changes {
                var known = expectations[change.thing] ?? Expectation(values: [nil], step: event.step)
                if event.isAcknowledged, event.end <= cut {
                    known.values = [change.value]
                    known.step = event.step
                } else if event.begin < cut {
                    known.values.insert(change.value)
                    known.step = event.step
                }
                expectations[change.thing] = known
            }
        }
        return expectations
    }
}
