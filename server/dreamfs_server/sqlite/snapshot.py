"""Everything at one moment: the seam's `Snapshot` over one connection inside one transaction."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dreamfs_server.sqlite import access, content, history
from dreamfs_server.sqlite.dreams import SqliteDreamReader
from dreamfs_server.sqlite.rows import Authors, Row, StoreRow, entry_of, store_of
from dreamfs_server.sqlite.transcripts import SqliteTranscriptReader
from dreamfs_server.sqlite.tree import CurrentTree, PastTree
from dreamfs_tools.filesystem import AccessNote, Change, ChangeFilter, Entry, Revision, Store, StoreMerge, Tree
from dreamfs_tools.provenance import deleted_name, is_deleted_name

if TYPE_CHECKING:
    from dreamfs_tools.dream import DreamReader
    from dreamfs_tools.transcript import TranscriptReader

_STORES = """
SELECT s.store_id, s.slug, s.name, s.description, s.access, s.content_bytes_max, s.files_count_max,
       s.require_expected_version, s.secrets, s.auto_accept, s.keep_days, s.keep_versions, s.metadata, s.created_at, s.archived_at,
       s.base_store_id, s.base_revision, s.project, n.version, n.files, b.slug, b.deleted_at,
       s.deleted_at
FROM store AS s
JOIN node AS n ON n.store_id = s.store_id AND n.sort_key = ''
LEFT JOIN store AS b ON b.store_id = s.base_store_id
WHERE s.deleted_at IS NULL ORDER BY s.slug
"""
_STORE = """
SELECT s.store_id, s.slug, s.name, s.description, s.access, s.content_bytes_max, s.files_count_max,
       s.require_expected_version, s.secrets, s.auto_accept, s.keep_days, s.keep_versions, s.metadata, s.created_at, s.archived_at,
       s.base_store_id, s.base_revision, s.project, n.version, n.files, b.slug, b.deleted_at,
       s.deleted_at
FROM store AS s
JOIN node AS n ON n.store_id = s.store_id AND n.sort_key = ''
LEFT JOIN store AS b ON b.store_id = s.base_store_id
WHERE s.deleted_at IS NULL AND s.slug = ?
"""
_DELETED_STORE = """
SELECT s.store_id, s.slug, s.name, s.description, s.access, s.content_bytes_max, s.files_count_max,
       s.require_expected_version, s.secrets, s.auto_accept, s.keep_days, s.keep_versions, s.metadata, s.created_at, s.archived_at,
       s.base_store_id, s.base_revision, s.project, n.version, n.files, b.slug, b.deleted_at,
       s.deleted_at
FROM store AS s
JOIN node AS n ON n.store_id = s.store_id AND n.sort_key = ''
LEFT JOIN store AS b ON b.store_id = s.base_store_id
WHERE s.deleted_at IS NOT NULL AND s.store_id = ?
"""
_LINEAGE = "SELECT store_id, slug, base_store_id, base_revision FROM store WHERE store_id = ?"
_REVISION = """
SELECT created_at, author_id, message, request_id, tool_use_id, dream_id
FROM revision WHERE store_id = ? AND number = ?
"""
_PINNED = "SELECT * FROM entry WHERE store_id = ? AND pinned = 1 AND live = 1 ORDER BY sort_key"
_MERGES = """
SELECT s.slug, s.store_id, s.deleted_at, m.source_revision, m.revision, m.merge_id
FROM store_merge AS m CROSS JOIN store AS s ON s.store_id = m.source_store_id
WHERE m.store_id = ? ORDER BY m.merge_id DESC
"""

TEXTS_KEPT_COUNT = 8


class SqliteSnapshot:
    """Valid inside one read or one plan; `close` ends what a caller has not read to its end."""

    def __init__(self, c: sqlite3.Connection, now: datetime) -> None:
        self.c = c
        self.authors = Authors(c)
        self._now = now
        self._met: dict[str, tuple[StoreRow, Store] | None] = {}
        self._trees: dict[str, CurrentTree] = {}
        self._texts: dict[int, str | None] = {}
        self._open: list[sqlite3.Cursor] = []

    @property
    def now(self) -> datetime:
        """The time of this snapshot, to the millisecond."""
        return self._now

    def stores(self) -> Sequence[Store]:
        """All stores, sorted by slug."""
        found = [store_of(row) for row in self.c.execute(_STORES).fetchall()]
        self._met.update((store.slug, (row, store)) for row, store in found)
        return [store for _, store in found]

    def store(self, slug: str) -> Store | None:
        """A store by its slug."""
        return None if is_deleted_name(slug) else self.store_ever(slug)

    def store_ever(self, name: str) -> Store | None:
        """A store by its slug, or a deleted one by the name that lineage has for it."""
        found = self._find(name)
        return found[1] if found else None

    def tree(self, store: str, at: int | None = None) -> Tree:
        """A store's files now, or after revision `at`."""
        row = self.store_row(store)
        if at is None or at >= row.head:
            if store not in self._trees:
                self._trees[store] = CurrentTree(self, row)
            return self._trees[store]
        return PastTree(self, self.segments(row), at)

    def changes(self, store: str, which: ChangeFilter, limit: int) -> Sequence[Change]:
        """Rows of history; see `history.changes`."""
        return history.changes(self, self.segments(self.store_row(store)), which, limit)

    def revision(self, store: str, number: int) -> Revision | None:
        """One revision of a store or, for a fork, of its ancestors before it began."""
        for segment in self.segments(self.store_row(store)):
            if number > segment.base_revision:
                row = self.c.execute(_REVISION, (segment.store_id, number)).fetchone()
                return self.authors.revision(number, row) if row else None
        return None

    def pinned(self, store: str) -> Sequence[Entry]:
        """The live files that a person has pinned."""
        row = self.store_row(store)
        found = self.c.execute(_PINNED, (row.store_id,)).fetchall()
        return [entry_of(pin, row.slug, self.authors) for pin in found]

    def accesses(
        self, store: str, limit: int, *, path: str = "", session: str = "", since: datetime | None = None
    ) -> Sequence[AccessNote]:
        """Lines of the access log, newest first."""
        row = self.store_row(store)
        return access.notes(self.c, row.slug, row.store_id, limit, path, session, since)

    def merges(self, store: str) -> Sequence[StoreMerge]:
        """What was merged into a store since it began."""
        rows = self.c.execute(_MERGES, (self.store_row(store).store_id,)).fetchall()
        return [
            StoreMerge(slug if deleted_at is None else deleted_name(slug, store_id), at, store, revision, number)
            for slug, store_id, deleted_at, at, revision, number in rows
        ]

    @property
    def transcripts(self) -> "TranscriptReader":
        """Stored sessions."""
        return SqliteTranscriptReader(self.rows)

    @property
    def dreams(self) -> "DreamReader":
        """Stored dreams."""
        return SqliteDreamReader(self.c)

    def store_row(self, slug: str) -> StoreRow:
        """What other queries need of a store.

        Raises:
            KeyError: there is no such store.
        """
        found = self._find(slug)
        if found is None:
            raise KeyError(slug)
        return found[0]

    def segments(self, row: StoreRow) -> list[StoreRow]:
        """A store and the ones it began as, newest first: each holds the revisions after its own `base_revision`.

        All carry the slug of the store asked for, under which their rows are shown.
        """
        found = [row]
        while (last := found[-1]).base_store_id is not None:
            store_id, _, base_store_id, base_revision = self.c.execute(_LINEAGE, (last.base_store_id,)).fetchone()
            found.append(StoreRow(store_id, row.slug, last.base_revision, base_store_id, base_revision))
        return found

    def rows(self, sql: str, parameters: Any) -> Iterator[Row]:
        """Rows one after the other; what is left unread is closed with the snapshot."""
        cursor = self.c.execute(sql, parameters)
        self._open.append(cursor)
        return cursor

    def text(self, content_id: int) -> str | None:
        """A content; the last few are kept, since one call looks at the same text several times."""
        if content_id not in self._texts:
            if len(self._texts) == TEXTS_KEPT_COUNT:
                self._texts.clear()
            self._texts[content_id] = content.load(self.c, content_id)
        return self._texts[content_id]

    def forget(self, slug: str) -> None:
        """Read a store anew next time; for a plan that changed it."""
        self._met.pop(slug, None)
        self._trees.pop(slug, None)

    def close(self) -> None:
        """An open cursor would hold the snapshot, and the write-ahead log would grow behind it."""
        for cursor in self._open:
            cursor.close()
        self._open.clear()

    def _find(self, slug: str) -> tuple[StoreRow, Store] | None:
        if slug not in self._met:
            if is_deleted_name(slug):
                number = slug.rpartition("~")[2]
                row = self.c.execute(_DELETED_STORE, (int(number) if number.isdecimal() else -1,)).fetchone()
            else:
                row = self.c.execute(_STORE, (slug,)).fetchone()
            found = store_of(row) if row else None
            self._met[slug] = found if found and found[1].slug == slug else None
        return self._met[slug]
