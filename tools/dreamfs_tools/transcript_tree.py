"""`/transcripts/<session>`: stored sessions as read-only files, one for each, named by its id.

A transcript's version is its number of events. What the file says is `transcript.render` of its events and nothing
else, so that a line number is the same here, in a citation and in the archive.
"""

from collections.abc import Iterable, Iterator, Sequence

from dreamfs_tools.filesystem import Entry, Wanted
from dreamfs_tools.transcript import Session, TranscriptReader, render


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


def _entry(path: str, session: Session) -> Entry:
    return Entry(session.store, path, "file", session.events, session.size_bytes, None)
