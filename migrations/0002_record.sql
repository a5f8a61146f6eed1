-- The record: what happened, in order. A row is written in the transaction of the change that it describes.
--
-- `id` counts from 0 without gaps and is also the index of the record's leaf in the log (0003_log.sql). `time` never
-- goes back, so it needs no index: a span of time is a span of ids. Triggers hold both.
-- Who did it from where is in columns of its own and nowhere else, so that it can be erased: set to NULL together with
-- its salt, never changed. The leaf holds only SHA-256(salt ‖ value).
CREATE TABLE record (
    id                  INTEGER PRIMARY KEY,
    kind                TEXT    NOT NULL,  -- push, tag, delete, build, attestation, signature, hashedrekord, key, redaction
    time                INTEGER NOT NULL,
    repository          TEXT,              -- where it happened; NULL when it was nowhere in particular
    digest              BLOB,              -- what it is about, the first of several; NULL when about nothing stored
    principal           TEXT,
    client_address      TEXT,
    user_agent          TEXT,
    principal_salt      BLOB,
    client_address_salt BLOB,
    user_agent_salt     BLOB,
    builder             TEXT,              -- the build platform that a build record names
    predicate_type      TEXT,
    revision            TEXT,              -- as in the document, at most 512 bytes
    source              TEXT,              -- the repository of the source code, in one spelling
    evidence            INTEGER,           -- which evidence it was read from (0003_log.sql)
    document            TEXT    NOT NULL   -- the rest, as JSON, at most 60,000 bytes
) STRICT;

-- In an index over hashes each record has a page of its own to be read and written, so there is one only where somebody asks
-- by that hash.
CREATE INDEX record_by_kind ON record(kind, id);
CREATE INDEX record_by_repository ON record(repository, id) WHERE repository IS NOT NULL;
CREATE INDEX record_by_revision ON record(revision, id) WHERE revision IS NOT NULL;
CREATE INDEX record_by_source ON record(source, id) WHERE source IS NOT NULL;
-- Of a push, who pushed is all that is known of a builder.
CREATE INDEX record_by_builder ON record(coalesce(builder, principal, user_agent), id) WHERE kind IN ('push', 'build');
-- The newest push of a manifest to a repository.
CREATE INDEX record_by_push ON record(digest, repository, id) WHERE kind = 'push';

-- Every digest a record is about: for a tag that moved, the one it left as well; for a build, everything built.
-- A record that may be sent twice is also under its natural key: the digest it is about (or a zero byte) and half a hash of
-- what makes it the same. So that is in the same page as the digest, and a page is what an entry costs.
CREATE TABLE record_digest (
    digest BLOB    NOT NULL,
    record INTEGER NOT NULL REFERENCES record(id),
    PRIMARY KEY (digest, record)
) STRICT, WITHOUT ROWID;

-- The images that a build used or an image says it is based on.
CREATE TABLE record_base (
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

-- How many records have each value of a field by which they can be searched.
CREATE TABLE facet (
    field TEXT    NOT NULL,  -- kind, builder, predicateType
    value TEXT    NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (field, value)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER record_is_never_changed
BEFORE UPDATE OF id, kind, time, repository, digest, builder, predicate_type, revision, source, evidence,
                 document ON record
BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;

CREATE TRIGGER record_is_erased_only_to_null
BEFORE UPDATE OF principal, client_address, user_agent, principal_salt, client_address_salt, user_agent_salt ON record
WHEN (NEW.principal IS NOT NULL AND NEW.principal IS NOT OLD.principal)
  OR (NEW.client_address IS NOT NULL AND NEW.client_address IS NOT OLD.client_address)
  OR (NEW.user_agent IS NOT NULL AND NEW.user_agent IS NOT OLD.user_agent)
  OR (NEW.principal_salt IS NOT NULL AND NEW.principal_salt IS NOT OLD.principal_salt)
  OR (NEW.client_address_salt IS NOT NULL AND NEW.client_address_salt IS NOT OLD.client_address_salt)
  OR (NEW.user_agent_salt IS NOT NULL AND NEW.user_agent_salt IS NOT OLD.user_agent_salt)
BEGIN SELECT RAISE(ABORT, 'who did it is erased or kept, never changed'); END;

CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;

CREATE TRIGGER record_continues BEFORE INSERT ON record
WHEN NEW.id <> (SELECT coalesce(max(id), -1) + 1 FROM record)
  OR NEW.time < (SELECT time FROM record ORDER BY id DESC LIMIT 1)
BEGIN SELECT RAISE(ABORT, 'the next record continues the count, and is not older than the last'); END;

CREATE TRIGGER record_digest_is_never_changed BEFORE UPDATE ON record_digest
BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;
CREATE TRIGGER record_digest_is_never_deleted BEFORE DELETE ON record_digest
BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;
CREATE TRIGGER record_base_is_never_changed BEFORE UPDATE ON record_base
BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;
CREATE TRIGGER record_base_is_never_deleted BEFORE DELETE ON record_base
BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;
CREATE TRIGGER record_label_is_never_changed BEFORE UPDATE ON record_label
BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;
CREATE TRIGGER record_label_is_never_deleted BEFORE DELETE ON record_label
BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;
