-- Stored sessions and their events. docs/schema.md is the specification; this is how it is built.
-- Times are milliseconds since 1970 in UTC. Secrets are replaced before a text gets here.

-- One conversation of one agent; it belongs to a store.
CREATE TABLE transcript (
    transcript_id INTEGER PRIMARY KEY,
    store_id      INTEGER NOT NULL REFERENCES store,
    session_id    TEXT NOT NULL,               -- one legal path segment: its file name under /transcripts
    source        TEXT NOT NULL,               -- the reader that understood it, or 'record'
    started_at    INTEGER,                     -- of the events that have times, or what the log said; NULL: undated
    ended_at      INTEGER,
    task          TEXT NOT NULL,
    outcome       TEXT NOT NULL CHECK (outcome IN ('', 'success', 'failure')),
    title         TEXT NOT NULL,
    parent        TEXT NOT NULL,               -- session_id of the session that started this one
    events        INTEGER NOT NULL,            -- its version
    lines         INTEGER NOT NULL,            -- of the whole rendering
    size_bytes    INTEGER NOT NULL,            -- of the whole rendering, UTF-8
    UNIQUE (store_id, session_id)
) STRICT;

-- One thing said or done. Events are appended, never renumbered: event n + 1 starts where event n ends.
CREATE TABLE event (
    event_id      INTEGER PRIMARY KEY,
    transcript_id INTEGER NOT NULL REFERENCES transcript ON DELETE CASCADE,
    n             INTEGER NOT NULL CHECK (n > 0),
    line          INTEGER NOT NULL,            -- of its header in the rendering, from 1
    lines         INTEGER NOT NULL,
    at            INTEGER,
    role          TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'tool', 'system')),
    kind          TEXT NOT NULL CHECK (kind IN ('text', 'thinking', 'tool_call', 'tool_result', 'summary', 'image',
                                                'attachment', 'meta')),
    tool          TEXT NOT NULL,
    is_error      INTEGER NOT NULL CHECK (is_error IN (0, 1)),
    origin        TEXT NOT NULL CHECK (origin IN ('imported', 'host', 'self')),
    call_id       TEXT NOT NULL,
    key           BLOB,                        -- HMAC-SHA-256 of the raw event, cut to 16 bytes; NULL: never a repeat
    text          TEXT NOT NULL                -- last, so that the rest is read without it
) STRICT;
-- In order, and from a cited line to its event in O(log n).
CREATE UNIQUE INDEX event_by_line ON event (transcript_id, line);
CREATE UNIQUE INDEX event_by_key ON event (transcript_id, key) WHERE key IS NOT NULL;

-- The secret of the HMACs above, made once for a database: a stored key does not tell what raw event it stands for.
CREATE TABLE transcript_key (
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    secret BLOB NOT NULL
) STRICT;
INSERT INTO transcript_key VALUES (1, randomblob(32));
