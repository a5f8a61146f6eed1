internal import CSQLite

/// A value that can take the place of a `?1` in a statement.
///
/// `Int`, `Int64` and `Bool` become `INTEGER`, `Double` becomes `REAL` (and NaN becomes `NULL`, as
/// SQLite has none), `String` becomes `TEXT`, `[UInt8]` becomes `BLOB`, and `nil` becomes `NULL`.
package protocol Bindable: Sendable {
    /// Puts this value where `parameter` is, and returns SQLite's result code.
    func bind(to parameter: Parameter) -> Int32
}

/// The place of one value in one prepared statement.
package struct Parameter {
    let statement: OpaquePointer
    let index: Int32
}

extension Int64: Bindable {
    package func bind(to parameter: Parameter) -> Int32 {
        sqlite3_bind_int64(parameter.statement, parameter.index, self)
    }
}

extension Int: Bindable {
    package func bind(to parameter: Parameter) -> Int32 { Int64(self).bind(to: parameter) }
}

extension Bool: Bindable {
    package func bind(to parameter: Parameter) -> Int32 { Int64(self ? 1 : 0).bind(to: parameter) }
}

extension Double: Bindable {
    package func bind(to parameter: Parameter) -> Int32 {
        sqlite3_bind_double(parameter.statement, parameter.index, self)
    }
}

extension String: Bindable {
    package func bind(to parameter: Parameter) -> Int32 {
        var text = self
        return text.withUTF8 { bytes in
            waybill_sqlite3_bind_text(parameter.statement, parameter.index, bytes.baseAddress, Int64(bytes.count))
        }
    }
}

extension [UInt8]: Bindable {
    package func bind(to parameter: Parameter) -> Int32 {
        withUnsafeBytes { bytes in
            waybill_sqlite3_bind_blob(parameter.statement, parameter.index, bytes.baseAddress, Int64(bytes.count))
        }
    }
}

extension Optional: Bindable where Wrapped: Bindable {
    package func bind(to parameter: Parameter) -> Int32 {
        switch self {
        case .some(let value): value.bind(to: parameter)
        case .none: sqlite3_bind_null(parameter.statement, parameter.index)
        }
    }
}
