-- What a collection of garbage has to know.

-- When a client was last told that the blob is here: with its push or mount, or its HEAD. And when the last manifest left that named it. A blob that
-- nothing names stays for some time after that.
ALTER TABLE repository_blob RENAME COLUMN linked TO leased;

-- Large evidence is a file in blobs/, which stays while a row here names it.
CREATE INDEX evidence_file ON evidence(digest) WHERE content IS NULL;
