import OCI
import RegistryCore
import RegistryTesting
import TransparencyLog

/// A client that writes down what it is told, and asks once more when it is refused, as real ones do.
struct Client: Sendable {
    let layer: FaultLayer
    let book: Book
    let port: UInt16
    /// The statuses with which something may be refused while the disk fails.
    let allowed: Set<Int>

    private static let manifestType = [("Content-Type", MediaType.ociManifest.rawValue)]

    /// Asks for a change; nil without an answer.
    ///
    /// - Parameters:
    ///   - status: the answer that acknowledges it.
    ///   - certain: false when something else may take the change back at any moment, such as a collection.
    ///   - more: further changes that follow from the answer.
    @discardableResult
    func ask(
        _ step: Step, _ method: String, _ path: String, _ fields: [(String, String)] = [], body: [UInt8]? = nil,
        changes: [Change] = [], status: Int = 201, certain: Bool = true, more: (TestResponse) -> [Change] = { _ in [] }
    ) -> TestResponse? {
        layer.step = step
        for attempt in 0..<2 {
            let begin = layer.sequence
            let answer = try? request(method, path, fields, body: body)
            let end = layer.sequence
            // 200 says that it was there already.
            let isAcknowledged = answer?.status == status || answer?.status == 200
            let changes = changes + (answer.map { isAcknowledged ? more($0) : [] } ?? [])
            book.add(
                Book.Event(
                    step: step, begin: begin, end: end, isAcknowledged: isAcknowledged && certain, changes: changes))
            guard let answer else {
                book.count { $0.unanswered += 1 }
                // Gone, or it hung up: then it may be asked again.
                guard (try? request("GET", "/v2/"))?.status == 200 else { return nil }
                continue
            }
            if isAcknowledged {
                book.count { $0.acknowledged += 1 }
                return answer
            }
            judge(answer, "\(method) \(path)", step)
            book.count { $0.refused[answer.status, default: 0] += 1 }
            if answer.status < 500 || attempt == 1 { return answer }
        }
        return nil
    }

    /// Whether a refusal is one that may come.
    private func judge(_ answer: TestResponse, _ request: String, _ step: Step) {
        // Without the blob a mount is an upload, and a manifest is refused.
        let isConsequence = (answer.status == 202 || (400..<500).contains(answer.status)) && book.hasFailures
        guard !allowed.contains(answer.status), !isConsequence else { return }
        book.find("STATUS \(step.name): \(answer.status) to \(request.prefix(60)): \(answer.text.prefix(160))")
    }

    func request(
        _ method: String, _ path: String, _ fields: [(String, String)] = [], body: [UInt8]? = nil
    ) throws -> TestResponse {
        try TestConnection(port: port, timeout: 120).request(
            method, path, fields + [("Connection", "close")], body: body)
    }

    // MARK: - Content

    func push(blob: [UInt8], to repository: String, _ step: Step, certain: Bool = true) {
        let digest = Digest(.sha256, of: blob)
        book.know(blob, as: digest)
        ask(
            step, "POST", "/v2/\(repository)/blobs/uploads/?digest=\(digest)", body: blob,
            changes: [Change(.blob(repository, digest), "\(digest)")], certain: certain)
    }

    /// Pushes the blobs of an image, and then its manifest under tags.
    @discardableResult
    func push(
        _ image: Fixture.Image, to repository: String, tags: [String], _ step: Step, collected: Bool = false
    ) -> Bool {
        for blob in image.blobs { push(blob: blob, to: repository, step, certain: !collected) }
        return put(image, to: repository, tags: tags, step, collected: collected)
    }

    /// - Parameter collected: whether only the manifest makes its blobs certain to stay.
    @discardableResult
    func put(
        _ image: Fixture.Image, to repository: String, tags: [String], _ step: Step, collected: Bool = false
    ) -> Bool {
        book.know(image.manifest, as: image.digest)
        let blobs = image.blobs.map { Digest(.sha256, of: $0) }
        book.know(blobs, of: image.digest)
        var changes = [
            Change(.manifest(repository, image.digest), "\(image.digest)"),
            Change(.history(image.digest, kind: "push", repository: repository), "there"),
        ]
        changes += tags.map { Change(.tag(repository, $0), "\(image.digest)") }
        if collected { changes += blobs.map { Change(.blob(repository, $0), "\($0)") } }
        let path =
            "/v2/\(repository)/manifests/\(image.digest)"
            + (tags.isEmpty ? "" : "?tag=" + tags.joined(separator: "&tag="))
        let answer = ask(step, "PUT", path, Self.manifestType, body: image.manifest, changes: changes)
        return answer?.status == 201
    }

    func delete(manifest image: Fixture.Image, from repository: String, tags: [String], _ step: Step) {
        let changes = tags.map { Change(.tag(repository, $0), nil) }
        ask(
            step, "DELETE", "/v2/\(repository)/manifests/\(image.digest)",
            changes: [Change(.manifest(repository, image.digest), nil)] + changes, status: 202)
    }

    /// Posts what says how a digest was built.
    func post(_ evidence: [UInt8], as type: String, about digest: Digest, kind: String = "build", _ step: Step) {
        ask(
            step, "POST", "/provenance", [("Content-Type", type)], body: evidence,
            changes: [Change(.history(digest, kind: kind, repository: nil), "there")],
            more: { answer in
                guard let record = (try? JSONValue(parsing: answer.body))?["record"], let id = record["id"]?.int64
                else { return [] }
                return [Change(.record(id), String(decoding: record.serialized(), as: UTF8.self))]
            })
    }

    // MARK: - What is seen meanwhile

    /// Takes the newest checkpoint, as an auditor would, and pulls what the step has pushed: bytes may be missing for the fault,
    /// but never wrong.
    func look(_ step: Step, at digest: Digest? = nil, in repository: String = "app") {
        if let answer = try? request("GET", "/checkpoint"), answer.status == 200 {
            do {
                book.hear(try SignedCheckpoint(parsing: answer.body), at: layer.sequence, step)
            } catch { book.find("CONTRADICTION \(step.name): the checkpoint is none: \(error)") }
        }
        guard let digest, let answer = try? request("GET", "/v2/\(repository)/blobs/\(digest)"), answer.status == 200
        else { return }
        if answer.body != book.contents[digest] { book.find("WRONG BYTES \(step.name): \(digest) while serving") }
    }
}
