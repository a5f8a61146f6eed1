-- The bytes of small blobs: a config or a tiny layer is durable with the flush of its group, and read with its row.
-- A blob without a row here is a file in blobs/.
CREATE TABLE blob_content (
    blob    INTEGER PRIMARY KEY REFERENCES blob(id),
    content BLOB    NOT NULL
) STRICT;
