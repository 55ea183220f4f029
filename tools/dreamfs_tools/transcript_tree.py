"""`/transcripts/<session>`: stored sessions as read-only files, one for each, named by its id.

A transcript's version is its number of events. What the file says is `transcript.render` of its events and nothing
else, so that a line number is the same here, in a citation and in the archive.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from dreamfs_tools.filesystem import Entry, Wanted
from dreamfs_tools.transcript import Session, TranscriptReader, render

_LINES_READ = 400
"""At once, where single lines are asked for one after the other."""


class TranscriptTree:
    """The `Tree` of the sessions of some stores.

    Where two stores have a session of one id, the later store's is shown as `<session>@<store>`.
    """

    def __init__(self, reader: TranscriptReader, stores: Sequence[str]) -> None:
        self._reader = reader
        self._stores = stores

    def entry(self, path: str) -> Entry | None:
        """The root, or a session's file."""
        if not path:
            sessions = list(self._all())
            size = sum(session.size_bytes for _, session in sessions)
            return Entry("", "", "folder", 0, size, None, files=len(sessions))
        session = self._session(path)
        return None if session is None else _entry(path, session)

    def walk(self, path: str = "", *, depth: int = 0, after: str = "") -> Iterator[Entry]:
        """The sessions, sorted by name; nothing lies below one of them."""
        if not path:
            for name, session in self._all():
                if name > after:
                    yield _entry(name, session)

    def text(self, entry: Entry) -> str | None:
        """A session's whole rendering."""
        session = self._session(entry.path)
        if session is None:
            return None
        return "".join(map(render, self._reader.events(session.store, session.session_id)))

    def lines(self, entry: Entry) -> Sequence[str]:
        """The lines of a session's rendering, read where they are looked at: a page of a huge session costs a page."""
        session = self._session(entry.path)
        return () if session is None else TranscriptLines(self._reader, session)

    def texts(
        self, path: str = "", *, containing: str = "", after: str = "", wanted: Wanted | None = None
    ) -> Iterator[tuple[Entry, str]]:
        """Sessions with their renderings, one in memory at a time."""
        here = self.entry(path) if path else None
        entries: Iterable[Entry] = self.walk(after=after) if not path else [here] if here and path > after else []
        for entry in entries:
            text = self.text(entry)
            if text is not None and containing in text and (wanted is None or wanted(entry.path, text.encode())):
                yield entry, text

    def _session(self, name: str) -> Session | None:
        for store in self._stores:
            if session := self._reader.session(store, name):
                return session
        session_id, mark, store = name.rpartition("@")
        if not mark or store not in self._stores:
            return None
        earlier = self._stores[: self._stores.index(store)]
        is_second = any(self._reader.session(other, session_id) for other in earlier)
        return self._reader.session(store, session_id) if is_second else None

    def _all(self) -> list[tuple[str, Session]]:
        found: dict[str, Session] = {}
        for store in self._stores:
            for session in self._reader.sessions(store):
                name = session.session_id
                found[f"{name}@{store}" if name in found else name] = session
        return sorted(found.items())


class TranscriptLines(Sequence[str]):
    """The lines of one session, as `split_lines` gives them of its whole rendering."""

    def __init__(self, reader: TranscriptReader, session: Session) -> None:
        """Read through `reader`, a few hundred lines at a time."""
        self._reader = reader
        self._session = session
        self._first = 0
        self._read: list[str] = []

    def __len__(self) -> int:
        return self._session.lines

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = index if index >= 0 else index + len(self)
        if not 0 <= number < len(self):
            raise IndexError(index)
        if not self._first <= number < self._first + len(self._read):
            self._load(number)
        return self._read[number - self._first]

    def _load(self, number: int) -> None:
        """Read the events whose rendering touches the lines from this one on."""
        wanted = (number + 1, number + _LINES_READ)
        self._read = []
        for event in self._reader.events(self._session.store, self._session.session_id, lines=wanted):
            if not self._read:
                self._first = event.line - 1
            self._read += render(event).removesuffix("\n").split("\n")


def _entry(path: str, session: Session) -> Entry:
    return Entry(session.store, path, "file", session.events, session.size_bytes, None)
