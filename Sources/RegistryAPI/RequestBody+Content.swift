import HTTPServing

extension RequestBody {
    /// The whole body, in memory.
    ///
    /// - Parameter thing: what it is, as the answer calls it to a client who sends too much: 413.
    func content(of thing: String, upTo limit: Int, code: Problem.Code = .sizeInvalid) async throws -> [UInt8] {
        do { return try await collect(upTo: limit) } catch BodyError.tooLarge(let limit) {
            throw Problem(413, code, "\(thing) may have at most \(limit) bytes")
        }
    }
}
