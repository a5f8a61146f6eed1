-- An upload session has a row only once it has kept something: until then its location says all there is to know. So that what is
-- over stays over, its row remains until it would have expired.
ALTER TABLE upload ADD COLUMN ended INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1));

-- Counts the uploads that a repository has in progress, however many have ended.
DROP INDEX upload_by_repository;
CREATE INDEX upload_in_progress ON upload(repository, expires) WHERE ended = 0;
