-- What the repositories of a pattern hold together, for patterns that have a quota. Each content counts once for a quota, however
-- many of its repositories link to it. The counts are kept by triggers, so that they change in the transaction of the link.

CREATE TABLE quota (
    id    INTEGER PRIMARY KEY,
    match TEXT    NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,  -- how many it allows
    used  INTEGER NOT NULL
) STRICT;

-- Which repositories count for which quota.
CREATE TABLE quota_repository (
    repository INTEGER NOT NULL REFERENCES repository(id),
    quota      INTEGER NOT NULL,
    PRIMARY KEY (repository, quota)
) STRICT, WITHOUT ROWID;

CREATE INDEX quota_repository_by_quota ON quota_repository(quota);

-- What counts, and how many links of the quota's repositories lead to it.
CREATE TABLE quota_content (
    quota       INTEGER NOT NULL,
    is_manifest INTEGER NOT NULL,
    content     INTEGER NOT NULL,  -- the row of the blob or manifest
    bytes       INTEGER NOT NULL,
    links       INTEGER NOT NULL,
    PRIMARY KEY (quota, is_manifest, content)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER quota_content_added AFTER INSERT ON quota_content BEGIN
    UPDATE quota SET used = used + NEW.bytes WHERE id = NEW.quota;
END;

CREATE TRIGGER quota_content_gone AFTER DELETE ON quota_content BEGIN
    UPDATE quota SET used = used - OLD.bytes WHERE id = OLD.quota;
END;

CREATE TRIGGER quota_repository_added AFTER INSERT ON quota_repository BEGIN
    INSERT INTO quota_content (quota, is_manifest, content, bytes, links)
    SELECT NEW.quota, 0, blob.id, blob.size, 1
    FROM repository_blob AS link JOIN blob ON blob.id = link.blob WHERE link.repository = NEW.repository
    ON CONFLICT (quota, is_manifest, content) DO UPDATE SET links = links + 1;
    INSERT INTO quota_content (quota, is_manifest, content, bytes, links)
    SELECT NEW.quota, 1, manifest.id, manifest.size, 1
    FROM repository_manifest AS entry JOIN manifest ON manifest.id = entry.manifest
    WHERE entry.repository = NEW.repository
    ON CONFLICT (quota, is_manifest, content) DO UPDATE SET links = links + 1;
END;

CREATE TRIGGER quota_blob_linked AFTER INSERT ON repository_blob
WHEN EXISTS (SELECT 1 FROM quota_repository WHERE repository = NEW.repository) BEGIN
    INSERT INTO quota_content (quota, is_manifest, content, bytes, links)
    SELECT counted.quota, 0, blob.id, blob.size, 1
    FROM quota_repository AS counted JOIN blob ON blob.id = NEW.blob WHERE counted.repository = NEW.repository
    ON CONFLICT (quota, is_manifest, content) DO UPDATE SET links = links + 1;
END;

CREATE TRIGGER quota_manifest_linked AFTER INSERT ON repository_manifest
WHEN EXISTS (SELECT 1 FROM quota_repository WHERE repository = NEW.repository) BEGIN
    INSERT INTO quota_content (quota, is_manifest, content, bytes, links)
    SELECT counted.quota, 1, manifest.id, manifest.size, 1
    FROM quota_repository AS counted JOIN manifest ON manifest.id = NEW.manifest
    WHERE counted.repository = NEW.repository
    ON CONFLICT (quota, is_manifest, content) DO UPDATE SET links = links + 1;
END;

CREATE TRIGGER quota_blob_unlinked AFTER DELETE ON repository_blob
WHEN EXISTS (SELECT 1 FROM quota_repository WHERE repository = OLD.repository) BEGIN
    UPDATE quota_content SET links = links - 1
    WHERE is_manifest = 0 AND content = OLD.blob
        AND quota IN (SELECT quota FROM quota_repository WHERE repository = OLD.repository);
    DELETE FROM quota_content
    WHERE is_manifest = 0 AND content = OLD.blob AND links = 0
        AND quota IN (SELECT quota FROM quota_repository WHERE repository = OLD.repository);
END;

CREATE TRIGGER quota_manifest_unlinked AFTER DELETE ON repository_manifest
WHEN EXISTS (SELECT 1 FROM quota_repository WHERE repository = OLD.repository) BEGIN
    UPDATE quota_content SET links = links - 1
    WHERE is_manifest = 1 AND content = OLD.manifest
        AND quota IN (SELECT quota FROM quota_repository WHERE repository = OLD.repository);
    DELETE FROM quota_content
    WHERE is_manifest = 1 AND content = OLD.manifest AND links = 0
        AND quota IN (SELECT quota FROM quota_repository WHERE repository = OLD.repository);
END;
