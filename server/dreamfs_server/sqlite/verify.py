"""Recomputes what can be recomputed and names what does not fit: contents, the chain over revisions, files and folders.

Everything is read in one snapshot. A problem names the store and the revision where there is one. Of each store's chain
only the first broken link is named; the walk goes on from the value that is stored, so that later ones are counted.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from dreamfs_server.sqlite import chain, schema, store_log
from dreamfs_server.sqlite.content import commit_to, load_bytes
from dreamfs_server.sqlite.driver import driver
from dreamfs_server.sqlite.replay import lineage, replayed
from dreamfs_server.sqlite.rows import Authors, moment
from dreamfs_server.sqlite.snapshot import SqliteSnapshot
from dreamfs_server.sqlite.state import state_problems
from dreamfs_tools.answers import plural, who
from dreamfs_tools.filesystem import Revision

_STORES = "SELECT store_id, slug, deleted_at, base_store_id, base_revision FROM store ORDER BY store_id"
_CONTENTS = "SELECT content_id, sha256, size_bytes, state, commitment FROM content"
_USED = """
SELECT s.slug, n.path, h.revision FROM change AS h JOIN node AS n ON n.node_id = h.node_id
JOIN store AS s ON s.store_id = h.store_id WHERE h.content_id = ? ORDER BY h.store_id, h.revision LIMIT 1
"""
_REVISIONS = """
SELECT number, chain, message_salt, message_commitment, created_at, author_id, message, request_id, tool_use_id, dream_id
FROM revision WHERE store_id = ? ORDER BY number
"""
_LINKS = """
SELECT h.revision, n.path, h.live, h.operation, h.memory_id, h.change_number, h.previous, h.size_bytes,
       o.path, o.store_id, s.slug, c.sha256, c.salt, c.commitment, f.slug, h.from_revision, h.from_memory_id
FROM change AS h
LEFT JOIN node AS n ON n.node_id = h.node_id
LEFT JOIN node AS o ON o.node_id = h.other_id
LEFT JOIN store AS s ON s.store_id = o.store_id
LEFT JOIN content AS c ON c.content_id = h.content_id
LEFT JOIN store AS f ON f.store_id = h.from_store_id
WHERE h.store_id = ? ORDER BY h.revision, h.position
"""
_CHAIN = "SELECT chain FROM revision WHERE store_id = ? AND number = ?"
_AUTHORS = "SELECT author_id FROM author LIMIT 10000"
_ROOT = "SELECT version FROM node WHERE store_id = ? AND path = ''"
_FILE_ERRORS_MAX = 20
_SHOWN_MAX = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was written."""

    kind: str
    """`file`: SQLite's own structure; `content`; `chain`; `state`: what the history says the files are; `store`: its
    settings and their log; `anchor`."""
    store: str
    revision: int
    """0 where none can be named."""
    sentence: str

    def shape(self) -> dict[str, Any]:
        """For machines."""
        return {"kind": self.kind, "store": self.store, "revision": self.revision, "sentence": self.sentence}


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at and what was found."""

    contents: int
    revisions: int
    problems: Sequence[Problem]


def verify(c: sqlite3.Connection) -> Verified:
    """Check everything, in a transaction that sees one snapshot."""
    problems = [*_file_problems(c)]
    strange = _strangers(c)
    problems += [Problem("file", "", 0, sentence) for sentence, _ in strange]
    if not all(readable for _, readable in strange):
        return Verified(0, 0, problems)
    contents = 0
    for row in c.execute(_CONTENTS).fetchall():
        contents += 1
        problems += _content_problems(c, row)
    revisions = 0
    endless: set[int] = set()
    for store_id, slug, deleted_at, base_id, _ in c.execute(_STORES).fetchall():
        if base_id is not None and (base_id >= store_id or base_id in endless):
            endless.add(store_id)  # what follows its beginnings would not end
            problems.append(_unreadable(slug, "it says that it began as itself, or as a store made later"))
            continue
        walked = _Chain(c, store_id, slug)
        parts: list[Callable[[], Iterator[Problem]]] = [
            partial(_store_problems, c, store_id, slug, deleted_at),
            walked.problems,
        ]
        if deleted_at is None:
            parts.append(partial(_state_problems, c, store_id, slug))
        for part in parts:
            problems += _as_far_as_it_goes(slug, part)
        revisions += walked.count
    return Verified(contents, revisions, problems)


def _strangers(c: sqlite3.Connection) -> list[tuple[str, bool]]:
    fresh: sqlite3.Connection = driver.connect(":memory:")
    try:
        return list(schema.strangers(c, fresh))
    finally:
        fresh.close()


def _as_far_as_it_goes(slug: str, part: Callable[[], Iterator[Problem]]) -> Iterator[Problem]:
    try:
        yield from part()
    except Exception as error:  # noqa: BLE001  # altered rows fail in whatever way the reading fails
        yield _unreadable(slug, f"a row of it was altered or is gone ({type(error).__name__})")


def _unreadable(slug: str, why: str) -> Problem:
    return Problem("store", slug, 0, f"/{slug} cannot be read to its end: {why}.")


def _store_problems(c: sqlite3.Connection, store_id: int, slug: str, deleted_at: int | None) -> Iterator[Problem]:
    store = SqliteSnapshot(c, moment(0)).store(slug) if deleted_at is None else None
    for number, why in store_log.problems(c, store_id, store):
        yield Problem("store", slug, 0, f"/{slug}: {why} (entry {number} of `dreamfs store log`).")


def _state_problems(c: sqlite3.Connection, store_id: int, slug: str) -> Iterator[Problem]:
    for number, text in state_problems(c, store_id, slug, replayed(c, store_id)):
        yield Problem("state", slug, number, text)


def _file_problems(c: sqlite3.Connection) -> Iterator[Problem]:
    for (line,) in c.execute(f"PRAGMA integrity_check({_FILE_ERRORS_MAX:d})").fetchall():
        if line != "ok":
            yield Problem("file", "", 0, f"SQLite's own check says: {line}.")
    if rows := len(c.execute("PRAGMA foreign_key_check").fetchall()):
        yield Problem("file", "", 0, f"A row that is not there is referred to by {plural(rows, 'row')}.")


def _content_problems(c: sqlite3.Connection, row: Sequence[Any]) -> Iterator[Problem]:
    content_id, sha256, size, state, commitment = row
    why = ""
    if state != "stored":
        why = "" if commitment is not None else "it was removed for good, and what the chain needs of it is gone too"
    else:
        try:
            data = load_bytes(c, content_id)
        except Exception as error:  # noqa: BLE001  # damaged bytes fail in whatever way the decoder fails
            why = f"it cannot be decoded ({type(error).__name__})"
        else:
            if data is None or hashlib.sha256(data).digest() != sha256:
                why = "its bytes are not those of its SHA-256"
            elif len(data) != size:
                why = f"it has {len(data):,} bytes, not the {size:,} that are written down"
    if why:
        used = c.execute(_USED, (content_id,)).fetchone()
        slug, path, revision = used or ("", "", 0)
        where = f"/{slug}/{path} at revision {revision}" if used else f"a text that no version has (row {content_id})"
        yield Problem("content", slug, revision, f"The content of {where} was altered: {why}.")


class _Chain:
    """One store's chain, walked from its beginning."""

    def __init__(self, c: sqlite3.Connection, store_id: int, slug: str) -> None:
        self.c = c
        self.store_id = store_id
        self.slug = slug
        self.count = 0
        self._authors = Authors(c)

    def problems(self) -> Iterator[Problem]:
        found = list(self._broken())
        yield from found[:1]
        if len(found) > 1:
            more = ", ".join(str(one.revision) for one in found[1 : _SHOWN_MAX + 1])
            rest = f" and {len(found) - 1 - _SHOWN_MAX} more" if len(found) - 1 > _SHOWN_MAX else ""
            yield Problem("chain", self.slug, found[1].revision, f"/{self.slug}: broken too: revision {more}{rest}.")

    def _broken(self) -> Iterator[Problem]:
        number, previous = self._start()
        links = _by_revision(self.c, self.store_id)
        for row in self.c.execute(_REVISIONS, (self.store_id,)).fetchall():
            self.count += 1
            if row[0] != number + 1:
                yield self._missing(number + 1, row[0] - 1)
            elif (why := self._why(previous, row, links.get(row[0], ()))) is not None:
                yield Problem("chain", self.slug, row[0], why)
            number, previous = row[0], bytes(row[1])
        (head,) = self.c.execute(_ROOT, (self.store_id,)).fetchone() or (number,)
        if head > number:
            yield self._missing(number + 1, head)

    def _start(self) -> tuple[int, bytes]:
        base_id, base_revision = lineage(self.c, self.store_id)[0][1:]
        for store_id, *_ in lineage(self.c, self.store_id)[1:] if base_id is not None else ():
            row = self.c.execute(_CHAIN, (store_id, base_revision)).fetchone()
            if row is not None:
                return base_revision, bytes(row[0])
        return base_revision, chain.GENESIS

    def _missing(self, first: int, last: int) -> Problem:
        which = f"revision {first} is" if first == last else f"revisions {first} to {last} are"
        return Problem("chain", self.slug, first, f"/{self.slug}: {which} missing: removed after being written.")

    def _why(self, previous: bytes, row: Sequence[Any], links: Sequence[chain.Link]) -> str | None:
        number, value, salt, commitment, *rest = row
        revision = self._authors.revision(number, tuple(rest))
        message = chain.seal(revision.message, salt, commitment)
        if chain.next_value(previous, links, revision, message) == bytes(value):
            return None
        says = f"/{self.slug}: revision {number} does not follow from revision {number - 1}"
        for (author_id,) in self.c.execute(_AUTHORS).fetchall():
            other = Revision(
                number,
                revision.created_at,
                self._authors.get(author_id, revision.author.request_id, revision.author.tool_use_id),
                revision.message,
                revision.dream_id,
            )
            if chain.next_value(previous, links, other, message) == bytes(value):
                return f"{says}: its author was altered. It was written by {who(other)}; now it says {who(revision)}."
        paths = ", ".join(f"/{self.slug}/{link.path}" for link in links[:_SHOWN_MAX])
        more = f" and {len(links) - _SHOWN_MAX} more" if len(links) > _SHOWN_MAX else ""
        return (
            f"{says}: its time, message, author or changes were altered. Now it says: {who(revision)}; "
            f"changed: {paths or 'nothing'}{more}."
        )


def _by_revision(c: sqlite3.Connection, store_id: int) -> Mapping[int, list[chain.Link]]:
    links: dict[int, list[chain.Link]] = {}
    for row in c.execute(_LINKS, (store_id,)):
        number, path, live, operation, memory_id, change_number, previous, size = row[:8]
        other, other_store_id, other_slug, sha256, salt, written = row[8:14]
        from_slug, from_revision, from_memory_id = row[14:]
        other_path = "" if other is None else other if other_store_id == store_id else f"/{other_slug}/{other}"
        commitment = written if written is not None else commit_to(sha256, salt) if sha256 and salt else None
        links.setdefault(number, []).append(
            chain.Link(
                path=path or "",
                live=bool(live),
                operation=operation,
                memory_id=memory_id,
                change_number=change_number,
                previous=previous,
                commitment=bytes(commitment) if live and commitment is not None else None,
                size_bytes=size,
                other_path=other_path,
                came_from=from_slug and chain.came_from(from_slug, from_revision, from_memory_id, other_path),
            )
        )
    return links
