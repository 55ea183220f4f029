"""The write path: what a plan wants done becomes one revision in each store it touches."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dreamfs_server.sqlite import chain, content
from dreamfs_server.sqlite.content import Entropy
from dreamfs_server.sqlite.line_counts import line_counts
from dreamfs_server.sqlite.rows import StoreRow, change_of, memory_number, milliseconds, sort_key
from dreamfs_server.sqlite.snapshot import SqliteSnapshot
from dreamfs_tools.filesystem import Author, Change, Committed, Move, Planned, Put, Remove, Revision

_AUTHOR = """
SELECT author_id FROM author
WHERE session_id = ? AND host_session_id = ? AND connection_id = ? AND actor = ? AND on_behalf_of = ?
  AND client = ? AND protocol_version = ? AND transport = ?
"""
_ADD_AUTHOR = """
INSERT INTO author (session_id, host_session_id, connection_id, actor, on_behalf_of, client, protocol_version,
                    transport)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_NODE = """
SELECT node_id, live, kind, version, memory_id, change_number, content_id, size_bytes, files, pinned
FROM node WHERE store_id = ? AND sort_key = ?
"""
_ADD_FILE = """
INSERT INTO node (store_id, path, live, kind, version, history_id, memory_id, change_number, content_id, size_bytes,
                  pinned)
VALUES (:store, :path, 1, 'file', :version, :store, :memory, :change_number, :content, :size, :pinned)
"""
_SET_FILE = """
UPDATE node SET live = 1, kind = 'file', version = :version, history_id = :store, memory_id = :memory,
                change_number = :change_number, content_id = :content, size_bytes = :size, files = 0, pinned = :pinned
WHERE node_id = :node
"""
_MODIFY_FILE = """
UPDATE node SET version = :version, history_id = :store, change_number = :change_number, content_id = :content,
                size_bytes = :size
WHERE node_id = :node
"""
_END_FILE = """
UPDATE node SET live = 0, version = :version, history_id = :store, content_id = NULL, size_bytes = 0, pinned = 0
WHERE node_id = :node
"""
_ADD_FOLDER = """
INSERT INTO node (store_id, path, live, kind, version, history_id, files, size_bytes)
VALUES (:store, :path, 1, 'folder', :version, :store, :files, :size)
"""
_SET_FOLDER = """
UPDATE node SET live = :live, kind = 'folder', version = :version, history_id = :store, memory_id = 0,
                change_number = 0, content_id = NULL, files = :files, size_bytes = :size, pinned = 0
WHERE node_id = :node
"""
_TOUCH_FOLDER = """
UPDATE node SET version = :version, history_id = :store, files = :files, size_bytes = :size WHERE node_id = :node
"""
_ADD_FOLDER_STATE = "INSERT INTO folder_state (node_id, revision, files, size_bytes) VALUES (?, ?, ?, ?)"
_LAST_OF_MEMORY = """
SELECT revision, change_number, node_id, live, other_id FROM change
WHERE memory_id = ? AND store_id = ? ORDER BY revision DESC, change_number DESC, live DESC LIMIT 1
"""
_HOLDS = "SELECT 1 FROM node WHERE node_id = ? AND live = 1 AND memory_id = ?"
_LAST_MEMORY = "SELECT max(memory_id) FROM change"
_CHAIN = "SELECT chain FROM revision WHERE store_id = ? AND number = ?"
_ADD_REVISION = """
INSERT INTO revision (store_id, number, created_at, author_id, message, request_id, tool_use_id, dream_id, files,
                      size_bytes, chain)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ADD_CHANGE = """
INSERT INTO change (store_id, revision, position, node_id, live, operation, memory_id, change_number, previous,
                    content_id, size_bytes, added, removed, other_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_MADE = "SELECT * FROM file_change WHERE store_id = ? AND revision = ? AND NOT hidden ORDER BY position"

_IDS_PER_MILLISECOND = 4_096


@dataclass(slots=True)
class _Node:
    node_id: int
    live: int
    kind: str
    version: int
    memory_id: int
    change_number: int
    content_id: int | None
    size_bytes: int
    files: int
    pinned: int


@dataclass(slots=True)
class _Pending:
    """A change that waits for its position; `shown` is the path that orders it."""

    shown: str
    node_id: int
    link: chain.Link
    content_id: int | None
    added: int = 0
    removed: int = 0
    other_id: int | None = None


class Revising:
    """One revision of one store in the making."""

    def __init__(self, c: sqlite3.Connection, segments: Sequence[StoreRow]) -> None:
        self.c = c
        self.store = segments[0]
        self.segments = segments
        self.number = self.store.head + 1
        self._pending: list[_Pending] = []
        self._folders: dict[str, list[int]] = {}

    def node(self, path: str) -> _Node | None:
        """A path's row, if it was ever used."""
        row = self.c.execute(_NODE, (self.store.store_id, sort_key(path))).fetchone()
        return _Node(*row) if row else None

    def file(self, path: str) -> _Node:
        """The live file at a path.

        Raises:
            ValueError: there is none; the plan that says otherwise is wrong.
        """
        node = self.node(path)
        if node is None or not node.live or node.kind != "file":
            raise ValueError("a plan edits a path where no file is")
        return node

    def settle(self, path: str, memory_id: int, change_number: int, content_id: int, size: int, pinned: int) -> int:
        """Make a file live at a path that holds none, and give the node's id."""
        node = self.node(path)
        if node is not None and node.live and (node.kind == "file" or node.files + self._files_delta(path)):
            raise ValueError("a plan fills a path that is not empty")
        given = {
            "store": self.store.store_id,
            "path": path,
            "version": self.number,
            "memory": memory_id,
            "change_number": change_number,
            "content": content_id,
            "size": size,
            "pinned": pinned,
        }
        if node is None:
            node_id = self.c.execute(_ADD_FILE, given).lastrowid
            assert node_id is not None
        else:
            node_id = node.node_id
            self.c.execute(_SET_FILE, given | {"node": node_id})
        self.count(path, 1, size)
        return node_id

    def modify(self, path: str, node: _Node, content_id: int, size: int) -> None:
        """Give the file at a path its next content."""
        given: dict[str, Any] = {"store": self.store.store_id, "version": self.number, "node": node.node_id}
        self.c.execute(
            _MODIFY_FILE, given | {"change_number": node.change_number + 1, "content": content_id, "size": size}
        )
        self.count(path, 0, size - node.size_bytes)

    def end(self, path: str, node: _Node) -> None:
        """Take the file away from its path."""
        self.c.execute(
            _END_FILE, {"store": self.store.store_id, "version": self.number, "node": node.node_id}
        )
        self.count(path, -1, -node.size_bytes)

    def count(self, path: str, files: int, size: int) -> None:
        """Note what changes for the folders above a path."""
        while path:
            path = path.rpartition("/")[0]
            totals = self._folders.setdefault(path, [0, 0])
            totals[0] += files
            totals[1] += size

    def add(self, pending: _Pending) -> None:
        """Note a change for the history."""
        self._pending.append(pending)

    def finish(self, author_id: int, author: Author, now: int, planned: Planned[Any]) -> None:
        """Write folders, revision and changes."""
        files, size = self._write_folders()
        self._pending.sort(key=lambda pending: (sort_key(pending.shown), not pending.link.live))
        value = chain.next_value(
            self._last_chain(),
            self.number,
            now,
            author,
            planned.message,
            planned.dream_id,
            [pending.link for pending in self._pending],
        )
        store_id, number = self.store.store_id, self.number
        self.c.execute(
            _ADD_REVISION,
            (
                store_id,
                number,
                now,
                author_id,
                planned.message,
                author.request_id,
                author.tool_use_id,
                planned.dream_id,
                files,
                size,
                value,
            ),
        )
        for position, pending in enumerate(self._pending):
            link = pending.link
            self.c.execute(
                _ADD_CHANGE,
                (
                    store_id,
                    number,
                    position,
                    pending.node_id,
                    int(link.live),
                    link.operation,
                    link.memory_id,
                    link.change_number,
                    link.previous,
                    pending.content_id,
                    link.size_bytes,
                    pending.added,
                    pending.removed,
                    pending.other_id,
                ),
            )

    def _files_delta(self, path: str) -> int:
        return self._folders.get(path, [0])[0]

    def _last_chain(self) -> bytes:
        for segment in self.segments:
            row = self.c.execute(_CHAIN, (segment.store_id, self.number - 1)).fetchone()
            if row is not None:
                return bytes(row[0])
        return chain.GENESIS

    def _write_folders(self) -> tuple[int, int]:
        """Update every folder above a change; gives the whole store's files and bytes."""
        root = (0, 0)
        for path, (files, size) in self._folders.items():
            node = self.node(path)
            if node is not None and node.kind == "file":
                if node.live and files + self._files_before(node) > 0:
                    raise ValueError("a plan puts a file below a file")
                if node.live:  # the folder was emptied, and a file has taken its path
                    self.c.execute(_ADD_FOLDER_STATE, (node.node_id, self.number, 0, 0))
                    continue
            was_folder = node is not None and node.kind == "folder"
            files += node.files if node and was_folder else 0
            size += node.size_bytes if node and was_folder else 0
            given: dict[str, Any] = {
                "store": self.store.store_id,
                "version": self.number,
                "files": files,
                "size": size,
                "live": int(files > 0),
            }
            if node is None:
                node_id = self.c.execute(_ADD_FOLDER, given | {"path": path}).lastrowid
            elif path == "" or (was_folder and bool(node.live) == (files > 0)):
                node_id = node.node_id
                self.c.execute(_TOUCH_FOLDER, given | {"node": node_id})
            else:
                node_id = node.node_id
                self.c.execute(_SET_FOLDER, given | {"node": node_id})
            if path:
                self.c.execute(_ADD_FOLDER_STATE, (node_id, self.number, files, size))
            else:
                root = (files, size)
        return root

    def _files_before(self, node: _Node) -> int:
        row = self.c.execute(
            "SELECT files FROM folder_state WHERE node_id = ? ORDER BY revision DESC LIMIT 1", (node.node_id,)
        ).fetchone()
        return int(row[0]) if row else 0


class Editing:
    """The edits of one plan."""

    def __init__(self, snapshot: SqliteSnapshot, planned: Planned[Any], author: Author, entropy: Entropy) -> None:
        self._snapshot = snapshot
        self._c = snapshot.c
        self._planned = planned
        self._author = author
        self._entropy = entropy
        self._now = milliseconds(snapshot.now)
        self._stores: dict[str, Revising] = {}
        self._newest_memory = 0
        self._last: dict[int, tuple[int, int]] = {}

    def apply(self) -> Committed:
        """Do everything, in order.

        Raises:
            KeyError: an edit names a store that does not exist.
            ValueError: an edit does not fit what is there; the plan is wrong.
        """
        for edit in self._planned.edits:
            match edit:
                case Put():
                    self._put(edit)
                case Remove():
                    self._remove(edit)
                case Move():
                    self._move(edit)
        author_id = keep_author(self._c, self._author)
        revisions: dict[str, Revision] = {}
        changes: list[Change] = []
        for slug, revising in self._stores.items():
            revising.finish(author_id, self._author, self._now, self._planned)
            made = self._c.execute(_MADE, (revising.store.store_id, revising.number)).fetchall()
            changes += [change_of(row, slug, self._snapshot.authors) for row in made]
            revisions[slug] = Revision(
                revising.number, self._snapshot.now, self._author, self._planned.message, self._planned.dream_id
            )
            self._snapshot.forget(slug)
        return Committed(revisions, changes)

    def _put(self, edit: Put) -> None:
        revising = self._revising(edit.store)
        content_id, size, commitment = content.keep(self._c, edit.text, self._entropy)
        node = revising.node(edit.path)
        if node is not None and node.live and node.kind == "file":
            before = content.load(self._c, node.content_id) if node.content_id is not None else None
            added, removed = line_counts(before or "", edit.text)
            memory_id, change_number, previous = node.memory_id, node.change_number + 1, node.version
            revising.modify(edit.path, node, content_id, size)
            node_id = node.node_id
        else:
            memory_id, change_number, previous = self._memory(revising, edit.memory_id)
            added, removed = line_counts("", edit.text)
            node_id = revising.settle(edit.path, memory_id, change_number, content_id, size, 0)
        self._last[memory_id] = (revising.number, change_number)
        link = chain.Link(
            edit.path, True, edit.operation, memory_id, change_number, previous, commitment, size, ""
        )
        revising.add(_Pending(edit.path, node_id, link, content_id, added, removed))

    def _remove(self, edit: Remove) -> None:
        revising = self._revising(edit.store)
        node = revising.file(edit.path)
        before = content.load(self._c, node.content_id) if node.content_id is not None else None
        revising.end(edit.path, node)
        number = node.change_number + 1
        self._last[node.memory_id] = (revising.number, number)
        link = chain.Link(edit.path, False, "deleted", node.memory_id, number, node.version, None, 0, "")
        revising.add(_Pending(edit.path, node.node_id, link, None, 0, line_counts(before or "", "")[1]))

    def _move(self, edit: Move) -> None:
        source, target = self._revising(edit.store), self._revising(edit.new_store)
        node = source.file(edit.path)
        assert node.content_id is not None, "a live file has a content"
        number, commitment = node.change_number + 1, content.commitment(self._c, node.content_id)
        source.end(edit.path, node)
        node_id = target.settle(
            edit.new_path, node.memory_id, number, node.content_id, node.size_bytes, node.pinned
        )
        self._last[node.memory_id] = (target.number, number)
        elsewhere = source is not target
        old_path = f"/{edit.store}/{edit.path}" if elsewhere else edit.path
        new_path = f"/{edit.new_store}/{edit.new_path}" if elsewhere else edit.new_path
        previous = 0 if elsewhere else node.version  # a number of another store would mean something else here
        arrived = chain.Link(
            edit.new_path, True, "renamed", node.memory_id, number, previous, commitment, node.size_bytes, old_path
        )
        left = chain.Link(edit.path, False, "renamed", node.memory_id, number, node.version, None, 0, new_path)
        target.add(_Pending(edit.new_path, node_id, arrived, node.content_id, other_id=node.node_id))
        source.add(_Pending(new_path if elsewhere else edit.path, node.node_id, left, None, other_id=node_id))

    def _revising(self, slug: str) -> Revising:
        found = self._stores.get(slug)
        if found is None:
            segments = self._snapshot.segments(self._snapshot.store_row(slug))
            found = self._stores[slug] = Revising(self._c, segments)
        return found

    def _memory(self, revising: Revising, wanted: str) -> tuple[int, int, int]:
        """The id for a file that comes to be: the one to give back unless a live file has it, else a new one.

        Returns:
            The id, the number of this change, and the version before it.
        """
        if wanted and (memory_id := memory_number(wanted)) > 0:
            for segment in revising.segments:
                row = self._c.execute(_LAST_OF_MEMORY, (memory_id, segment.store_id)).fetchone()
                if row is None:
                    continue
                version, number, node_id, live, other_id = row
                holder = node_id if live else other_id
                if segment is not revising.segments[0]:
                    holder = None  # what an ancestor's paths hold now says nothing about the fork
                if memory_id in self._last:
                    number = max(number, self._last[memory_id][1])
                if holder is None or not self._c.execute(_HOLDS, (holder, memory_id)).fetchone():
                    return memory_id, number + 1, version
                break
        if not self._newest_memory:
            (newest,) = self._c.execute(_LAST_MEMORY).fetchone()
            self._newest_memory = max(newest or 0, self._now * _IDS_PER_MILLISECOND - 1)
        self._newest_memory += 1
        return self._newest_memory, 1, 0


def keep_author(c: sqlite3.Connection, author: Author) -> int:
    """The id of an author, stored unless it is there."""
    fields = (
        author.session_id,
        author.host_session_id,
        author.connection_id,
        author.actor,
        author.on_behalf_of,
        author.client,
        author.protocol_version,
        author.transport,
    )
    row = c.execute(_AUTHOR, fields).fetchone()
    author_id = row[0] if row else c.execute(_ADD_AUTHOR, fields).lastrowid
    assert author_id is not None
    return int(author_id)
