"""The write path: what a plan wants done becomes one revision in each store it touches."""

import sqlite3
from typing import Any

from dreamfs_server.sqlite import content
from dreamfs_server.sqlite.content import Entropy
from dreamfs_server.sqlite.line_counts import line_counts
from dreamfs_server.sqlite.revising import Node, Pending, Revising
from dreamfs_server.sqlite.rows import memory_name, memory_number, milliseconds
from dreamfs_server.sqlite.snapshot import SqliteSnapshot
from dreamfs_tools.filesystem import Author, Change, Committed, FileAt, Move, Planned, Put, Remove, Revision
from dreamfs_tools.provenance import former_slug

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
_LAST_OF_MEMORY = """
SELECT revision, change_number, node_id, live, other_id FROM change INDEXED BY change_by_memory
WHERE memory_id = ? AND store_id = ? AND revision <= ? ORDER BY revision DESC, change_number DESC, live DESC LIMIT 1
"""
_HOLDS = "SELECT 1 FROM node WHERE node_id = ? AND live = 1 AND memory_id = ?"
_OWN_NODE = "SELECT node_id FROM node WHERE store_id = ? AND sort_key = (SELECT sort_key FROM node WHERE node_id = ?)"
_LAST_MEMORY = "SELECT max(memory_id) FROM change"


_IDS_PER_MILLISECOND = 4_096


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
        """Do everything: first empty paths, then fill them, so that files can change places.

        Raises:
            KeyError: an edit names a store that does not exist.
            ValueError: an edit does not fit what is there; the plan is wrong.
        """
        taken: list[tuple[Move, Node]] = []
        for edit in self._planned.edits:
            if isinstance(edit, Remove):
                self._remove(edit)
            elif isinstance(edit, Move):
                taken.append((edit, self._take(edit)))
        for move, node in taken:
            self._bring(move, node)
        for edit in self._planned.edits:
            if isinstance(edit, Put):
                self._put(edit)
        author_id = keep_author(self._c, self._author)
        # One for all stores: the message is the same, and goes everywhere when it goes.
        salt = self._entropy(content.SALT_BYTES) if self._planned.message else None
        revisions: dict[str, Revision] = {}
        changes: list[Change] = []
        for slug, revising in self._stores.items():
            revision = revisions[slug] = Revision(
                revising.number, self._snapshot.now, self._author, self._planned.message, self._planned.dream_id
            )
            changes += revising.finish(author_id, revision, salt)
            self._snapshot.forget(slug)
        return Committed(revisions, changes)

    def _put(self, edit: Put) -> None:
        revising = self._revising(edit.store)
        kept = content.keep(self._c, edit.text, self._entropy)
        node = revising.node(edit.path)
        if node is not None and node.live and node.kind == "file":
            if node.version == revising.number:
                raise ValueError("a plan fills a path twice")
            memory_id, change_number, previous = node.memory_id, node.change_number + 1, node.version
            counts = line_counts(self._text(node), edit.text)
            revising.modify(edit.path, node, kept)
            node_id = node.node_id
        else:
            memory_id, change_number, previous = self._memory(revising, memory_number(edit.memory_id))
            counts = line_counts("", edit.text)
            node_id = revising.settle(edit.path, memory_id, change_number, kept)
        self._last[memory_id] = (revising.number, change_number)
        put = Pending(node_id, edit.path, edit.operation, memory_id, change_number, previous, kept=kept, counts=counts)
        self._note_origin(put, edit.came_from)
        revising.add(put)

    def _remove(self, edit: Remove) -> None:
        revising = self._revising(edit.store)
        node = revising.file(edit.path)
        counts = line_counts(self._text(node), "")
        revising.end(edit.path, node)
        number = node.change_number + 1
        self._last[node.memory_id] = (revising.number, number)
        gone = Pending(node.node_id, edit.path, "deleted", node.memory_id, number, node.version, counts=counts)
        self._note_origin(gone, edit.came_from)
        revising.add(gone)

    def _take(self, edit: Move) -> Node:
        """Take a file away from the path that it leaves."""
        source = self._revising(edit.store)
        node = source.file(edit.path)
        source.end(edit.path, node)
        return node

    def _bring(self, edit: Move, node: Node) -> None:
        """Give a file that was taken its new path."""
        source, target = self._revising(edit.store), self._revising(edit.new_store)
        assert node.content_id is not None, "a live file has a content"
        counts = (0, 0)
        if edit.text is None:
            kept = content.kept(self._c, node.content_id)
        else:
            kept = content.keep(self._c, edit.text, self._entropy)
            counts = line_counts(self._text(node), edit.text)
        memory_id, number, previous = node.memory_id, node.change_number + 1, node.version
        elsewhere = source is not target
        if elsewhere:
            memory_id, number, _ = self._memory(target, memory_id, number)
            previous = 0  # a number of another store would mean something else here
        node_id = target.settle(edit.new_path, memory_id, number, kept, pinned=node.pinned)
        self._last[memory_id] = (target.number, number)
        arrived = Pending(node_id, edit.new_path, edit.operation, memory_id, number, previous, kept=kept, counts=counts)
        arrived.other_id = node.node_id
        arrived.other_path = f"/{edit.store}/{edit.path}" if elsewhere else edit.path
        before = FileAt(edit.store, source.number - 1, memory_name(node.memory_id)) if elsewhere else None
        self._note_origin(arrived, edit.came_from or before)
        left = Pending(
            node.node_id,
            edit.path,
            "deleted" if elsewhere else "renamed",
            node.memory_id,
            node.change_number + 1,
            node.version,
        )
        left.other_id = node_id
        left.other_path = f"/{edit.new_store}/{edit.new_path}" if elsewhere else edit.new_path
        target.add(arrived)
        source.add(left)

    def _note_origin(self, pending: Pending, came_from: FileAt | None) -> None:
        if came_from is not None:
            pending.came_from = came_from
            pending.from_store_id = self._snapshot.store_row(came_from.store).store_id
            pending.from_slug = former_slug(came_from.store)

    def _text(self, node: Node) -> str:
        assert node.content_id is not None, "a live file has a content"
        return content.load(self._c, node.content_id) or ""

    def _revising(self, slug: str) -> Revising:
        found = self._stores.get(slug)
        if found is None:
            segments = self._snapshot.segments(self._snapshot.store_row(slug))
            found = self._stores[slug] = Revising(self._c, segments)
        return found

    def _memory(self, revising: Revising, wanted: int, number_min: int = 1) -> tuple[int, int, int]:
        """The id for a file that comes to be: the one to give back unless a live file has it, else a new one.

        Returns:
            The id, the number of this change, and the version before it.
        """
        if wanted > 0:
            last = self._last_of(revising, wanted)
            if last is None:
                return wanted, number_min, 0  # it comes from another store
            if not self._lives(*last[2:], wanted):
                number = max(last[1], self._last.get(wanted, (0, 0))[1])
                return wanted, max(number + 1, number_min), last[0]
        if not self._newest_memory:
            (newest,) = self._c.execute(_LAST_MEMORY).fetchone()
            self._newest_memory = max(newest or 0, self._now * _IDS_PER_MILLISECOND - 1)
        self._newest_memory += 1
        return self._newest_memory, 1, 0

    def _last_of(self, revising: Revising, memory_id: int) -> tuple[int, int, int | None, int, int | None] | None:
        """(version, change number, node, live, other node) of a memory's last change in a store's history."""
        for segment in revising.segments:
            row = self._c.execute(_LAST_OF_MEMORY, (memory_id, segment.store_id, segment.head)).fetchone()
            if row is not None and segment is not revising.segments[0]:
                # What an ancestor's paths hold now says nothing about the fork: it has paths of its own.
                version, number, node_id, live, _ = row
                own = self._c.execute(_OWN_NODE, (revising.store.store_id, node_id)).fetchone()
                return version, number, own[0] if own else None, live, None
            if row is not None:
                return row[0], row[1], row[2], row[3], row[4]
        return None

    def _lives(self, node_id: int | None, live: int, other_id: int | None, memory_id: int) -> bool:
        holder = node_id if live else other_id
        return holder is not None and self._c.execute(_HOLDS, (holder, memory_id)).fetchone() is not None


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
