-- Backups that `dreamfs backup` wrote: a redaction cannot reach them, but can name them.
CREATE TABLE backup (
    path TEXT PRIMARY KEY,      -- absolute, on the machine that wrote it
    at   INTEGER NOT NULL       -- milliseconds since 1970 in UTC; the newest writing
) STRICT, WITHOUT ROWID;
