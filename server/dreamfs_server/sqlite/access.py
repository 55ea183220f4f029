"""The access log: who read, searched or missed what. Best effort: noted in memory, stored with others."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from dreamfs_server.sqlite.rows import milliseconds, moment
from dreamfs_tools.filesystem import AccessNote

NOTES_COUNT_MAX = 1_000
"""What is kept in memory at most; the oldest go first."""

# What was noted before a redaction may hold what that removed, and would bring it back.
_ADD = """
INSERT INTO access (store_id, path, kind, version, session, query, at)
SELECT store_id, :path, :kind, :version, :session, :query, :at FROM store
WHERE slug = :store AND deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM redaction AS r WHERE r.kind = 'redacted' AND r.at >= :at)
"""
# One query for each index; newest first is the order in which they were stored.
_NOTES = """
SELECT path, kind, version, session, query, at FROM access
WHERE store_id = :store AND at >= :since AND :path IN ('', path) AND :session IN ('', session)
ORDER BY access_id DESC LIMIT :limit
"""
_NOTES_OF_PATH = """
SELECT path, kind, version, session, query, at FROM access INDEXED BY access_by_path
WHERE store_id = :store AND path = :path AND at >= :since AND :session IN ('', session)
ORDER BY access_id DESC LIMIT :limit
"""
_NOTES_OF_SESSION = """
SELECT path, kind, version, session, query, at FROM access INDEXED BY access_by_session
WHERE session = :session AND store_id = :store AND at >= :since AND :path IN ('', path)
ORDER BY access_id DESC LIMIT :limit
"""


def keep(c: sqlite3.Connection, notes: Sequence[tuple[AccessNote, int]]) -> None:
    """Store notes with their times in milliseconds; those of stores that are gone, or older than a redaction, are dropped."""
    c.executemany(
        _ADD,
        [
            {
                "path": note.path,
                "kind": note.kind,
                "version": note.version,
                "session": note.session,
                "query": note.query,
                "at": at,
                "store": note.store,
            }
            for note, at in notes
        ],
    )


def notes(
    c: sqlite3.Connection, slug: str, store_id: int, limit: int, path: str, session: str, since: datetime | None
) -> list[AccessNote]:
    """Stored notes of one store, newest first; see the seam's `Snapshot.accesses`."""
    sql = _NOTES_OF_SESSION if session else _NOTES_OF_PATH if path else _NOTES
    given = {"store": store_id, "path": path, "session": session, "limit": limit}
    given["since"] = 0 if since is None else milliseconds(since)
    return [
        AccessNote(slug, found, kind, version, who, query, moment(at))
        for found, kind, version, who, query, at in c.execute(sql, given).fetchall()
    ]
