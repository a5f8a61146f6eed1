-- The record: what happened, in order. A row is written in the transaction of the change that it describes.
--
-- `id` counts from 0 without gaps and `time` never goes back, so that each row can be a leaf of a log. Triggers hold that.
-- Who did it from where is in columns of its own and nowhere else, so that it can be erased: set to NULL, never changed.
CREATE TABLE record (
    id             INTEGER PRIMARY KEY,
    kind           TEXT    NOT NULL,  -- push, tag, delete
    time           INTEGER NOT NULL,
    repository     TEXT    NOT NULL,
    digest         BLOB    NOT NULL,  -- what it is about
    principal      TEXT,
    client_address TEXT,
    user_agent     TEXT,
    revision       TEXT,              -- as in the document, at most 512 bytes
    document       TEXT    NOT NULL   -- the rest, as JSON, at most 60,000 bytes
) STRICT;

CREATE INDEX record_by_time ON record(time);
CREATE INDEX record_by_kind ON record(kind, id);
CREATE INDEX record_by_repository ON record(repository, id);
CREATE INDEX record_by_revision ON record(revision, id) WHERE revision IS NOT NULL;
-- Who pushed is all that is known of a builder until build records say more.
CREATE INDEX record_by_builder ON record(coalesce(principal, user_agent), id) WHERE kind = 'push';
-- The newest push of a manifest to a repository.
CREATE INDEX record_by_push ON record(digest, repository, id) WHERE kind = 'push';

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

CREATE TRIGGER record_is_never_changed
BEFORE UPDATE OF id, kind, time, repository, digest, revision, document ON record
BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;

CREATE TRIGGER record_is_erased_only_to_null BEFORE UPDATE OF principal, client_address, user_agent ON record
WHEN (NEW.principal IS NOT NULL AND NEW.principal IS NOT OLD.principal)
  OR (NEW.client_address IS NOT NULL AND NEW.client_address IS NOT OLD.client_address)
  OR (NEW.user_agent IS NOT NULL AND NEW.user_agent IS NOT OLD.user_agent)
BEGIN SELECT RAISE(ABORT, 'who did it is erased or kept, never changed'); END;

CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;

CREATE TRIGGER record_continues BEFORE INSERT ON record
WHEN NEW.id <> (SELECT coalesce(max(id), -1) + 1 FROM record)
  OR NEW.time < (SELECT coalesce(max(time), NEW.time) FROM record)
BEGIN SELECT RAISE(ABORT, 'the next record continues the count, and is not older than the last'); END;

CREATE TRIGGER record_digest_is_never_changed BEFORE UPDATE ON record_digest
BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;
CREATE TRIGGER record_digest_is_never_deleted BEFORE DELETE ON record_digest
BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;
CREATE TRIGGER record_label_is_never_changed BEFORE UPDATE ON record_label
BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;
CREATE TRIGGER record_label_is_never_deleted BEFORE DELETE ON record_label
BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;
