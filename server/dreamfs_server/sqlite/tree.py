"""A store's files: as they are, and as they were after some revision."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from dreamfs_server.sqlite.rows import Authors, Row, StoreRow, entry_of, past_entry_of, sort_key, span
from dreamfs_tools.filesystem import Entry, Wanted

_NOW = "SELECT * FROM entry WHERE store_id = ? AND sort_key = ? AND live = 1"
_NOW_FILES = """
SELECT * FROM entry WHERE store_id = ? AND live = 1 AND kind = 'file' AND sort_key > ? AND sort_key < ?
ORDER BY sort_key
"""
_NOW_NODES = "SELECT * FROM entry WHERE store_id = ? AND live = 1 AND sort_key > ? AND sort_key < ? ORDER BY sort_key"
_NOW_TEXTS = """
SELECT n.sort_key, n.path, n.content_id, c.encoding, c.data
FROM node AS n CROSS JOIN content AS c ON c.content_id = n.content_id
WHERE n.store_id = ? AND n.live = 1 AND n.kind = 'file' AND n.sort_key > ? AND n.sort_key < ? AND c.state = 'stored'
ORDER BY n.sort_key
"""
_EVER = "SELECT * FROM entry WHERE store_id = ? AND sort_key = ?"
_EVER_BELOW = "SELECT * FROM entry WHERE store_id = ? AND sort_key > ? AND sort_key < ? ORDER BY sort_key"
_FILE_THEN = """
SELECT * FROM file_change WHERE node_id = ? AND revision <= ? ORDER BY revision DESC, live DESC LIMIT 1
"""
_FOLDER_THEN = """
SELECT f.revision, f.files, f.size_bytes, r.created_at, r.author_id, r.message, r.request_id, r.tool_use_id, r.dream_id
FROM folder_state AS f JOIN revision AS r ON r.store_id = ? AND r.number = f.revision
WHERE f.node_id = ? AND f.revision <= ? ORDER BY f.revision DESC LIMIT 1
"""
_ROOT_THEN = """
SELECT number, files, size_bytes, created_at, author_id, message, request_id, tool_use_id, dream_id
FROM revision WHERE store_id = ? AND number = ?
"""


class Source(Protocol):
    """What a tree needs of its snapshot."""

    c: sqlite3.Connection
    authors: Authors

    def rows(self, sql: str, parameters: Any) -> Iterator[Row]: ...

    def text(self, content_id: int) -> str | None: ...


class CurrentTree:
    """A store's files now. It remembers the entries it was asked for: nothing changes while a snapshot lasts."""

    def __init__(self, source: Source, store: StoreRow) -> None:
        self._source = source
        self._store = store
        self._met: dict[str, Entry | None] = {}

    def entry(self, path: str) -> Entry | None:
        """The file or folder at a path."""
        if path not in self._met:
            row = self._source.c.execute(_NOW, (self._store.store_id, sort_key(path))).fetchone()
            self._met[path] = entry_of(row, self._store.slug, self._source.authors) if row else None
        return self._met[path]

    def walk(self, path: str = "", *, depth: int = 0, after: str = "") -> Iterable[Entry]:
        """What lies below a folder, in order."""
        low, high = span(path)
        low = max(low, sort_key(after))
        if depth == 0:
            for row in self._source.rows(_NOW_FILES, (self._store.store_id, low, high)):
                yield entry_of(row, self._store.slug, self._source.authors)
            return
        for row in shallow(self._source, _NOW_NODES, self._store.store_id, path, (low, high), depth=depth):
            yield entry_of(row, self._store.slug, self._source.authors)

    def text(self, entry: Entry) -> str | None:
        """A file's content."""
        return self._source.text(entry.content_key)

    def texts(
        self, path: str = "", *, containing: str = "", after: str = "", wanted: Wanted | None = None
    ) -> Iterable[tuple[Entry, str]]:
        """Files with their contents; those without the literal are passed over before anything is made of them."""
        needle = containing.encode()
        low, high = span(path)
        here = self.entry(path)
        if here is not None and here.kind == "file":
            text = self.text(here)
            if text is not None and containing in text and path > after and _is_wanted(wanted, path, text):
                yield here, text
            return
        parameters = (self._store.store_id, max(low, sort_key(after)), high)
        for key, at, content_id, encoding, data in self._source.rows(_NOW_TEXTS, parameters):
            if encoding == "raw" and (needle not in data or (wanted is not None and not wanted(at, data))):
                continue
            text = data.decode() if encoding == "raw" else self._source.text(content_id)
            if text is None or containing not in text or (encoding != "raw" and not _is_wanted(wanted, at, text)):
                continue
            row = self._source.c.execute(_NOW, (self._store.store_id, key)).fetchone()
            yield entry_of(row, self._store.slug, self._source.authors), text


class PastTree:
    """A store's files as they were after a revision."""

    def __init__(self, source: Source, segments: Sequence[StoreRow], at: int) -> None:
        self._source = source
        while len(segments) > 1 and at <= segments[0].base_revision:
            segments = segments[1:]
        self._store, self._at = segments[0], at
        self._base = PastTree(source, segments[1:], self._store.base_revision) if len(segments) > 1 else None

    def entry(self, path: str) -> Entry | None:
        """The file or folder that was at a path."""
        if not path:
            return self._root()
        row = self._source.c.execute(_EVER, (self._store.store_id, sort_key(path))).fetchone()
        return self._then(row) if row else None

    def walk(self, path: str = "", *, depth: int = 0, after: str = "") -> Iterable[Entry]:
        """What lay below a folder, in order."""
        low, high = span(path)
        low = max(low, sort_key(after))
        if depth:
            rows = shallow(self._source, _EVER_BELOW, self._store.store_id, path, (low, high), depth=depth)
        else:
            rows = self._source.rows(_EVER_BELOW, (self._store.store_id, low, high))
        for row in rows:
            entry = self._then(row)
            if entry is not None and (depth or entry.kind == "file"):
                yield entry

    def text(self, entry: Entry) -> str | None:
        """A file's content."""
        return self._source.text(entry.content_key)

    def texts(
        self, path: str = "", *, containing: str = "", after: str = "", wanted: Wanted | None = None
    ) -> Iterable[tuple[Entry, str]]:
        """Files with their contents."""
        here = self.entry(path)
        if here is not None and here.kind == "file":
            entries: Iterable[Entry] = [here] if sort_key(path) > sort_key(after) else []
        else:
            entries = self.walk(path, after=after)
        for entry in entries:
            text = self.text(entry)
            if text is not None and containing in text and _is_wanted(wanted, entry.path, text):
                yield entry, text

    def _root(self) -> Entry:
        row = self._source.c.execute(_ROOT_THEN, (self._store.store_id, self._at)).fetchone()
        if row is None:
            return Entry(self._store.slug, "", "folder", 0, 0, None)
        return self._folder("", row)

    def _then(self, node: Row) -> Entry | None:
        """The state of a path, given its row of the view `entry`."""
        node_id, _, path, _, live, _, version = node[:7]
        if version <= self._at:
            return entry_of(node, self._store.slug, self._source.authors) if live else None
        c, at = self._source.c, self._at
        file = c.execute(_FILE_THEN, (node_id, at)).fetchone()
        if file is not None and file[4]:
            return past_entry_of(file, self._store.slug, self._source.authors)
        folder = c.execute(_FOLDER_THEN, (self._store.store_id, node_id, at)).fetchone()
        if folder is not None and folder[1]:
            return self._folder(path, folder)
        if file is None and folder is None and self._base is not None:
            return self._base.entry(path)
        return None

    def _folder(self, path: str, row: Row) -> Entry:
        number, files, size_bytes, *revision = row
        made = self._source.authors.revision(number, tuple(revision))
        return Entry(self._store.slug, path, "folder", number, size_bytes, made, files=files)


def _is_wanted(wanted: Wanted | None, path: str, text: str) -> bool:
    return wanted is None or wanted(path, text.encode())


def shallow(
    source: Source, sql: str, store_id: int, path: str, interval: tuple[str, str], *, depth: int
) -> Iterator[Row]:
    """Rows at most `depth` levels below a folder, jumping over what lies deeper."""
    low, high = interval
    deepest = depth - 1 + (path.count("/") + 1 if path else 0)
    while True:
        for row in source.rows(sql, (store_id, low, high)):
            key: str = row[3]
            if key.count("\x01") > deepest:
                low = "\x01".join(key.split("\x01")[: deepest + 1]) + "\x02"
                break
            yield row
        else:
            return
