-- When a manifest was last pulled from a repository, to the hour, so that rules can keep what is used. Nobody wrote it down before this, so what
-- is here counts as pulled now.
ALTER TABLE repository_manifest ADD COLUMN pulled INTEGER NOT NULL DEFAULT 0;
UPDATE repository_manifest SET pulled = unixepoch() * 1000;
