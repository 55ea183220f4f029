"""One revision of one store in the making: paths as they change, then folders, history and the chain's next link."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dreamfs_server.sqlite import chain
from dreamfs_server.sqlite.content import Kept
from dreamfs_server.sqlite.rows import StoreRow, memory_name, memory_number, milliseconds, sort_key
from dreamfs_tools.filesystem import Change, FileAt, Operation, Revision

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
_LAST_FOLDER_STATE = "SELECT files FROM folder_state WHERE node_id = ? ORDER BY revision DESC LIMIT 1"
_CHAIN = "SELECT chain FROM revision WHERE store_id = ? AND number = ?"
_ADD_REVISION = """
INSERT INTO revision (store_id, number, created_at, author_id, message, request_id, tool_use_id, dream_id, files,
                      size_bytes, chain, message_salt)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ADD_CHANGE = """
INSERT INTO change (store_id, revision, position, node_id, live, operation, memory_id, change_number, previous,
                    content_id, size_bytes, added, removed, other_id, from_store_id, from_revision,
                    from_memory_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


@dataclass(slots=True)
class Node:
    """A row of the table."""

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
class Pending:
    """A change that waits for its position."""

    node_id: int
    path: str
    operation: Operation
    memory_id: int
    change_number: int
    previous: int
    kept: Kept | None = None
    """What is at the path afterwards; None: nothing."""
    counts: tuple[int, int] = (0, 0)
    """Lines added and removed."""
    other_id: int | None = None
    other_path: str = ""
    came_from: FileAt | None = None
    from_store_id: int | None = None
    from_slug: str = ""
    """What that store is called, or was when it was deleted."""

    @property
    def order(self) -> tuple[str, bool]:
        """By path; of two changes of one path, the file that is there afterwards comes first."""
        return sort_key(self.path), self.kept is None

    @property
    def link(self) -> chain.Link:
        """What the chain says of it."""
        return chain.Link(
            path=self.path,
            live=self.kept is not None,
            operation=self.operation,
            memory_id=self.memory_id,
            change_number=self.change_number,
            previous=self.previous,
            commitment=self.kept.commitment if self.kept else None,
            size_bytes=self.kept.size_bytes if self.kept else 0,
            other_path=self.other_path,
            came_from=self._came_from_link,
        )

    @property
    def _came_from_link(self) -> tuple[str, int, int] | None:
        if self.came_from is None:
            return None
        memory_id = memory_number(self.came_from.memory_id)
        return chain.came_from(self.from_slug, self.came_from.revision, memory_id, self.other_path)

    def shown(self, slug: str, revision: Revision) -> Change | None:
        """As history shows it; None for what a rename leaves behind."""
        if self.operation == "renamed" and self.kept is None:
            return None
        return Change(
            store=slug,
            revision=revision,
            path=self.path,
            operation=self.operation,
            memory_id=memory_name(self.memory_id),
            change_number=self.change_number,
            previous=self.previous,
            old_path=self.other_path if self.kept else "",
            size_bytes=self.kept.size_bytes if self.kept else 0,
            sha256=self.kept.sha256.hex() if self.kept and self.kept.sha256 else None,
            added=self.counts[0],
            removed=self.counts[1],
            came_from=self.came_from,
        )


class Revising:
    """One revision of one store in the making."""

    def __init__(self, c: sqlite3.Connection, segments: Sequence[StoreRow]) -> None:
        self.c = c
        self.store = segments[0]
        self.segments = segments
        self.number = self.store.head + 1
        self._pending: list[Pending] = []
        self._folders: dict[str, list[int]] = {}

    def node(self, path: str) -> Node | None:
        """A path's row, if it was ever used."""
        row = self.c.execute(_NODE, (self.store.store_id, sort_key(path))).fetchone()
        return Node(*row) if row else None

    def file(self, path: str) -> Node:
        """The live file at a path.

        Raises:
            ValueError: there is none; the plan that says otherwise is wrong.
        """
        node = self.node(path)
        if node is None or not node.live or node.kind != "file":
            raise ValueError("a plan edits a path where no file is")
        return node

    def settle(self, path: str, memory_id: int, change_number: int, kept: Kept, *, pinned: int = 0) -> int:
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
            "content": kept.content_id,
            "size": kept.size_bytes,
            "pinned": pinned,
        }
        if node is None:
            node_id = self.c.execute(_ADD_FILE, given).lastrowid
            assert node_id is not None
        else:
            node_id = node.node_id
            self.c.execute(_SET_FILE, given | {"node": node_id})
        self.count(path, 1, kept.size_bytes)
        return node_id

    def modify(self, path: str, node: Node, kept: Kept) -> None:
        """Give the file at a path its next content."""
        self.c.execute(
            _MODIFY_FILE,
            {
                "store": self.store.store_id,
                "version": self.number,
                "node": node.node_id,
                "change_number": node.change_number + 1,
                "content": kept.content_id,
                "size": kept.size_bytes,
            },
        )
        self.count(path, 0, kept.size_bytes - node.size_bytes)

    def end(self, path: str, node: Node) -> None:
        """Take the file away from its path."""
        self.c.execute(_END_FILE, {"store": self.store.store_id, "version": self.number, "node": node.node_id})
        self.count(path, -1, -node.size_bytes)

    def count(self, path: str, files: int, size: int) -> None:
        """Note what changes for the folders above a path."""
        while path:
            path = path.rpartition("/")[0]
            totals = self._folders.setdefault(path, [0, 0])
            totals[0] += files
            totals[1] += size

    def add(self, pending: Pending) -> None:
        """Note a change for the history."""
        self._pending.append(pending)

    def finish(self, author_id: int, revision: Revision, salt: bytes | None) -> list[Change]:
        """Write folders, revision and changes; gives the rows of history. `salt` is the message's, see `chain.seal`."""
        store_id, number, author = self.store.store_id, self.number, revision.author
        created_at = milliseconds(revision.created_at)
        files, size = self._write_folders()
        self._pending.sort(key=lambda pending: pending.order)
        links = [pending.link for pending in self._pending]
        value = chain.next_value(self._last_chain(), links, revision, chain.seal(revision.message, salt))
        self.c.execute(
            _ADD_REVISION,
            (
                store_id,
                number,
                created_at,
                author_id,
                revision.message,
                author.request_id,
                author.tool_use_id,
                revision.dream_id,
                files,
                size,
                value,
                salt,
            ),
        )
        for position, pending in enumerate(self._pending):
            self.c.execute(
                _ADD_CHANGE,
                (
                    store_id,
                    number,
                    position,
                    pending.node_id,
                    int(pending.kept is not None),
                    pending.operation,
                    pending.memory_id,
                    pending.change_number,
                    pending.previous,
                    pending.kept.content_id if pending.kept else None,
                    pending.kept.size_bytes if pending.kept else 0,
                    *pending.counts,
                    pending.other_id,
                    pending.from_store_id,
                    pending.came_from.revision if pending.came_from else None,
                    memory_number(pending.came_from.memory_id) if pending.came_from else None,
                ),
            )
        shown = (pending.shown(self.store.slug, revision) for pending in self._pending)
        return [change for change in shown if change is not None]

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
            if node is not None and node.kind == "file" and node.live:
                if files + self._files_before(node) > 0:
                    raise ValueError("a plan puts a file below a file")
                self.c.execute(_ADD_FOLDER_STATE, (node.node_id, self.number, 0, 0))  # a file has taken its path
                continue
            stays = node is not None and node.kind == "folder" and node.live
            if node is not None and node.kind == "folder":
                files, size = files + node.files, size + node.size_bytes  # noqa: PLW2901  # the sums from here on
            given: dict[str, Any] = {"store": self.store.store_id, "version": self.number, "files": files, "size": size}
            if node is None:
                node_id = self.c.execute(_ADD_FOLDER, given | {"path": path}).lastrowid
            else:
                node_id = node.node_id
                given["node"] = node_id
                if not path or (stays and files):
                    self.c.execute(_TOUCH_FOLDER, given)
                else:
                    self.c.execute(_SET_FOLDER, given | {"live": int(files > 0)})
            if path:
                self.c.execute(_ADD_FOLDER_STATE, (node_id, self.number, files, size))
            else:
                root = (files, size)
        return root

    def _files_before(self, node: Node) -> int:
        row = self.c.execute(_LAST_FOLDER_STATE, (node.node_id,)).fetchone()
        return int(row[0]) if row else 0
