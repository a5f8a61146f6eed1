-- The catalogue: what is stored, and which repository may serve it.
--
-- Digests are one byte for the algorithm (1 = sha256, 2 = sha512) and the bytes of the hash.
-- Times are milliseconds since 1970-01-01 UTC.

CREATE TABLE repository (
    id      INTEGER PRIMARY KEY,
    name    TEXT    NOT NULL UNIQUE,
    created INTEGER NOT NULL
) STRICT;

-- Content that lies in blobs/. A row is written only after its file is durable.
CREATE TABLE blob (
    id      INTEGER PRIMARY KEY,
    digest  BLOB    NOT NULL UNIQUE,
    size    INTEGER NOT NULL,
    created INTEGER NOT NULL
) STRICT;

-- The links: a repository serves a blob only while its row is here, wherever else the blob is known.
CREATE TABLE repository_blob (
    repository INTEGER NOT NULL REFERENCES repository(id),
    blob       INTEGER NOT NULL REFERENCES blob(id),
    linked     INTEGER NOT NULL,
    PRIMARY KEY (repository, blob)
) STRICT, WITHOUT ROWID;

CREATE INDEX repository_blob_by_blob ON repository_blob(blob);

-- Manifests with the exact bytes that were pushed. What a manifest says never changes, so its rows here and in
-- `reference` outlive its deletion from a repository: an auditor may still ask which image contained a layer.
CREATE TABLE manifest (
    id      INTEGER PRIMARY KEY,
    digest  BLOB    NOT NULL UNIQUE,
    size    INTEGER NOT NULL,
    created INTEGER NOT NULL,
    content BLOB    NOT NULL
) STRICT;

-- What a manifest names: its config, layers, child manifests and other blobs, in order.
CREATE TABLE reference (
    manifest   INTEGER NOT NULL REFERENCES manifest(id),
    position   INTEGER NOT NULL,
    digest     BLOB    NOT NULL,  -- may name content that never was here: a foreign layer, a child of a sparse index
    role       TEXT    NOT NULL CHECK (role IN ('config', 'layer', 'manifest', 'blob')),
    descriptor TEXT    NOT NULL,  -- the descriptor as JSON
    PRIMARY KEY (manifest, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX reference_by_digest ON reference(digest, manifest);

-- The manifests of a repository. The media type is the one this repository was told.
CREATE TABLE repository_manifest (
    repository INTEGER NOT NULL REFERENCES repository(id),
    manifest   INTEGER NOT NULL REFERENCES manifest(id),
    media_type TEXT    NOT NULL,
    pushed     INTEGER NOT NULL,
    PRIMARY KEY (repository, manifest)
) STRICT, WITHOUT ROWID;

CREATE INDEX repository_manifest_by_manifest ON repository_manifest(manifest);

CREATE TABLE tag (
    repository INTEGER NOT NULL REFERENCES repository(id),
    name       TEXT    NOT NULL,
    manifest   INTEGER NOT NULL REFERENCES manifest(id),
    updated    INTEGER NOT NULL,
    PRIMARY KEY (repository, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX tag_by_manifest ON tag(repository, manifest);

-- Answers GET …/referrers/<digest> with one index scan.
CREATE TABLE referrer (
    repository    INTEGER NOT NULL REFERENCES repository(id),
    subject       BLOB    NOT NULL,  -- may name a manifest that was never pushed
    manifest      INTEGER NOT NULL REFERENCES manifest(id),
    artifact_type TEXT,
    descriptor    TEXT    NOT NULL,  -- as it is listed, JSON
    PRIMARY KEY (repository, subject, manifest)
) STRICT, WITHOUT ROWID;

CREATE INDEX referrer_by_manifest ON referrer(manifest, repository);

-- Upload sessions. The bytes received so far are in uploads/<id>; its length is the offset.
CREATE TABLE upload (
    id         TEXT    PRIMARY KEY,
    repository TEXT    NOT NULL,  -- the name: a repository comes to be with its first content
    algorithm  TEXT    NOT NULL,
    started    INTEGER NOT NULL,
    expires    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX upload_by_repository ON upload(repository, expires);
CREATE INDEX upload_by_expiry ON upload(expires);
