-- What was done to stores themselves: who made, changed, archived, deleted or brought back which, and when.
-- docs/schema.md is the specification. Times are milliseconds since 1970 in UTC.
CREATE TABLE store_change (
    store_id   INTEGER NOT NULL REFERENCES store,
    number     INTEGER NOT NULL CHECK (number > 0),   -- inside the store, from 1
    at         INTEGER NOT NULL,
    author_id  INTEGER NOT NULL REFERENCES author,
    operation  TEXT NOT NULL CHECK (operation IN ('created', 'forked', 'set', 'archived', 'deleted', 'undeleted')),
    settings   TEXT NOT NULL,    -- JSON: name → [what it was, what it is since]
    salt       BLOB,             -- random; NULL once the settings were redacted
    commitment BLOB NOT NULL,    -- HMAC-SHA-256(salt, settings as they were written)
    chain      BLOB NOT NULL,    -- SHA-256 over the link before and this row
    PRIMARY KEY (store_id, number)
) STRICT, WITHOUT ROWID;
