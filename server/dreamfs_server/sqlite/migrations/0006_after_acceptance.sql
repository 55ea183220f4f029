-- What follows a person's answer: whether they changed the text, and which sources turned out to be false.
-- docs/schema.md is the specification.

-- 1: what was accepted is the reviewer's own text, not the proposed one. The revision has it.
ALTER TABLE proposal ADD COLUMN edited INTEGER NOT NULL DEFAULT 0 CHECK (edited IN (0, 1));

-- A session or memory that a person called false. Dreams neither read nor cite it.
CREATE TABLE disbelief (
    store_id INTEGER NOT NULL REFERENCES store,
    source   TEXT NOT NULL,                     -- /transcripts/SESSION, or a memory's path
    at       INTEGER NOT NULL,                  -- milliseconds since 1970, UTC
    by       TEXT NOT NULL,
    reason   TEXT NOT NULL,
    PRIMARY KEY (store_id, source)
) STRICT, WITHOUT ROWID;
