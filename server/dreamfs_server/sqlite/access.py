"""The access log: who read, searched or missed what. Best effort: noted in memory, stored with others."""

import sqlite3
from collections.abc import Sequence

from dreamfs_tools.filesystem import AccessNote

NOTES_COUNT_MAX = 1_000
"""What is kept in memory at most; the oldest go first."""

_ADD = """
INSERT INTO access (store_id, path, kind, version, session, query, at)
SELECT store_id, ?, ?, ?, ?, ?, ? FROM store WHERE slug = ? AND deleted_at IS NULL
"""


def keep(c: sqlite3.Connection, notes: Sequence[tuple[AccessNote, int]]) -> None:
    """Store notes with their times in milliseconds; those of stores that are gone are dropped."""
    c.executemany(
        _ADD,
        [(note.path, note.kind, note.version, note.session, note.query, at, note.store) for note, at in notes],
    )
