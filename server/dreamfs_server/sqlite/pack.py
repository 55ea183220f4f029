"""The background pass that makes old versions small: each becomes a Zstandard delta against an earlier one.

The n-th content of a memory is built on its n-with-the-lowest-bit-cleared-th ("skip deltas"), so that any version
needs at most `DEPTH_MAX` others and no content is ever encoded twice. The newest stays as it is, for speed.
Compression happens in read snapshots of a few milliseconds; only the results are written under the lock.
"""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from dreamfs_server.sqlite import content, deltas
from dreamfs_server.sqlite.connection import Database

DEPTH_MAX = 12
CONTENT_BYTES_MIN = 128
"""Smaller ones would not become smaller, and are no dictionaries (Zstandard wants 8 bytes)."""
SLICE_SECONDS = 0.02
"""How long one step keeps the reading connection."""
VACUUM_PAGES = 64

_STORES = """
SELECT s.store_id, s.packed_revision, n.version FROM store AS s
CROSS JOIN node AS n ON n.store_id = s.store_id AND n.sort_key = ''
WHERE n.version > s.packed_revision AND n.history_id = s.store_id
"""
_SUPERSEDED = """
SELECT revision, memory_id FROM change
WHERE store_id = ? AND revision > ? AND previous > 0 ORDER BY revision LIMIT ?
"""
_CONTENTS = """
SELECT h.content_id, c.encoding, c.depth, c.state FROM change AS h
CROSS JOIN content AS c ON c.content_id = h.content_id
WHERE h.memory_id = ? AND h.store_id = ? AND h.live = 1 AND c.size_bytes >= ? ORDER BY h.revision
"""
_IS_LIVE = """
SELECT 1 FROM change AS h CROSS JOIN node AS n ON n.node_id = h.node_id
WHERE h.memory_id = ? AND h.store_id = ? AND h.live = 1 AND n.live = 1 AND n.memory_id = h.memory_id
  AND n.version = h.revision AND h.content_id = ?
ORDER BY h.revision DESC LIMIT 1
"""
_BASE_OF = "SELECT base_id FROM content WHERE content_id = ?"
_STORE_PACKED = """
UPDATE content SET encoding = :encoding, base_id = :base, depth = :depth, data = :data
WHERE content_id = :content AND encoding = 'raw' AND state = 'stored'
  AND (:base IS NULL OR EXISTS (SELECT 1 FROM content WHERE content_id = :base AND state = 'stored'))
"""
_DONE = "UPDATE store SET packed_revision = max(packed_revision, ?) WHERE store_id = ?"
_FREE = "PRAGMA freelist_count"
_REVISIONS_AT_ONCE = 256


@dataclass(slots=True)
class _Content:
    content_id: int
    encoding: str
    depth: int
    state: str


@dataclass(slots=True)
class _Packed:
    content_id: int
    base_id: int | None
    depth: int
    data: bytes


@dataclass(slots=True)
class _Step:
    """What one look found: contents to store, and how far each store is done."""

    packed: list[_Packed] = field(default_factory=list[_Packed])
    done: dict[int, int] = field(default_factory=dict[int, int])


async def pack(database: Database, now: Callable[[], float] = time.monotonic) -> int:
    """Make old versions small, and give the space back to the disk.

    Returns:
        How many contents were re-encoded.
    """
    total = 0
    while True:
        step = await database.read(lambda c: _look(c, now))
        if not step.packed and not step.done:
            break
        await database.write(partial(_store, step))
        total += len(step.packed)
    while total and await database.read(lambda c: int(c.execute(_FREE).fetchone()[0])):
        await database.shrink(VACUUM_PAGES)
    return total


def _look(c: sqlite3.Connection, now: Callable[[], float]) -> _Step:
    """Re-encode for a moment, without writing."""
    step, until = _Step(), now() + SLICE_SECONDS
    chosen: dict[int, _Packed] = {}
    for store_id, packed_revision, head in c.execute(_STORES).fetchall():
        rows = c.execute(_SUPERSEDED, (store_id, packed_revision, _REVISIONS_AT_ONCE)).fetchall()
        for memory_id in dict.fromkeys(row[1] for row in rows):
            if not _pack_memory(c, memory_id, store_id, chosen, lambda: now() > until):
                step.packed = list(chosen.values())
                return step
        step.done[store_id] = head if len(rows) < _REVISIONS_AT_ONCE else rows[-1][0] - 1
    step.packed = list(chosen.values())
    return step


def _pack_memory(
    c: sqlite3.Connection, memory_id: int, store_id: int, chosen: dict[int, _Packed], late: Callable[[], bool]
) -> bool:
    """Re-encode a memory's old contents; False when time ran out before the end."""
    rows = [_Content(*row) for row in c.execute(_CONTENTS, (memory_id, store_id, CONTENT_BYTES_MIN)).fetchall()]
    live = rows[-1:] if rows and c.execute(_IS_LIVE, (memory_id, store_id, rows[-1].content_id)).fetchone() else []
    for index, row in enumerate(rows):
        if row.encoding != "raw" or row.state != "stored":
            continue
        if row.content_id in chosen or row.content_id in {newest.content_id for newest in live}:
            continue
        if chosen and late():
            return False
        chosen[row.content_id] = _encode(c, row.content_id, rows[index & (index - 1)] if index else None, chosen)
    return True


def _encode(c: sqlite3.Connection, content_id: int, base: _Content | None, chosen: dict[int, _Packed]) -> _Packed:
    data = content.load_bytes(c, content_id)
    assert data is not None, "it is stored"
    if base is not None and base.state == "stored":
        depth = chosen[base.content_id].depth if base.content_id in chosen else base.depth
        text = content.load_bytes(c, base.content_id)
        if text is not None and depth < DEPTH_MAX and not _rests_on(c, base.content_id, content_id, chosen):
            return _Packed(content_id, base.content_id, depth + 1, deltas.pack(data, text))
    return _Packed(content_id, None, 0, deltas.pack(data))


def _rests_on(c: sqlite3.Connection, content_id: int, needed: int, chosen: dict[int, _Packed]) -> bool:
    """Whether reading one content needs another; a delta must not be built on itself."""
    at: int | None = content_id
    while at is not None:
        if at == needed:
            return True
        at = chosen[at].base_id if at in chosen else c.execute(_BASE_OF, (at,)).fetchone()[0]
    return False


def _store(step: _Step, c: sqlite3.Connection) -> None:
    for packed in step.packed:
        c.execute(
            _STORE_PACKED,
            {
                "content": packed.content_id,
                "encoding": "zstd" if packed.base_id is None else "delta",
                "base": packed.base_id,
                "depth": packed.depth,
                "data": packed.data,
            },
        )
    for store_id, revision in step.done.items():
        c.execute(_DONE, (revision, store_id))
