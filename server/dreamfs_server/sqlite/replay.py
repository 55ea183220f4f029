"""A store's files and folders as its history says they are: the changes played again from the beginning."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

_LINEAGE = "SELECT store_id, base_store_id, base_revision FROM store WHERE store_id = ?"
_REVISIONS = "SELECT number FROM revision WHERE store_id = ? AND number <= ? ORDER BY number"
_CHANGES = """
SELECT h.revision, n.path, h.live, h.memory_id, h.change_number, h.content_id, h.size_bytes
FROM change AS h JOIN node AS n ON n.node_id = h.node_id
WHERE h.store_id = ? AND h.revision <= ? ORDER BY h.revision, h.live
"""
_EVER = 2**62

Totals = tuple[int, int]
"""Files below a folder at any depth, and their bytes."""


@dataclass(slots=True)
class ReplayedFile:
    """A live file, as a row of `node` has it."""

    version: int
    history_id: int
    memory_id: int
    change_number: int
    content_id: int | None
    size_bytes: int


@dataclass(slots=True)
class Replay:
    """Where a history leads to."""

    files: dict[str, ReplayedFile] = field(default_factory=dict[str, ReplayedFile])
    folders: dict[str, Totals] = field(default_factory=lambda: {"": (0, 0)})
    """Every folder that ever was, `""` for the root; one without files is gone."""
    versions: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """Path → the last revision that touched it or anything below, and the store whose revision it is."""
    own: set[str] = field(default_factory=set[str])
    """Paths that the store's own revisions touched; what a fork began with is apart."""
    states: dict[tuple[str, int], Totals] = field(default_factory=dict[tuple[str, int], Totals])
    """(folder, revision) → its totals after it, for the store's own revisions; the root's too."""


def lineage(c: sqlite3.Connection, store_id: int) -> list[tuple[int, int | None, int]]:
    """A store and those it began as, newest first: (store, base, base's revision)."""
    found: list[tuple[int, int | None, int]] = []
    at: int | None = store_id
    while at is not None:
        row = c.execute(_LINEAGE, (at,)).fetchone()
        found.append((row[0], row[1], row[2]))
        at = row[1]
    return found


def replayed(c: sqlite3.Connection, store_id: int) -> Replay:
    """Play a store's whole history, the one it began with first."""
    replay = Replay()
    last = _EVER
    steps: list[tuple[int, int]] = []
    for segment, _, base_revision in lineage(c, store_id):
        steps.append((segment, last))
        last = min(last, base_revision)
    replay.versions[""] = 0, steps[-1][0]
    for segment, until in reversed(steps):
        replay.own, replay.states = set(), {}
        _play(c, replay, segment, until)
    return replay


def _play(c: sqlite3.Connection, replay: Replay, store_id: int, last: int) -> None:
    changed = groupby(c.execute(_CHANGES, (store_id, last)).fetchall(), key=lambda row: int(row[0]))
    by_revision = {number: list(rows) for number, rows in changed}
    for (number,) in c.execute(_REVISIONS, (store_id, last)).fetchall():
        touched = {""}
        for _, path, live, memory_id, change_number, content_id, size in by_revision.get(number, ()):
            touched |= {path, *_folders(path)}
            if (before := replay.files.pop(path, None)) is not None:
                _count(replay, path, -1, -before.size_bytes)
            if live:
                replay.files[path] = ReplayedFile(number, store_id, memory_id, change_number, content_id, size)
                _count(replay, path, 1, size)
        for path in touched:
            replay.versions[path] = number, store_id
            replay.own.add(path)
        for path in {"", *(folder for row in by_revision.get(number, ()) for folder in _folders(row[1]))}:
            replay.states[path, number] = replay.folders[path]


def _count(replay: Replay, path: str, files: int, size: int) -> None:
    for folder in ("", *_folders(path)):
        before = replay.folders.get(folder, (0, 0))
        replay.folders[folder] = before[0] + files, before[1] + size


def _folders(path: str) -> Iterator[str]:
    """The folders above a path, without the root."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)
