"""Letting contents go: which ones hold a text, who refers to them, and what is built on them.

A content that goes keeps its row, its size and its commitment, so that history and the chain stay whole. Its hash and its
salt go with it, since a plain hash of a short text can be guessed.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from dreamfs_server.sqlite import content, deltas
from dreamfs_tools.sought import Sought

_RAW = (
    "SELECT content_id FROM content WHERE content_id > ? AND encoding = 'raw' AND state = 'stored' AND instr(data, ?)"
)
_PACKED = "SELECT content_id FROM content WHERE content_id > ? AND encoding <> 'raw' AND state = 'stored'"
_NEWEST = "SELECT coalesce(max(content_id), 0) FROM content"
_STORED = "SELECT 1 FROM content WHERE content_id = ? AND state = 'stored'"
_REPLACED = "SELECT content_id FROM content WHERE replaced_by IN (SELECT value FROM json_each(?))"
_VERSIONS = """
SELECT h.content_id, h.store_id, s.slug, s.deleted_at IS NOT NULL, h.revision, n.path, h.memory_id
FROM change AS h JOIN node AS n USING (node_id) JOIN store AS s ON s.store_id = h.store_id
WHERE h.live = 1 AND h.content_id IN (SELECT value FROM json_each(?))
ORDER BY s.slug, n.sort_key, h.revision
"""
_LIVE = """
SELECT n.content_id, n.store_id, s.slug, s.deleted_at IS NOT NULL, n.version, n.path, n.memory_id
FROM node AS n JOIN store AS s USING (store_id)
WHERE n.live = 1 AND n.kind = 'file' AND n.content_id IN (SELECT value FROM json_each(?))
ORDER BY s.slug, n.sort_key
"""
_BUILT_ON = "SELECT content_id FROM content WHERE base_id IN (SELECT value FROM json_each(?)) AND state = 'stored'"
_REBUILD = "UPDATE content SET encoding = 'zstd', base_id = NULL, depth = 0, data = ? WHERE content_id = ?"
_SHALLOWER = "UPDATE content SET depth = 1 + (SELECT depth FROM content AS b WHERE b.content_id = content.base_id) WHERE base_id = ?"
_FORGET = """
UPDATE content SET state = ?, gone_at = ?, commitment = ?, replaced_by = ?, sha256 = NULL, salt = NULL, data = NULL,
       encoding = 'raw', base_id = NULL, depth = 0
WHERE content_id = ?
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A version, or a live file, that has a content."""

    content_id: int
    store_id: int
    slug: str
    is_deleted: bool
    """Of the store."""
    version: int
    path: str
    memory_id: int


def newest(c: sqlite3.Connection) -> int:
    """The newest content's id: contents never change, so what was searched up to here needs no second look."""
    return int(c.execute(_NEWEST).fetchone()[0])


def holding(c: sqlite3.Connection, sought: Sought, after: int = 0) -> dict[int, int]:
    """The stored contents that hold what is sought, and how much of it: see `Sought.lines_in`."""
    found: dict[int, int] = {}
    for content_id, text in texts(c, after, sought.probe):
        lines = sought.lines_in(text)
        if lines is not None:
            found[content_id] = lines
    return found


def texts(c: sqlite3.Connection, after: int = 0, probe: str = "") -> Iterator[tuple[int, str]]:
    """The stored contents, newer than `after`, that may hold a probe."""
    ids = [row[0] for row in c.execute(_RAW, (after, probe.encode())).fetchall()]
    ids += [row[0] for row in c.execute(_PACKED, (after,)).fetchall()]
    for content_id in ids:
        yield content_id, content.load(c, content_id) or ""


def still_stored(c: sqlite3.Connection, ids: Iterable[int]) -> set[int]:
    """Those of them that nobody let go meanwhile."""
    return {content_id for content_id in ids if c.execute(_STORED, (content_id,)).fetchone()}


def versions(c: sqlite3.Connection, ids: AbstractSet[int]) -> list[Held]:
    """Every version that has one of these contents, or is read through it because its own was redacted."""
    return [Held(*row) for row in c.execute(_VERSIONS, (_list(ids | _replaced(c, ids)),)).fetchall()]


def live_files(c: sqlite3.Connection, ids: AbstractSet[int]) -> list[Held]:
    """Every live file that has one of these contents."""
    return [Held(*row) for row in c.execute(_LIVE, (_list(ids | _replaced(c, ids)),)).fetchall()]


def forget(
    c: sqlite3.Connection, replaced_by: Mapping[int, int | None], state: Literal["redacted", "pruned"], now: int
) -> None:
    """Let contents go, after rebuilding what is stored as a difference to them.

    Args:
        c: in a write transaction.
        replaced_by: content → the one to be read in its place, None for nothing.
        state: why.
        now: in milliseconds.
    """
    for (content_id,) in c.execute(_BUILT_ON, (_list(replaced_by),)).fetchall():
        if content_id not in replaced_by:
            data = content.load_bytes(c, content_id)
            assert data is not None, "a stored content has data"
            c.execute(_REBUILD, (deltas.pack(data), content_id))
            _make_shallower(c, content_id)
    for content_id, other in replaced_by.items():
        c.execute(_FORGET, (state, now, content.commitment(c, content_id), other, content_id))


def _make_shallower(c: sqlite3.Connection, content_id: int) -> None:
    c.execute(_SHALLOWER, (content_id,))
    for (above,) in c.execute("SELECT content_id FROM content WHERE base_id = ?", (content_id,)).fetchall():
        _make_shallower(c, above)


def _replaced(c: sqlite3.Connection, ids: AbstractSet[int]) -> set[int]:
    """The redacted contents in whose place one of these is read, and so on."""
    found: set[int] = set()
    wave = set(ids)
    while wave:
        wave = {row[0] for row in c.execute(_REPLACED, (_list(wave),)).fetchall()} - found
        found |= wave
    return found


def _list(ids: Iterable[int]) -> str:
    return json.dumps(sorted(ids))
