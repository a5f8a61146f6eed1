-- How far the stored bytes have been compared with their digests, so that the next start goes on there. One row at most.
CREATE TABLE scrub (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    begun    INTEGER NOT NULL,  -- when this pass began
    position INTEGER NOT NULL,  -- blobs up to this row are done; 0 before the first
    finished INTEGER            -- when it ended; NULL while it goes on
) STRICT;

-- Blobs whose bytes were not what was pushed. Their rows are gone, so nobody is served them, and pushing them again heals: what has
-- a row in `blob` again is damaged no more.
CREATE TABLE damaged_blob (
    digest BLOB    PRIMARY KEY,
    size   INTEGER NOT NULL,
    found  INTEGER NOT NULL,
    reason TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
