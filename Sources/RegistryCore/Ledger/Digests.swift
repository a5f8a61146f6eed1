import OCI
import SQLite

extension Row {
    /// A digest in its stored form.
    borrowing func digest(_ column: Int) throws(SQLiteError) -> Digest {
        guard let digest = Digest(encoded: blob(column)) else { throw .corrupt("a digest cannot be read") }
        return digest
    }

    /// A digest in its stored form, or NULL.
    borrowing func digestOrNil(_ column: Int) throws(SQLiteError) -> Digest? {
        isNull(column) ? nil : try digest(column)
    }
}
