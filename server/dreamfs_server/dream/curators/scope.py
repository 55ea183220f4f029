"""The world as a model that curates may see it: one store as it was at the dream's snapshot, the transcripts in the
dream's scope, and the dream itself. Nothing else exists there, nothing can be written, and no read is noted.

The tools that the model calls are those of any agent; what they can reach is decided here and nowhere else.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from dreamfs_server.dream.citations import in_scope
from dreamfs_tools.dreaming import Card, Disbelief, Dream, DreamReader, Proposal
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import (
    AccessNote,
    Author,
    Change,
    ChangeFilter,
    Committed,
    Entry,
    Filesystem,
    Planned,
    Revision,
    Snapshot,
    Store,
    StoreMerge,
    Tree,
)
from dreamfs_tools.transcript import Event, Session, TranscriptReader

T = TypeVar("T")


class ScopedFilesystem:
    """A `Filesystem` that shows what one dream may look at."""

    def __init__(self, inner: Filesystem, dream: Dream) -> None:
        self._inner = inner
        self._dream = dream

    async def read(self, query: Callable[[Snapshot], T]) -> T:
        """Run a query against the dream's world."""
        return await self._inner.read(lambda snapshot: query(ScopedSnapshot(snapshot, self._dream)))

    async def write(self, plan: Callable[[Snapshot], Planned[T]], author: Author) -> tuple[T, Committed | None]:
        """Refuse: a model proposes."""
        raise Refusal("read_only", "A dream changes no memory: it proposes with dream_propose, and a person decides.")

    def note(self, access: AccessNote) -> None:
        """Keep no note: a dream's reading says nothing about which memories are of use."""

    async def store_notes(self) -> None:
        """Do nothing: no notes are kept."""

    async def data_version(self) -> int:
        """As the engine says."""
        return await self._inner.data_version()


class ScopedSnapshot:
    """A `Snapshot` of the dream's world."""

    def __init__(self, inner: Snapshot, dream: Dream) -> None:
        self._inner = inner
        self._dream = dream

    @property
    def now(self) -> datetime:
        """The time of the snapshot."""
        return self._inner.now

    def stores(self) -> Sequence[Store]:
        """The dream's store alone."""
        store = self.store(self._dream.store)
        return [] if store is None else [store]

    def store(self, slug: str) -> Store | None:
        """The dream's store, with the snapshot as its head."""
        store = self._inner.store(slug) if slug == self._dream.store else None
        return None if store is None else replace(store, head=self._dream.snapshot_version)

    def tree(self, store: str, at: int | None = None) -> Tree:
        """The store's files at the snapshot, or before."""
        if store != self._dream.store:
            raise KeyError(store)
        newest = self._dream.snapshot_version
        return self._inner.tree(store, newest if at is None else min(at, newest))

    def changes(self, store: str, which: ChangeFilter, limit: int) -> Sequence[Change]:
        """History up to the snapshot."""
        if store != self._dream.store:
            raise KeyError(store)
        newest = self._dream.snapshot_version
        upto = newest if which.up_to_version is None else min(which.up_to_version, newest)
        return self._inner.changes(store, replace(which, up_to_version=upto), limit)

    def revision(self, store: str, number: int) -> Revision | None:
        """A revision up to the snapshot."""
        known = store == self._dream.store and number <= self._dream.snapshot_version
        return self._inner.revision(store, number) if known else None

    def pinned(self, store: str) -> Sequence[Entry]:
        """What a person has pinned."""
        if store != self._dream.store:
            raise KeyError(store)
        return self._inner.pinned(store)

    def accesses(
        self, store: str, limit: int, *, path: str = "", session: str = "", since: datetime | None = None
    ) -> Sequence[AccessNote]:
        """Nothing: who read what is no part of it."""
        return []

    def store_ever(self, name: str) -> Store | None:
        """A store that is or was, if it is in scope."""
        return self.store(name)

    def merges(self, store: str) -> Sequence[StoreMerge]:
        """Nothing: other stores do not exist here."""
        return []

    @property
    def transcripts(self) -> TranscriptReader:
        """The sessions that the dream reads, without those that a person called false."""
        false = {one.source for one in self._inner.dreams.disbeliefs(self._dream.store)}
        return _Transcripts(self._inner.transcripts, self._dream, false)

    @property
    def dreams(self) -> DreamReader:
        """The dream alone."""
        return _Dreams(self._inner.dreams, self._dream)


class _Transcripts:
    def __init__(self, inner: TranscriptReader, dream: Dream, false: set[str]) -> None:
        self._inner = inner
        self._dream = dream
        self._false = false

    def sessions(self, store: str, *, since: datetime | None = None, after: str = "") -> Iterable[Session]:
        if store != self._dream.store:
            return
        for session in self._inner.sessions(store, since=since, after=after):
            if self._shows(session):
                yield session

    def session(self, store: str, session_id: str) -> Session | None:
        session = self._inner.session(store, session_id) if store == self._dream.store else None
        return session if session is not None and self._shows(session) else None

    def events(self, store: str, session_id: str, *, lines: tuple[int, int] | None = None) -> Iterable[Event]:
        if self.session(store, session_id) is None:
            return ()
        return self._inner.events(store, session_id, lines=lines)

    def _shows(self, session: Session) -> bool:
        names = {f"/transcripts/{session.session_id}", f"/transcripts/{session.parent}"}
        return in_scope(self._dream, session) and not names & self._false


class _Dreams:
    def __init__(self, inner: DreamReader, dream: Dream) -> None:
        self._inner = inner
        self._dream = dream

    def dreams(self, store: str = "") -> Sequence[Dream]:
        dream = self.dream(self._dream.dream_id) if store in {"", self._dream.store} else None
        return [] if dream is None else [dream]

    def dream(self, dream_id: str) -> Dream | None:
        return self._inner.dream(dream_id) if dream_id == self._dream.dream_id else None

    def cards(self, dream_id: str) -> Sequence[Card]:
        return self._inner.cards(dream_id) if dream_id == self._dream.dream_id else []

    def proposals(self, dream_id: str) -> Sequence[Proposal]:
        return self._inner.proposals(dream_id) if dream_id == self._dream.dream_id else []

    def disbeliefs(self, store: str) -> Sequence[Disbelief]:
        return self._inner.disbeliefs(store) if store == self._dream.store else []
