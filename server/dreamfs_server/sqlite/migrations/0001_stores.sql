-- Stores, their revisions, paths and contents. docs/schema.md is the specification; this is how it is built.
-- Times are milliseconds since 1970 in UTC. A revision number counts inside its store, from 1.

-- A tree of memories with its own history. Small and rarely written: its moving parts (head, number of files,
-- bytes) are those of its root, the node with the empty path.
CREATE TABLE store (
    store_id                 INTEGER PRIMARY KEY,
    slug                     TEXT NOT NULL,
    name                     TEXT NOT NULL,
    description              TEXT NOT NULL DEFAULT '',
    access                   TEXT NOT NULL DEFAULT 'rw' CHECK (access IN ('ro', 'rw')),
    content_bytes_max        INTEGER NOT NULL,
    files_count_max          INTEGER NOT NULL,
    require_expected_version INTEGER NOT NULL DEFAULT 0 CHECK (require_expected_version IN (0, 1)),
    secrets                  TEXT NOT NULL DEFAULT 'refuse' CHECK (secrets IN ('refuse', 'mask', 'allow')),
    auto_accept              TEXT NOT NULL DEFAULT 'none' CHECK (auto_accept IN ('none', 'tidy')),
    metadata                 TEXT NOT NULL DEFAULT '{}',             -- a JSON object of strings
    created_at               INTEGER NOT NULL,
    archived_at              INTEGER,                                -- read-only since
    deleted_at               INTEGER,                                -- hidden; rows stay while a fork reads them
    base_store_id            INTEGER REFERENCES store,               -- a fork: earlier history is read there …
    base_revision            INTEGER NOT NULL DEFAULT 0,             -- … up to this revision; its own start after it
    packed_revision          INTEGER NOT NULL DEFAULT 0              -- old versions up to this one are stored small
) STRICT;
CREATE UNIQUE INDEX store_by_slug ON store (slug) WHERE deleted_at IS NULL;

-- Who made a revision, each field kept apart (DESIGN section 6), stored once per distinct author.
CREATE TABLE author (
    author_id        INTEGER PRIMARY KEY,
    session_id       TEXT NOT NULL,
    host_session_id  TEXT NOT NULL,
    connection_id    TEXT NOT NULL,
    actor            TEXT NOT NULL,
    on_behalf_of     TEXT NOT NULL,
    client           TEXT NOT NULL,
    protocol_version TEXT NOT NULL,
    transport        TEXT NOT NULL,
    UNIQUE (session_id, host_session_id, connection_id, actor, on_behalf_of, client, protocol_version, transport)
) STRICT;
CREATE INDEX author_by_host_session ON author (host_session_id);
CREATE INDEX author_by_connection ON author (connection_id);
CREATE INDEX author_by_actor ON author (actor);

-- One atomic change of a store.
CREATE TABLE revision (
    store_id    INTEGER NOT NULL REFERENCES store,
    number      INTEGER NOT NULL CHECK (number > 0),
    created_at  INTEGER NOT NULL,
    author_id   INTEGER NOT NULL REFERENCES author,
    message     TEXT NOT NULL,
    request_id  TEXT NOT NULL,
    tool_use_id TEXT NOT NULL,
    dream_id    TEXT NOT NULL,
    files       INTEGER NOT NULL,   -- of the whole store, after this revision
    size_bytes  INTEGER NOT NULL,   -- likewise
    chain       BLOB NOT NULL,      -- SHA-256 over the previous chain value and this revision with its changes
    PRIMARY KEY (store_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX revision_by_author ON revision (author_id, store_id, number);
CREATE INDEX revision_by_dream ON revision (dream_id, store_id, number) WHERE dream_id <> '';

-- A text, stored once however many versions have it.
CREATE TABLE content (
    content_id INTEGER PRIMARY KEY,
    sha256     BLOB,                -- of the UTF-8 bytes; NULL once redacted or pruned (a plain hash can be guessed)
    salt       BLOB,                -- random; NULL likewise
    commitment BLOB,                -- HMAC-SHA-256(salt, sha256), written down when those two go; the chain uses it
    size_bytes INTEGER NOT NULL,
    state      TEXT NOT NULL DEFAULT 'stored' CHECK (state IN ('stored', 'redacted', 'pruned')),
    gone_at    INTEGER,             -- when it was redacted or pruned
    encoding   TEXT NOT NULL DEFAULT 'raw' CHECK (encoding IN ('raw', 'zstd', 'delta')),
    base_id    INTEGER REFERENCES content,  -- delta: the content that is the dictionary
    depth      INTEGER NOT NULL DEFAULT 0,  -- delta: how many contents must be read first
    data       BLOB,                -- last, so that the rest is read without it; NULL once gone
    CHECK ((state = 'stored') = (data IS NOT NULL)),
    CHECK ((state = 'stored') = (sha256 IS NOT NULL AND salt IS NOT NULL)),
    CHECK ((encoding = 'delta') = (base_id IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX content_by_sha256 ON content (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX content_by_base ON content (base_id) WHERE base_id IS NOT NULL;

-- Every path that was ever used in a store, file or folder, with its state now. The root's path is ''.
CREATE TABLE node (
    node_id       INTEGER PRIMARY KEY,
    store_id      INTEGER NOT NULL REFERENCES store,
    path          TEXT NOT NULL,
    -- Each segment compared whole, by code point: U+0001 is below every character that a path may have.
    sort_key      TEXT NOT NULL GENERATED ALWAYS AS (replace(path, '/', char(1))) VIRTUAL,
    live          INTEGER NOT NULL CHECK (live IN (0, 1)),
    kind          TEXT NOT NULL CHECK (kind IN ('file', 'folder')),
    version       INTEGER NOT NULL,            -- the revision that last changed it, or anything below it
    history_id    INTEGER NOT NULL REFERENCES store,  -- the store whose revision that is: a fork's ancestor, or store_id
    memory_id     INTEGER NOT NULL DEFAULT 0,  -- files
    change_number INTEGER NOT NULL DEFAULT 0,  -- files
    content_id    INTEGER REFERENCES content,  -- live files
    size_bytes    INTEGER NOT NULL DEFAULT 0,  -- a folder's is the sum of the files below it
    files         INTEGER NOT NULL DEFAULT 0,  -- folders: files below, at any depth
    pinned        INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX node_by_path ON node (store_id, sort_key);
CREATE INDEX node_live ON node (store_id, sort_key) WHERE live = 1;
CREATE INDEX node_pinned ON node (store_id, sort_key) WHERE pinned = 1 AND live = 1;

-- What one revision did to one path of a file. A rename is two rows: the file at its new path (live = 1), and what is
-- left at the old one (live = 0); history shows the first, and finds it from the second.
CREATE TABLE change (
    store_id      INTEGER NOT NULL,
    revision      INTEGER NOT NULL,
    position      INTEGER NOT NULL,            -- order of paths inside the revision
    node_id       INTEGER NOT NULL REFERENCES node,
    live          INTEGER NOT NULL CHECK (live IN (0, 1)),  -- whether this file is at the path afterwards
    operation     TEXT NOT NULL CHECK (operation IN
                      ('created', 'modified', 'renamed', 'deleted', 'restored', 'merged', 'redacted')),
    memory_id     INTEGER NOT NULL,
    change_number INTEGER NOT NULL,            -- the how-manyth change of this memory
    previous      INTEGER NOT NULL,            -- the memory's version before; 0 for none
    content_id    INTEGER REFERENCES content,  -- after the change; NULL where live = 0
    size_bytes    INTEGER NOT NULL,
    added         INTEGER NOT NULL,            -- lines, against the version before
    removed       INTEGER NOT NULL,
    other_id      INTEGER REFERENCES node,     -- renames: where the file was (live = 1), where it went (live = 0)
    PRIMARY KEY (store_id, revision, position),
    FOREIGN KEY (store_id, revision) REFERENCES revision (store_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX change_by_node ON change (node_id, revision, live);
CREATE INDEX change_by_memory ON change (memory_id, store_id, revision);

-- A folder after each revision that changed anything below it; the root's are in revision. It is a folder's history,
-- and what makes a folder in the past as cheap as one now.
CREATE TABLE folder_state (
    node_id    INTEGER NOT NULL REFERENCES node,
    revision   INTEGER NOT NULL,
    files      INTEGER NOT NULL,               -- 0: the folder was gone
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (node_id, revision)
) STRICT, WITHOUT ROWID;

-- Which session read, searched or missed what. Best effort and prunable.
CREATE TABLE access (
    access_id INTEGER PRIMARY KEY,
    store_id  INTEGER NOT NULL REFERENCES store,
    path      TEXT NOT NULL,
    kind      TEXT NOT NULL CHECK (kind IN ('view', 'search', 'miss')),
    version   INTEGER NOT NULL,
    session   TEXT NOT NULL,
    query     TEXT NOT NULL,
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX access_by_path ON access (store_id, path);
CREATE INDEX access_by_session ON access (session, store_id);

-- A path with everything that the seam calls an entry.
CREATE VIEW entry AS
SELECT n.node_id, n.store_id, n.path, n.sort_key, n.live, n.kind, n.version, n.memory_id, n.change_number, n.content_id,
       n.size_bytes, n.files, n.pinned, c.sha256,
       r.created_at, r.author_id, r.message, r.request_id, r.tool_use_id, r.dream_id
FROM node AS n
LEFT JOIN revision AS r ON r.store_id = n.history_id AND r.number = n.version
LEFT JOIN content AS c ON c.content_id = n.content_id;

-- A row of history with everything that the seam calls a change, what renames leave behind included.
CREATE VIEW file_change AS
SELECT h.store_id, h.revision, h.position, h.node_id, h.live, h.operation, h.memory_id, h.change_number, h.previous,
       h.content_id, h.size_bytes, h.added, h.removed, n.path, n.sort_key, n.kind, n.pinned,
       o.path AS other_path, o.sort_key AS other_key, o.store_id AS other_store_id, s.slug AS other_slug,
       h.live = 0 AND h.operation = 'renamed' AND o.store_id = h.store_id AS hidden,
       c.sha256, c.gone_at, c.state,
       r.created_at, r.author_id, r.message, r.request_id, r.tool_use_id, r.dream_id
FROM change AS h
JOIN revision AS r ON r.store_id = h.store_id AND r.number = h.revision
JOIN node AS n ON n.node_id = h.node_id
LEFT JOIN node AS o ON o.node_id = h.other_id
LEFT JOIN store AS s ON s.store_id = o.store_id
LEFT JOIN content AS c ON c.content_id = h.content_id;
