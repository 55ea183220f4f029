-- Where what a change brought was before: who wrote a line is found through merges, moves between stores and restores.

-- All three are set or none: the file `from_memory_id` as it was after `from_revision` of `from_store_id`.
ALTER TABLE change ADD COLUMN from_store_id INTEGER REFERENCES store;
ALTER TABLE change ADD COLUMN from_revision INTEGER;
ALTER TABLE change ADD COLUMN from_memory_id INTEGER;
CREATE INDEX change_incoming ON change (store_id, revision) WHERE from_store_id <> store_id;

-- Moves between stores that were made before: the two rows of a move name each other and have one time.
UPDATE change SET
    from_store_id = (SELECT o.store_id FROM node AS o WHERE o.node_id = change.other_id),
    from_revision = (
        SELECT max(d.revision) - 1 FROM change AS d
        JOIN revision AS r ON r.store_id = d.store_id AND r.number = d.revision
        WHERE d.node_id = change.other_id AND d.other_id = change.node_id AND d.live = 0 AND d.operation = 'deleted'
          AND r.created_at = (SELECT created_at FROM revision AS mine
                              WHERE mine.store_id = change.store_id AND mine.number = change.revision)),
    from_memory_id = (
        SELECT d.memory_id FROM change AS d
        WHERE d.node_id = change.other_id AND d.other_id = change.node_id AND d.live = 0 AND d.operation = 'deleted'
        ORDER BY d.revision DESC LIMIT 1)
WHERE live = 1 AND operation = 'renamed'
  AND EXISTS (SELECT 1 FROM node AS o WHERE o.node_id = change.other_id AND o.store_id <> change.store_id);
UPDATE change SET from_store_id = NULL, from_memory_id = NULL WHERE from_revision IS NULL AND from_store_id IS NOT NULL;

-- As before, and with where it came from. A store that was deleted is named so that no other store is meant.
DROP VIEW file_change;
CREATE VIEW file_change AS
SELECT h.store_id, h.revision, h.position, h.node_id, h.live, h.operation, h.memory_id, h.change_number, h.previous,
       h.content_id, h.size_bytes, h.added, h.removed, n.path, n.sort_key, n.kind, n.pinned,
       o.path AS other_path, o.sort_key AS other_key, o.store_id AS other_store_id,
       iif(s.deleted_at IS NULL, s.slug, s.slug || '~' || s.store_id) AS other_slug,
       h.live = 0 AND h.operation = 'renamed' AND o.store_id = h.store_id AS hidden,
       c.sha256, c.gone_at, c.state,
       r.created_at, r.author_id, r.message, r.request_id, r.tool_use_id, r.dream_id,
       h.from_store_id, iif(f.deleted_at IS NULL, f.slug, f.slug || '~' || f.store_id) AS from_slug,
       h.from_revision, h.from_memory_id
FROM change AS h
JOIN revision AS r ON r.store_id = h.store_id AND r.number = h.revision
JOIN node AS n ON n.node_id = h.node_id
LEFT JOIN node AS o ON o.node_id = h.other_id
LEFT JOIN store AS s ON s.store_id = o.store_id
LEFT JOIN content AS c ON c.content_id = h.content_id
LEFT JOIN store AS f ON f.store_id = h.from_store_id;
