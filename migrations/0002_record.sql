-- The record: what happened, in order. A row is written in the transaction of the change that it describes.
--
-- `id` counts from 0 without gaps and `time` never goes back, so that each row can be a leaf of a log.
-- Who did it from where is kept in columns of its own, apart from `document`, so that it can be erased.
CREATE TABLE record (
    id             INTEGER PRIMARY KEY,
    kind           TEXT    NOT NULL,  -- push, tag, delete
    time           INTEGER NOT NULL,
    repository     TEXT    NOT NULL,
    digest         BLOB    NOT NULL,  -- what it is about
    principal      TEXT,
    client_address TEXT,
    user_agent     TEXT,
    builder        TEXT,
    revision       TEXT,
    document       TEXT    NOT NULL   -- the rest, as JSON
) STRICT;

CREATE INDEX record_by_time ON record(time);
CREATE INDEX record_by_repository ON record(repository, id);
CREATE INDEX record_by_revision ON record(revision, id) WHERE revision IS NOT NULL;
CREATE INDEX record_by_builder ON record(builder, id) WHERE builder IS NOT NULL;

-- Every digest a record is about: for a tag that moved, the one it left as well.
CREATE TABLE record_digest (
    digest BLOB    NOT NULL,
    record INTEGER NOT NULL REFERENCES record(id),
    PRIMARY KEY (digest, record)
) STRICT, WITHOUT ROWID;

CREATE TABLE record_label (
    key    TEXT    NOT NULL,
    value  TEXT    NOT NULL,
    record INTEGER NOT NULL REFERENCES record(id),
    PRIMARY KEY (key, value, record)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER record_is_never_changed BEFORE UPDATE OF id, kind, time, repository, digest, document ON record
BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;

CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;

CREATE TRIGGER record_has_no_gap BEFORE INSERT ON record
WHEN NEW.id <> (SELECT coalesce(max(id), -1) + 1 FROM record)
BEGIN SELECT RAISE(ABORT, 'the next record continues the count'); END;
