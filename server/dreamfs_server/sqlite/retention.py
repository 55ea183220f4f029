"""Retention: contents that are old and many may go; revisions never do.

A version may lose its content once it is not the current one of its memory, unless a rule keeps it. Contents are shared
by versions of equal text, also between stores and forks, so a content goes only when no kept version has it. What a
pending proposal or a fork may still be merged against is kept, and named.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dreamfs_server.sqlite.rows import milliseconds
from dreamfs_server.sqlite.snapshot import SqliteSnapshot
from dreamfs_tools.parting import partings
from dreamfs_tools.redaction import Copy, ErasurePlan, Pruning

# What follows a version of a memory in its store superseded it. A version's place counts from the newest, 1, over those
# that have a content.
_VERSIONS = """
SELECT h.store_id, s.slug, s.deleted_at IS NOT NULL, h.revision, n.path, h.content_id, h.live,
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
    is_deleted: bool
    """Of the store."""
    revision: int
    path: str
    content_id: int
    place: int
    superseded_in: int | None
    """None for the current one."""
    superseded_at: int | None


def find(snapshot: SqliteSnapshot, prunings: Sequence[Pruning]) -> tuple[ErasurePlan, set[int]]:
    """What prunings would let go together, and the contents behind it.

    Only what was superseded can go. Where both rules are given, both have to allow it; with neither, nothing goes.
    """
    c = snapshot.c
    replacements = dict(c.execute(_REPLACEMENTS).fetchall())
    stored = {row[0] for row in c.execute(_STORED).fetchall()}
    kept = {_end(row[0], replacements) for row in c.execute(_LIVE).fetchall()}
    bases = _bases(snapshot)
    going: list[_Version] = []
    spared: list[_Version] = []
    for version in _versions(c, replacements):
        if version.content_id not in stored:
            continue
        may_go = any(_may_go(version, pruning) for pruning in prunings)
        if may_go and not _is_base(version, bases.get(version.store_id, set())):
            going.append(version)
            continue
        kept.add(version.content_id)
        if may_go:
            spared.append(version)
    gone = [version for version in going if version.content_id not in kept]
    plan = ErasurePlan([_copy(version) for version in gone], spared=[_copy(version) for version in spared])
    return plan, {version.content_id for version in gone}


def _copy(version: _Version) -> Copy:
    deleted = " (of a deleted store)" if version.is_deleted else ""
    return Copy("version", f"/{version.slug}/{version.path} version {version.revision}{deleted}", own=True)


def _may_go(version: _Version, pruning: Pruning) -> bool:
    if version.superseded_at is None or (pruning.store and (version.slug != pruning.store or version.is_deleted)):
        return False
    if pruning.superseded_before is None and pruning.keep_versions is None:
        return False
    before = pruning.superseded_before
    is_old = before is None or version.superseded_at < milliseconds(before)
    is_beyond = pruning.keep_versions is None or version.place > pruning.keep_versions
    return is_old and is_beyond


def _is_base(version: _Version, bases: Iterable[int]) -> bool:
    """Whether something may be merged against the state in which this version was the current one."""
    superseded_in = version.superseded_in
    return superseded_in is not None and any(version.revision <= base < superseded_in for base in bases)


def _bases(snapshot: SqliteSnapshot) -> Mapping[int, set[int]]:
    """Store → the revisions that merges may begin from: what proposals were made against, and where stores parted."""
    bases: dict[int, set[int]] = {}
    for store_id, revision in snapshot.c.execute(_BASES).fetchall():
        bases.setdefault(store_id, set()).add(revision)
    stores = snapshot.stores()
    related = [store.slug for store in stores if store.forked_from or snapshot.merges(store.slug)]
    pairs = {frozenset((one, other.slug)) for one in related for other in stores if one != other.slug}
    for one, other in map(sorted, pairs):
        for state in partings(snapshot, one, other):
            # A state of a fork is, in what the fork has not changed, one of the store that it began as.
            revision = state.revision
            for segment in snapshot.segments(snapshot.store_row(state.store)):
                bases.setdefault(segment.store_id, set()).add(revision)
                revision = min(revision, segment.base_revision)
    return bases


def _versions(c: sqlite3.Connection, replacements: dict[int, int]) -> Iterator[_Version]:
    for store_id, slug, deleted, revision, path, content_id, live, place, *superseded in c.execute(
        _VERSIONS
    ).fetchall():
        if live and content_id is not None:
            end = _end(content_id, replacements)
            yield _Version(store_id, slug, bool(deleted), revision, path, end, place, *superseded)


def _end(content_id: int, replacements: dict[int, int]) -> int:
    while content_id in replacements:
        content_id = replacements[content_id]
    return content_id
