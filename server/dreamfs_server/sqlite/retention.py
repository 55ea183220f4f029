"""Retention: contents that are old and many may go; revisions never do.

A version may lose its content once it is not the current one of its memory, unless a rule keeps it. Contents are shared
by versions of equal text, also between stores and forks, so a content goes only when no kept version has it.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from dreamfs_server.sqlite.rows import milliseconds
from dreamfs_tools.redaction import Copy, ErasurePlan, Pruning

# What follows a version of a memory in its store superseded it. A version's place counts from the newest, 1, over those
# that have a content.
_VERSIONS = """
SELECT h.store_id, s.slug, h.revision, n.path, h.content_id, h.live,
       row_number() OVER (PARTITION BY h.store_id, h.memory_id, h.live ORDER BY h.revision DESC) AS place,
       lead(h.revision) OVER story AS superseded_in, lead(r.created_at) OVER story AS superseded_at
FROM change AS h
JOIN node AS n USING (node_id)
JOIN store AS s ON s.store_id = h.store_id
JOIN revision AS r ON r.store_id = h.store_id AND r.number = h.revision
WINDOW story AS (PARTITION BY h.store_id, h.memory_id ORDER BY h.revision, h.live)
ORDER BY s.slug, n.sort_key, h.revision
"""
_LIVE = "SELECT content_id FROM node WHERE live = 1 AND content_id IS NOT NULL"
_REPLACEMENTS = "SELECT content_id, replaced_by FROM content WHERE replaced_by IS NOT NULL"
_STORED = "SELECT content_id FROM content WHERE state = 'stored'"
# What a pending proposal was made against is the base of its merge.
_BASES = """
SELECT d.store_id, p.base_version FROM proposal AS p JOIN dream AS d USING (dream_id)
WHERE p.status IN ('pending', 'quarantined')
"""


@dataclass(frozen=True, slots=True)
class _Version:
    store_id: int
    slug: str
    revision: int
    path: str
    content_id: int
    place: int
    superseded_in: int | None
    """None for the current one."""
    superseded_at: int | None


def find(c: sqlite3.Connection, pruning: Pruning) -> tuple[ErasurePlan, set[int]]:
    """What a pruning would let go, and the contents behind it.

    Only what was superseded can go. Where both rules are given, both have to allow it; with neither, nothing goes.
    """
    replacements = dict(c.execute(_REPLACEMENTS).fetchall())
    stored = {row[0] for row in c.execute(_STORED).fetchall()}
    kept = {_end(row[0], replacements) for row in c.execute(_LIVE).fetchall()}
    bases: dict[int, set[int]] = {}
    for store_id, version in c.execute(_BASES).fetchall():
        bases.setdefault(store_id, set()).add(version)
    going: list[_Version] = []
    for version in _versions(c, replacements):
        if version.content_id not in stored:
            continue
        if _may_go(version, pruning) and not _is_base(version, bases.get(version.store_id, set())):
            going.append(version)
        else:
            kept.add(version.content_id)
    gone = [version for version in going if version.content_id not in kept]
    copies = [
        Copy("version", f"/{version.slug}/{version.path} version {version.revision}", own=True) for version in gone
    ]
    return ErasurePlan(copies), {version.content_id for version in gone}


def _may_go(version: _Version, pruning: Pruning) -> bool:
    if version.superseded_at is None or (pruning.store and version.slug != pruning.store):
        return False
    if pruning.superseded_before is None and pruning.keep_versions is None:
        return False
    before = pruning.superseded_before
    is_old = before is None or version.superseded_at < milliseconds(before)
    is_beyond = pruning.keep_versions is None or version.place > pruning.keep_versions
    return is_old and is_beyond


def _is_base(version: _Version, bases: set[int]) -> bool:
    """Whether a pending proposal was made while this version was the current one."""
    superseded_in = version.superseded_in
    return superseded_in is not None and any(version.revision <= base < superseded_in for base in bases)


def _versions(c: sqlite3.Connection, replacements: dict[int, int]) -> Iterator[_Version]:
    for store_id, slug, revision, path, content_id, live, place, *superseded in c.execute(_VERSIONS).fetchall():
        if live and content_id is not None:
            yield _Version(store_id, slug, revision, path, _end(content_id, replacements), place, *superseded)


def _end(content_id: int, replacements: dict[int, int]) -> int:
    while content_id in replacements:
        content_id = replacements[content_id]
    return content_id
