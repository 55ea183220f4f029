-- Which repository's memory a store is, and which stores were merged into which.

-- The folder of a repository on this machine; '' for a store of no project.
ALTER TABLE store ADD COLUMN project TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX store_by_project ON store (project) WHERE project <> '' AND deleted_at IS NULL;

-- One store brought into another: everything of the one up to a revision is in the other from a revision on. The next
-- merge of the two begins there.
CREATE TABLE store_merge (
    merge_id        INTEGER PRIMARY KEY,
    source_store_id INTEGER NOT NULL REFERENCES store,
    source_revision INTEGER NOT NULL,
    store_id        INTEGER NOT NULL REFERENCES store,
    revision        INTEGER NOT NULL    -- the one that the merge made; the next one where nothing was left to do
) STRICT;
CREATE INDEX store_merge_by_store ON store_merge (store_id);
