-- The log: a Merkle tree (RFC 6962, RFC 9162) over the records, in the tiles of c2sp.org/tlog-tiles, with every checkpoint
-- that was ever signed. Written in the transaction of the records: none without its leaf, no leaf without its record.

-- The bytes whose hash is in the tree. The leaf of record n has index n.
CREATE TABLE leaf (
    id    INTEGER PRIMARY KEY REFERENCES record(id),
    entry BLOB    NOT NULL CHECK (length(entry) BETWEEN 1 AND 65535)
) STRICT;

CREATE TRIGGER leaf_is_never_changed BEFORE UPDATE ON leaf
BEGIN SELECT RAISE(ABORT, 'a leaf is never changed'); END;
CREATE TRIGGER leaf_is_never_deleted BEFORE DELETE ON leaf
BEGIN SELECT RAISE(ABORT, 'a leaf is never deleted'); END;
CREATE TRIGGER leaf_continues BEFORE INSERT ON leaf
WHEN NEW.id <> (SELECT coalesce(max(id), -1) + 1 FROM leaf)
BEGIN SELECT RAISE(ABORT, 'the next leaf continues the count'); END;

-- Hashes of the tree, 32 bytes each: a full tile has 256 of them, the last of each level as many as there are.
CREATE TABLE tile (
    level    INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hashes   BLOB    NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY (level, position)
) STRICT;

CREATE TRIGGER tile_only_grows BEFORE UPDATE ON tile
WHEN NEW.level <> OLD.level OR NEW.position <> OLD.position
  OR substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes
BEGIN SELECT RAISE(ABORT, 'a tile only grows'); END;
CREATE TRIGGER tile_is_never_deleted BEFORE DELETE ON tile
BEGIN SELECT RAISE(ABORT, 'a tile is never deleted'); END;

-- Every checkpoint, as the log signed it (c2sp.org/tlog-checkpoint). Nothing below the last is ever signed again.
CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY,
    root BLOB    NOT NULL CHECK (length(root) = 32),
    note BLOB    NOT NULL,
    time INTEGER NOT NULL
) STRICT;

CREATE TRIGGER checkpoint_is_never_changed BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint is never changed'); END;
CREATE TRIGGER checkpoint_is_never_deleted BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint is never deleted'); END;
CREATE TRIGGER checkpoint_grows BEFORE INSERT ON checkpoint
WHEN NEW.size <= (SELECT coalesce(max(size), -1) FROM checkpoint)
BEGIN SELECT RAISE(ABORT, 'nothing is signed below a checkpoint'); END;

-- Checkpoints that witnesses have signed too (c2sp.org/tlog-cosignature).
CREATE TABLE cosigned_checkpoint (
    size      INTEGER PRIMARY KEY REFERENCES checkpoint(size),
    note      BLOB    NOT NULL,  -- with all cosignatures so far
    witnesses INTEGER NOT NULL   -- how many have signed
) STRICT;

CREATE INDEX cosigned_checkpoint_by_witnesses ON cosigned_checkpoint(witnesses, size);

-- The largest tree that each witness is known to have signed.
CREATE TABLE witness (
    key  TEXT    PRIMARY KEY,  -- its verifier key (c2sp.org/signed-note)
    size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Time-stamp tokens (RFC 3161) over checkpoints as the log signed them.
CREATE TABLE checkpoint_timestamp (
    size  INTEGER PRIMARY KEY REFERENCES checkpoint(size),
    token BLOB    NOT NULL,
    time  INTEGER NOT NULL
) STRICT;

-- The keys that sign or signed the log, by their verifier keys.
CREATE TABLE log_key (
    key     TEXT    PRIMARY KEY,
    added   INTEGER NOT NULL,  -- the size of the tree from which on it signs
    retired INTEGER            -- the size from which on it does not; NULL while it does
) STRICT, WITHOUT ROWID;

CREATE TRIGGER log_key_has_a_record BEFORE INSERT ON log_key
WHEN (NEW.added = 0 AND EXISTS (SELECT 1 FROM record))
  OR (NEW.added <> 0 AND NOT EXISTS (SELECT 1 FROM record WHERE id = NEW.added - 1 AND kind = 'key'))
BEGIN SELECT RAISE(ABORT, 'a key is added with a record of it'); END;
CREATE TRIGGER log_key_is_only_retired BEFORE UPDATE ON log_key
WHEN NEW.key <> OLD.key OR NEW.added <> OLD.added OR OLD.retired IS NOT NULL
  OR NOT EXISTS (SELECT 1 FROM record WHERE id = NEW.retired - 1 AND kind = 'key')
BEGIN SELECT RAISE(ABORT, 'a key is retired once, with a record of it, and changes in no other way'); END;
CREATE TRIGGER log_key_is_never_deleted BEFORE DELETE ON log_key
BEGIN SELECT RAISE(ABORT, 'a key of the log is never deleted'); END;

-- What was sent as evidence, byte for byte: envelopes, bundles, statements, build records. Kept apart from the log, so
-- that it can be large and can be removed; the leaf holds its hashes.
CREATE TABLE evidence (
    id         INTEGER PRIMARY KEY,
    digest     BLOB    NOT NULL,
    media_type TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    content    BLOB                      -- NULL when it is a file in blobs/
) STRICT;

CREATE TRIGGER evidence_is_never_changed BEFORE UPDATE ON evidence
BEGIN SELECT RAISE(ABORT, 'evidence is kept or removed, never changed'); END;

-- What was sent through Archivista's API, by the name that it has there: the hash of a git blob with the same bytes.
CREATE TABLE archivista (
    gitoid   BLOB    PRIMARY KEY,
    evidence INTEGER NOT NULL REFERENCES evidence(id)
) STRICT, WITHOUT ROWID;

-- What clients called their requests, so that one sent twice is one record.
CREATE TABLE idempotency_key (
    key     TEXT    PRIMARY KEY,
    request BLOB    NOT NULL,  -- SHA-256 of the request's body
    record  INTEGER NOT NULL REFERENCES record(id)
) STRICT, WITHOUT ROWID;

-- The ChainID of each layer of each image (image specification, config.md, "Layer ChainID"), so that images that begin
-- with the layers of another are found.
CREATE TABLE rootfs (
    manifest INTEGER NOT NULL REFERENCES manifest(id),
    depth    INTEGER NOT NULL,  -- layers in the chain, from 1
    chain    BLOB    NOT NULL,
    is_whole INTEGER NOT NULL,  -- whether these are all layers of the image
    PRIMARY KEY (manifest, depth)
) STRICT, WITHOUT ROWID;

CREATE INDEX rootfs_by_chain ON rootfs(chain, is_whole, manifest);
