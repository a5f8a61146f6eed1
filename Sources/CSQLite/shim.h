#pragma once
#include <sqlite3.h>

// What Swift cannot call by itself: a variadic function, and SQLITE_TRANSIENT, which is a cast.
// An empty value is bound through a pointer that is not NULL, because SQLite binds NULL for NULL.

static inline int waybill_sqlite3_switch(sqlite3 *connection, int option, int on) {
    return sqlite3_db_config(connection, option, on, (int *)0);
}

static inline int waybill_sqlite3_bind_text(sqlite3_stmt *statement, int index, const void *bytes, long long count) {
    return sqlite3_bind_text64(
        statement, index, bytes ? (const char *)bytes : "", (sqlite3_uint64)count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int waybill_sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, long long count) {
    return sqlite3_bind_blob64(statement, index, bytes ? bytes : "", (sqlite3_uint64)count, SQLITE_TRANSIENT);
}

// Flushes the database file through SQLite's own descriptor: closing another one would drop its locks.
static inline int waybill_sqlite3_sync(sqlite3 *connection) {
    sqlite3_file *file = 0;
    int result = sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (result != SQLITE_OK || !file || !file->pMethods) return result;
    return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

// Without it SQLite counts every allocation under one lock for all connections.
static inline int waybill_sqlite3_forget_memory_use(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
