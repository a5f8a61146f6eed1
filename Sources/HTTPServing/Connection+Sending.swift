import HTTPTypes
import HTTPWire
import LinuxIO
import Logging

extension Connection {
    /// Files up to this size are read in the same hop that opens them and sent from memory with the head.
    static let smallFile: Int64 = 64 * 1024
    /// Contents in memory up to this size are copied behind the head.
    static let joinedBytes = 16 * 1024

    /// What must be at hand before the head promises it.
    private enum Content {
        case memory
        case file(SharedDescriptor)
        case stream(OutgoingStream)
    }

    /// Sends the answer; false when the connection cannot go on.
    func send(_ response: Response, as plan: ResponsePlan, to request: RequestHead, persists: Bool) async -> Bool {
        var plan = plan
        var content = Content.memory
        defer { answerMemory = nil }
        let fits = takeMemory(for: plan)
        do {
            if !fits, !plan.parts.contains(where: \.isSlice) {
                plan = self.plan(503, "the server holds as many answers in memory as it may", to: request)
            } else {
                content = try await open(response.body, for: &plan, intoMemory: fits)
            }
        } catch {
            // An answer that is abandoned, or has nobody to go to, has failed for that reason.
            guard !isAbandoned, !source.isBroken else { return false }
            context.logger.error("content cannot be read", metadata: ["error": "\(error)"])
            plan = self.plan(500, "the content cannot be read", to: request)
        }
        guard !isAbandoned else { return false }
        // From here on only a receiver that takes nothing is too slow: see `waitForRoom`.
        isHandling = false
        source.setDeadline(.distantFuture)
        var head: [UInt8] = []
        head.reserveCapacity(512)
        ResponseEncoder.encode(
            plan.head, body: plan.framing, persists: persists, date: clock.date, version: request.version, into: &head)
        switch content {
        case .memory: return await send(plan.parts, of: nil, behind: head)
        case .file(let file): return await send(plan.parts, of: file, behind: head)
        case .stream(let stream): return await send(stream, behind: head)
        }
    }

    /// What is sent instead of an answer that is not possible.
    private func plan(_ status: Int, _ reason: String, to request: RequestHead) -> ResponsePlan {
        let problem = context.problem(status, reason, request.target.path)
        return ResponsePlan(problem, to: request, limits: context.limits, problem: context.problem)
    }

    /// Takes the memory in which an answer will wait for its receiver; false when there is none. What is little is part of what a
    /// connection takes anyway.
    private func takeMemory(for plan: ResponsePlan) -> Bool {
        let size = plan.parts.reduce(0) { $0 + $1.count }
        let readsFile = size <= Self.smallFile
        let held = plan.parts.reduce(0) { $0 + ($1.isSlice && !readsFile ? 0 : $1.count) }
        guard held > Self.joinedBytes else { return true }
        answerMemory = context.memory.grant(Int(held))
        return answerMemory != nil
    }

    /// Sends the head and what follows it. Small contents go out with the head in one call; large ones are not copied
    /// for that.
    private func send(_ parts: [ResponsePlan.Part], of file: SharedDescriptor?, behind head: [UInt8]) async -> Bool {
        var joined = head
        var rest = parts[...]
        while case .bytes(let bytes)? = rest.first, bytes.count <= Self.joinedBytes {
            joined += bytes
            rest.removeFirst()
        }
        guard await send(joined, more: !rest.isEmpty) else { return false }
        while let part = rest.popFirst() {
            switch part {
            case .bytes(let bytes):
                guard await send(bytes, more: !rest.isEmpty) else { return false }
            case .slice(let range):
                guard let file, await sendFile(file, range) else { return false }
            }
        }
        return true
    }

    /// - Parameter intoMemory: whether small parts of a file may be read before they are sent.
    private func open(
        _ body: ResponseBody, for plan: inout ResponsePlan, intoMemory: Bool
    ) async throws -> Content {
        switch body {
        case .file(let stored) where plan.parts.contains(where: \.isSlice):
            return try await open(stored, for: &plan, intoMemory: intoMemory)
        case .stream(let stream):
            guard let framing = plan.stream else { return .memory }
            return .stream(try await begin(stream, framing))
        case .none, .bytes, .rangedBytes, .absent, .file: return .memory
        }
    }

    /// Opens the file: at once, or on a lane when that may have to wait for the disk. Small contents are read with it and take their
    /// place among the bytes.
    private func open(
        _ stored: StoredFile, for plan: inout ResponsePlan, intoMemory: Bool
    ) async throws -> Content {
        let parts = plan.parts
        let cached = stored.openCached()
        guard intoMemory, parts.reduce(0, { $0 + $1.count }) <= Self.smallFile else {
            if let cached { return .file(SharedDescriptor(cached)) }
            return .file(try await context.lanes.next().run { try SharedDescriptor(stored.open()) })
        }
        if let cached, let loaded = parts.loaded(by: { cached.readCached(Int($0.count), from: $0.lowerBound) }) {
            plan.parts = loaded
            return .memory
        }
        plan.parts = try await context.lanes.next().run {
            let file = try stored.open()
            return try parts.loaded { try file.read(Int($0.count), from: $0.lowerBound) } ?? parts
        }
        return .memory
    }
}

extension [ResponsePlan.Part] {
    /// These, with bytes for each slice; nil when a slice has none.
    fileprivate func loaded(by read: (Range<Int64>) throws -> [UInt8]?) rethrows -> [ResponsePlan.Part]? {
        var loaded = self
        for (index, part) in enumerated() {
            guard case .slice(let range) = part else { continue }
            guard let bytes = try read(range) else { return nil }
            loaded[index] = .bytes(bytes)
        }
        return loaded
    }
}

extension ResponsePlan.Part {
    fileprivate var isSlice: Bool {
        if case .slice = self { true } else { false }
    }
}
