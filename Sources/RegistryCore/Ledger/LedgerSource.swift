/// Who reads the ledger for long work: a collection, a verification.
package protocol LedgerSource {
    /// Runs `body` on one state of the database, where it keeps nobody waiting.
    func readAside<Value: Sendable>(
        _ body: @escaping @Sendable (LedgerReader) throws -> Value
    ) async throws -> Value

    /// Runs what takes long where it keeps nobody waiting.
    func aside<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
}

extension LedgerArchive: LedgerSource {
    /// Reads at once: who reads an archive has nothing else to do.
    package func readAside<Value: Sendable>(
        _ body: @escaping @Sendable (LedgerReader) throws -> Value
    ) async throws -> Value { try read(body) }

    /// The same.
    package func aside<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try body()
    }
}

extension Registry: LedgerSource {
    /// Reads on a lane, also what was written past the ledger.
    package func readAside<Value: Sendable>(
        _ body: @escaping @Sendable (LedgerReader) throws -> Value
    ) async throws -> Value {
        let ledger = ledger
        return try await aside { try ledger.readAnew(body) }
    }
}
