-- Keys that administrators make for machines. Each change is a record as well (kind policy); this is what holds now.
CREATE TABLE robot (
    name     TEXT    PRIMARY KEY,
    secret   BLOB    NOT NULL UNIQUE,  -- SHA-256 of the secret, which has 32 random bytes in it
    scopes   TEXT    NOT NULL,         -- what the key is limited to: a JSON array of texts such as "team/**:pull,push"
    created  INTEGER NOT NULL,
    expires  INTEGER,                  -- NULL: never
    last_use INTEGER,                  -- written every half minute
    revoked  INTEGER
) STRICT, WITHOUT ROWID;
