import Dispatch
import LinuxIO
import OCI
import RegistryTesting
import Synchronization

@testable import RegistryCore

extension Actor {
    static let tester = Actor(clientAddress: "192.0.2.7", userAgent: "tester/1.0")
}

extension Registry {
    /// Stores a blob in one go.
    @discardableResult
    func store(_ bytes: [UInt8], in repository: RepositoryName) async throws -> Digest {
        let digest = Digest(.sha256, of: bytes)
        try await putBlob(TestSource(bytes), as: digest, to: repository)
        return digest
    }

    /// Puts a manifest under a tag or, with nil, under its digest.
    @discardableResult
    func put(
        _ manifest: [UInt8], in repository: RepositoryName, as tag: Tag? = nil,
        type: MediaType? = .ociManifest, by actor: Actor = .tester
    ) async throws -> PushReceipt {
        let reference = tag.map { Reference.tag($0) } ?? .digest(Digest(.sha256, of: manifest))
        return try await put(
            ManifestPush(to: repository, as: reference, contentType: type?.rawValue, content: manifest), by: actor)
    }

    /// Pushes an image with everything that it names.
    @discardableResult
    func push(
        _ image: Fixture.Image, to repository: RepositoryName, as tag: Tag? = nil, by actor: Actor = .tester
    ) async throws -> PushReceipt {
        for blob in image.blobs { try await store(blob, in: repository) }
        return try await put(image.manifest, in: repository, as: tag, by: actor)
    }

    /// Begins an upload and appends `bytes` to it.
    func beginUpload(with bytes: [UInt8], in repository: RepositoryName) async throws -> UploadSession {
        let session = try beginUpload(to: repository).session
        _ = try await append(TestSource(bytes), to: session, in: repository, range: nil)
        return session
    }

    /// Every record, oldest first.
    func history() throws -> [StoredRecord] {
        try records(matching: RecordFilter(), after: -1, count: nil).entries
    }

    /// The digest that a tag points at; nil when there is no such tag.
    func digest(of tag: Tag, in repository: RepositoryName) -> Digest? {
        try? manifest(.tag(tag), in: repository, content: false).digest
    }
}

extension StoredRecord {
    /// A member of the document.
    subscript(key: String) -> JSONValue? { json[key] }
}

/// Notes the steps of a disk in order, and lets one of them fail if told to.
final class StepRecorder: Sendable {
    private struct State {
        var steps: [Disk.Step] = []
        var fault: (step: Disk.Step, count: Int)?
    }

    private let state = Mutex(State())

    /// The steps so far; reading them forgets them.
    func take() -> [Disk.Step] {
        state.withLock { state in
            defer { state.steps = [] }
            return state.steps
        }
    }

    /// Lets the next `count` steps of a kind fail.
    func fail(next count: Int, _ step: Disk.Step) {
        state.withLock { $0.fault = (step, count) }
    }

    var disk: Disk {
        Disk { step in
            self.state.withLock { state in
                state.steps.append(step)
                guard let fault = state.fault, fault.step == step, fault.count > 0 else { return nil }
                state.fault = (step, fault.count - 1)
                return 5  // EIO
            }
        }
    }
}

/// The error that `body` throws, as a value of the type that is expected; nil when it throws none or another.
func failure<Failure: Error>(
    _ type: Failure.Type = Failure.self, of body: () async throws -> Void
) async -> Failure? {
    do {
        try await body()
        return nil
    } catch {
        return error as? Failure
    }
}

/// Keeps the writer of a ledger busy until it is released, so that what is written meanwhile is one group.
///
/// `Task.immediate` runs until its first suspension before it returns, and a write suspends only once it is queued.
final class Held: Sendable {
    private let gate = DispatchSemaphore(value: 0)
    private let holder: Task<Void, any Error>

    init(_ ledger: Ledger, durable: Bool = true) {
        let (gate, started) = (gate, DispatchSemaphore(value: 0))
        holder = Task.immediate {
            try await ledger.write(durable: durable) { _ in
                started.signal()
                // Stays open: a write may run more than once.
                gate.wait()
                gate.signal()
            }
        }
        started.wait()
    }

    func release() async {
        gate.signal()
        _ = await holder.result
    }
}
