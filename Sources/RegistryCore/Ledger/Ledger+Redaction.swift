import SQLite

extension LedgerTransaction {
    /// Sets a personal field and its salt to NULL; false when it is already.
    func erase(_ field: PersonalField, of record: Int64) throws -> Bool {
        switch field {
        case .principal:
            try connection.execute(
                "UPDATE record SET principal = NULL, principal_salt = NULL WHERE id = ?1 AND principal IS NOT NULL",
                record)
        case .clientAddress:
            try connection.execute(
                """
                UPDATE record SET client_address = NULL, client_address_salt = NULL
                WHERE id = ?1 AND client_address IS NOT NULL
                """, record)
        case .userAgent:
            try connection.execute(
                "UPDATE record SET user_agent = NULL, user_agent_salt = NULL WHERE id = ?1 AND user_agent IS NOT NULL",
                record)
        }
        return connection.changes > 0
    }
}
