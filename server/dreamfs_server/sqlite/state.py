"""What is derived from the history (files as they are now, folders and their totals): compared with it, and rebuilt."""

import sqlite3
from collections.abc import Iterator
from typing import Any

from dreamfs_server.sqlite.replay import Replay

_NODES = """
SELECT path, node_id, live, kind, version, history_id, memory_id, change_number, content_id, size_bytes, files
FROM node WHERE store_id = ?
"""
_STATES = """
SELECT n.path, f.revision, f.files, f.size_bytes FROM folder_state AS f JOIN node AS n ON n.node_id = f.node_id
WHERE n.store_id = ? ORDER BY f.revision, n.path
"""
_TOTALS = "SELECT number, files, size_bytes FROM revision WHERE store_id = ? ORDER BY number"
_ADD = """
INSERT INTO node (store_id, path, live, kind, version, history_id) VALUES (?, ?, 0, 'folder', 0, ?)
"""
_SET = """
UPDATE node SET live = :live, kind = :kind, version = :version, history_id = :history, memory_id = :memory,
                change_number = :change_number, content_id = :content, size_bytes = :size, files = :files,
                pinned = pinned AND :live AND :kind = 'file'
WHERE store_id = :store AND path = :path
"""
_END = "UPDATE node SET live = 0, content_id = NULL, size_bytes = 0, files = 0, pinned = 0 WHERE node_id = ?"
_FORGET_STATES = "DELETE FROM folder_state WHERE node_id IN (SELECT node_id FROM node WHERE store_id = ?)"
_ADD_STATE = """
INSERT INTO folder_state (node_id, revision, files, size_bytes)
SELECT node_id, ?, ?, ? FROM node WHERE store_id = ? AND path = ?
"""
_SET_TOTALS = "UPDATE revision SET files = ?, size_bytes = ? WHERE store_id = ? AND number = ?"

_LIVE_FILE = ("live", "kind", "version", "history", "memory", "change_number", "content", "size")
_LIVE_FOLDER = ("live", "kind", "version", "history", "size", "files")
_WORDS = {
    "live": "whether it exists",
    "kind": "whether it is a folder",
    "version": "its version",
    "history": "whose version it has",
    "memory": "which memory it is",
    "change_number": "its number of changes",
    "content": "its content",
    "size": "its size",
    "files": "its number of files",
}


def state_problems(c: sqlite3.Connection, store_id: int, slug: str, expected: Replay) -> Iterator[tuple[int, str]]:
    """Where the derived rows differ from the history: a revision, 0 for now, and a sentence."""
    found = {row[0]: _node(row) for row in c.execute(_NODES, (store_id,)).fetchall()}
    wanted = _wanted(expected)
    for path in sorted({*found, *wanted}):
        shown = f"/{slug}/{path}" if path else f"/{slug}"
        has, should = found.get(path), wanted.get(path)
        if has is None:
            yield 0, f"{shown} is not in the index of paths, though the history has it."
        elif should is None:
            if has["live"]:
                yield 0, f"{shown} exists, though nothing in the history made it."
        elif different := [name for name in _compared(should) if has[name] != should[name]]:
            what = ", ".join(_WORDS[name] for name in different)
            yield 0, f"{shown} is not as the history says: {what}."
    yield from _totals_problems(c, store_id, slug, expected)


def _totals_problems(c: sqlite3.Connection, store_id: int, slug: str, expected: Replay) -> Iterator[tuple[int, str]]:
    states = {
        (path, revision): (files, size) for path, revision, files, size in c.execute(_STATES, (store_id,)) if path
    }
    states |= {("", number): (files, size) for number, files, size in c.execute(_TOTALS, (store_id,))}
    for path, revision in sorted({*states, *expected.states}, key=lambda key: (key[1], key[0])):
        if states.get((path, revision)) != expected.states.get((path, revision)):
            shown = f"/{slug}/{path}" if path else f"/{slug}"
            yield revision, f"{shown} had other totals after revision {revision} than the index of folders says."


def rebuild(c: sqlite3.Connection, store_id: int, expected: Replay) -> None:
    """Write the derived rows anew, in a write transaction. What a person pinned stays pinned."""
    found = {row[0]: row for row in c.execute(_NODES, (store_id,)).fetchall()}
    wanted = _wanted(expected)
    for path, should in wanted.items():
        if path not in found:
            c.execute(_ADD, (store_id, path, store_id))
        elif all(_node(found[path])[name] == should[name] for name in _compared(should)):
            continue
        c.execute(_SET, should | {"store": store_id, "path": path})
    for path in {*found} - {*wanted}:
        c.execute(_END, (found[path][1],))
    c.execute(_FORGET_STATES, (store_id,))
    for (path, revision), (files, size) in expected.states.items():
        if path:
            c.execute(_ADD_STATE, (revision, files, size, store_id, path))
        else:
            c.execute(_SET_TOTALS, (files, size, store_id, revision))


def _node(row: tuple[Any, ...]) -> dict[str, Any]:
    names = ("live", "kind", "version", "history", "memory", "change_number", "content", "size", "files")
    return dict(zip(names, row[2:], strict=True))


def _compared(should: dict[str, Any]) -> tuple[str, ...]:
    if not should["live"]:
        return ("live", "version", "history")
    return _LIVE_FILE if should["kind"] == "file" else _LIVE_FOLDER


def _wanted(expected: Replay) -> dict[str, dict[str, Any]]:
    """Every row that the store should have, by path: what is live, and what its own revisions ended."""
    rows: dict[str, dict[str, Any]] = {}
    for path, at in expected.versions.items():
        file = expected.files.get(path)
        if file is not None:
            rows[path] = {
                "live": 1,
                "kind": "file",
                "version": at[0],
                "history": at[1],
                "memory": file.memory_id,
                "change_number": file.change_number,
                "content": file.content_id,
                "size": file.size_bytes,
                "files": 0,
            }
        elif not path or expected.folders.get(path, (0, 0))[0] or path in expected.own:
            rows[path] = _folder(expected, path, at)
    return rows


def _folder(expected: Replay, path: str, at: tuple[int, int]) -> dict[str, Any]:
    files, size = expected.folders.get(path, (0, 0))
    return {
        "live": int(files > 0 or not path),
        "kind": "folder" if path in expected.folders else "file",
        "version": at[0],
        "history": at[1],
        "memory": 0,
        "change_number": 0,
        "content": None,
        "size": size,
        "files": files,
    }
