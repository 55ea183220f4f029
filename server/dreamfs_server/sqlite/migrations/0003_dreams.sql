-- Dreams: runs over a store and its transcripts, the evidence they found, and what they proposed. Nothing here is memory;
-- what a person accepts is an ordinary revision, with the dream's id. Times are milliseconds since 1970 in UTC.

-- One run.
CREATE TABLE dream (
    dream_id         TEXT PRIMARY KEY,
    store_id         INTEGER NOT NULL REFERENCES store,
    status           TEXT NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'incomplete', 'failed', 'canceled')),
    curator          TEXT NOT NULL,
    snapshot_version INTEGER NOT NULL,          -- the revision of the store that it reads
    output           TEXT NOT NULL CHECK (output IN ('propose', 'fork')),
    requested_by     TEXT NOT NULL,
    instructions     TEXT NOT NULL,
    sessions         TEXT NOT NULL,             -- JSON: the ids it was asked to read; [] for all
    since            INTEGER,
    created_at       INTEGER NOT NULL,
    started_at       INTEGER,
    finished_at      INTEGER,
    coverage         TEXT NOT NULL,             -- JSON: how many sessions and events, and which were skipped and why
    usage            TEXT NOT NULL,             -- JSON: what the curator used
    step             TEXT NOT NULL,             -- where a running dream is, for people
    error            TEXT NOT NULL,
    owner            TEXT NOT NULL,             -- the process that runs it; '' while nobody does
    prompt_hash      TEXT NOT NULL              -- SHA-256 of the prompts; '' where no model was asked
) STRICT;
-- At most one open dream a store, whatever any process believes.
CREATE UNIQUE INDEX dream_open ON dream (store_id) WHERE status IN ('pending', 'running');
CREATE INDEX dream_by_store ON dream (store_id, created_at);

-- One piece of mined evidence.
CREATE TABLE dream_card (
    dream_id TEXT NOT NULL REFERENCES dream,
    number   INTEGER NOT NULL,
    miner    TEXT NOT NULL,
    title    TEXT NOT NULL,
    body     TEXT NOT NULL,
    weight   REAL NOT NULL,
    claims   TEXT NOT NULL,                     -- JSON
    data     TEXT NOT NULL,                     -- JSON: the miner's own facts
    PRIMARY KEY (dream_id, number)
) STRICT, WITHOUT ROWID;

-- One reviewable change.
CREATE TABLE proposal (
    dream_id     TEXT NOT NULL REFERENCES dream,
    number       INTEGER NOT NULL,              -- from 1 within its dream
    status       TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'rejected', 'stale', 'quarantined', 'reverted')),
    risk         TEXT NOT NULL CHECK (risk IN ('low', 'medium', 'high')),
    title        TEXT NOT NULL,
    rationale    TEXT NOT NULL,
    base_version INTEGER NOT NULL,              -- the revision of the store that it was made against
    changes      TEXT NOT NULL,                 -- JSON, as dream_propose takes them, with version and diff
    claims       TEXT NOT NULL,                 -- JSON, with evidence, support and statistics
    dropped      TEXT NOT NULL,                 -- JSON
    diff         TEXT NOT NULL,
    flags        TEXT NOT NULL,                 -- JSON: what the reviewer should see
    fingerprint  TEXT NOT NULL,
    evidence_key TEXT NOT NULL,
    reverts      TEXT NOT NULL,                 -- DREAM/NUMBER of each proposal that this one undoes, by spaces
    reviewed_by  TEXT NOT NULL,
    reviewed_at  INTEGER,
    reason       TEXT NOT NULL,
    version      INTEGER NOT NULL,              -- the revision that accepted it; 0 for none
    PRIMARY KEY (dream_id, number)
) STRICT, WITHOUT ROWID;
-- One dream never proposes the same twice, also when it is run on after a crash.
CREATE UNIQUE INDEX proposal_by_fingerprint ON proposal (fingerprint, dream_id);

-- What a proposal cites: from a session or memory to all that was derived from it.
CREATE TABLE proposal_source (
    dream_id TEXT NOT NULL,
    number   INTEGER NOT NULL,
    source   TEXT NOT NULL,                     -- /transcripts/SESSION, or a memory's path
    PRIMARY KEY (source, dream_id, number),
    FOREIGN KEY (dream_id, number) REFERENCES proposal (dream_id, number)
) STRICT, WITHOUT ROWID;

-- Every call of a model, so that a run goes on after a crash without paying twice, and can be read back as the model saw it.
CREATE TABLE model_call (
    dream_id     TEXT NOT NULL REFERENCES dream,
    number       INTEGER NOT NULL,
    purpose      TEXT NOT NULL,                 -- what it was for: read, curate, verify
    request_hash TEXT NOT NULL,                 -- SHA-256 of the request
    request      TEXT NOT NULL,                 -- JSON, as sent
    response     TEXT NOT NULL DEFAULT '',      -- JSON, as received; '' while there is none
    usage        TEXT NOT NULL DEFAULT '{}',    -- JSON
    batch_id     TEXT NOT NULL DEFAULT '',      -- where it waits in a batch
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    PRIMARY KEY (dream_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX model_call_by_request ON model_call (dream_id, request_hash);
