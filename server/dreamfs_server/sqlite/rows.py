"""Rows of the views and tables as the seam's data."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dreamfs_tools.filesystem import Author, Change, Entry, FileAt, Limits, Revision, Store
from dreamfs_tools.provenance import deleted_name

Row = tuple[Any, ...]

KEY_END = "\U0010ffff"
"""Sorts after every path: the code point is none that a path may have."""

_AUTHOR = """
SELECT session_id, host_session_id, connection_id, actor, on_behalf_of, client, protocol_version, transport
FROM author WHERE author_id = ?
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True)
class StoreRow:
    """What other queries need of a store."""

    store_id: int
    slug: str
    head: int
    base_store_id: int | None
    base_revision: int


class Authors:
    """The authors met in one snapshot; there are few, and each is in many rows."""

    def __init__(self, c: sqlite3.Connection) -> None:
        self._c = c
        self._met: dict[int, Row] = {}

    def get(self, author_id: int, request_id: str, tool_use_id: str) -> Author:
        """An author with what belongs to one request."""
        row = self._met.get(author_id)
        if row is None:
            row = self._met[author_id] = self._c.execute(_AUTHOR, (author_id,)).fetchone()
        session, host_session, connection, actor, on_behalf_of, client, protocol, transport = row
        return Author(
            session, host_session, connection, actor, on_behalf_of, client, protocol, transport, request_id, tool_use_id
        )

    def revision(self, number: int, row: Row) -> Revision:
        """A revision from (created_at, author_id, message, request_id, tool_use_id, dream_id)."""
        created_at, author_id, message, request_id, tool_use_id, dream_id = row
        return Revision(number, moment(created_at), self.get(author_id, request_id, tool_use_id), message, dream_id)


def entry_of(row: Row, slug: str, authors: Authors) -> Entry:
    """An entry from a row of the view `entry`."""
    (_, _, path, _, _, kind, version, memory_id, change_number, content_id, size_bytes, files, pinned, sha256) = row[
        :14
    ]
    is_file = kind == "file"
    return Entry(
        store=slug,
        path=path,
        kind=kind,
        version=version,
        size_bytes=size_bytes,
        revision=authors.revision(version, row[14:]) if version else None,
        change_number=change_number if is_file else 0,
        memory_id=memory_name(memory_id) if is_file else "",
        sha256=(sha256.hex() if sha256 else None) if is_file else "",
        files=files,
        pinned=bool(pinned),
        content_key=content_id or 0,
    )


def change_of(row: Row, slug: str, authors: Authors) -> Change:
    """A change from a row of the view `file_change`."""
    (store_id, number, _, _, live, operation, memory_id, change_number, previous, _, size_bytes, added, removed) = row[
        :13
    ]
    (path, _, _, _, other_path, _, other_store_id, other_slug, _, sha256, gone_at, state) = row[13:25]
    if other_path is not None and other_store_id != store_id:
        other_path = f"/{other_slug}/{other_path}"
    return Change(
        store=slug,
        revision=authors.revision(number, row[25:31]),
        path=path,
        operation=operation,
        memory_id=memory_name(memory_id),
        change_number=change_number,
        previous=previous,
        old_path=other_path if live and other_path else "",
        size_bytes=size_bytes,
        sha256=sha256.hex() if sha256 else None,
        added=added,
        removed=removed,
        redacted_at=moment(gone_at) if gone_at is not None and state == "redacted" else None,
        came_from=_came_from(store_id, slug, row[31:]),
    )


def _came_from(store_id: int, slug: str, row: Row) -> FileAt | None:
    from_store_id, from_slug, from_revision, from_memory_id = row
    if from_store_id is None:
        return None
    # A fork shows the rows of what it began as under its own slug.
    return FileAt(slug if from_store_id == store_id else from_slug, from_revision, memory_name(from_memory_id))


def past_entry_of(row: Row, slug: str, authors: Authors) -> Entry:
    """The entry that a change left behind, from a row of the view `file_change`."""
    (_, number, _, _, _, _, memory_id, change_number, _, content_id, size_bytes, _, _, path, _, _, pinned) = row[:17]
    sha256 = row[22]
    return Entry(
        store=slug,
        path=path,
        kind="file",
        version=number,
        size_bytes=size_bytes,
        revision=authors.revision(number, row[25:31]),
        change_number=change_number,
        memory_id=memory_name(memory_id),
        sha256=sha256.hex() if sha256 else None,
        pinned=bool(pinned),
        content_key=content_id or 0,
    )


def store_of(row: Row) -> tuple[StoreRow, Store]:
    """A store from a row of `snapshot.STORES`."""
    (store_id, slug, name, description, access, content_bytes, files_count, require, secrets, auto_accept) = row[:10]
    keep_days, keep_versions = row[10:12]
    (metadata, created_at, archived_at, base_store_id, base_revision, project, head, files) = row[12:20]
    base_slug, base_deleted_at, deleted_at = row[20:]
    if base_deleted_at is not None:
        base_slug = deleted_name(base_slug, base_store_id)
    if deleted_at is not None:
        slug = deleted_name(slug, store_id)
    return StoreRow(store_id, slug, head, base_store_id, base_revision), Store(
        slug=slug,
        name=name,
        description=description,
        access=access,
        head=head,
        files=files,
        limits=Limits(content_bytes, files_count),
        require_expected_version=bool(require),
        secrets=secrets,
        auto_accept=auto_accept,
        keep_days=keep_days,
        keep_versions=keep_versions,
        metadata={} if metadata == "{}" else json.loads(metadata),
        created_at=moment(created_at),
        archived_at=None if archived_at is None else moment(archived_at),
        deleted_at=None if deleted_at is None else moment(deleted_at),
        forked_from=base_slug or "",
        forked_at=base_revision,
        project=project,
    )


def sort_key(path: str) -> str:
    """The order of paths, each segment compared whole: as the column of the same name."""
    return path.replace("/", "\x01")


def span(folder: str) -> tuple[str, str]:
    """The open interval of sort keys that holds everything below a folder."""
    key = sort_key(folder)
    return (f"{key}\x01", f"{key}\x02") if key else ("", KEY_END)


def milliseconds(at: datetime) -> int:
    """A time as the database keeps it."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def moment(at: int) -> datetime:
    """A time as the seam gives it."""
    return _EPOCH + timedelta(milliseconds=at)


def memory_name(memory_id: int) -> str:
    """A memory's id as people see it: `mem_` and 11 characters of Crockford's base 32, sorted by age."""
    digits = [_CROCKFORD[memory_id >> shift & 31] for shift in range(50, -1, -5)]
    return f"mem_{''.join(digits)}"


def memory_number(name: str) -> int:
    """The id behind `memory_name`; -1, which no memory has, for anything else."""
    digits = name.removeprefix("mem_")
    if len(digits) != 11 or not name.startswith("mem_") or any(digit not in _CROCKFORD for digit in digits):
        return -1
    number = 0
    for digit in digits:
        number = number << 5 | _CROCKFORD.index(digit)
    return number
