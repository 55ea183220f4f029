"""The engine: the seam's `Filesystem` over one SQLite file."""

import os
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from dreamfs_server.sqlite import access, stores
from dreamfs_server.sqlite.connection import DEADLINE_SECONDS, Database
from dreamfs_server.sqlite.content import Entropy
from dreamfs_server.sqlite.dreams import SqliteDreamJournal, mark_reverted, record_verdict
from dreamfs_server.sqlite.edits import Editing
from dreamfs_server.sqlite.pack import pack
from dreamfs_server.sqlite.rows import milliseconds, moment
from dreamfs_server.sqlite.snapshot import SqliteSnapshot
from dreamfs_server.sqlite.stores import Keeping
from dreamfs_server.sqlite.transcripts import SqliteArchive
from dreamfs_tools.dreaming import DreamJournal
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import AccessNote, Author, Committed, Planned, Snapshot, Store
from dreamfs_tools.store_log import NOBODY, DeletedStore, StoreChange
from dreamfs_tools.stores import unknown_store
from dreamfs_tools.transcript import TranscriptArchive

T = TypeVar("T")
Clock = Callable[[], datetime]

FIRST_STORE = Store("memories", "Memories")
"""What a new database starts with."""


class Engine:
    """One database, open. Make it with `Engine.open`, end it with `close`.

    Attributes:
        database: what sibling modules store their own tables through.
        archive: where transcripts are kept.
        journal: where dreams are kept.
    """

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        self.database = database
        self.archive: TranscriptArchive = SqliteArchive(database)
        self.journal: DreamJournal = SqliteDreamJournal(database, self._now)
        self._clock = clock
        self._entropy = entropy
        self._notes: deque[tuple[AccessNote, int]] = deque(maxlen=access.NOTES_COUNT_MAX)

    @classmethod
    async def open(
        cls,
        path: Path,
        clock: Clock,
        *,
        entropy: Entropy = os.urandom,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> "Engine":
        """Open a database file, creating it with its first store where there is none.

        Args:
            path: the file.
            clock: the time now, with a time zone.
            entropy: gives random bytes.
            deadline_seconds: how long a write tries to get its turn.

        Raises:
            Refusal: `unavailable`, `locked`.
        """
        database = await Database.open(
            path,
            lambda c: stores.create(c, FIRST_STORE, Keeping(clock(), NOBODY, entropy)),
            deadline_seconds=deadline_seconds,
        )
        return cls(database, clock, entropy)

    async def read(self, query: Callable[[Snapshot], T]) -> T:
        """Run a query against one snapshot."""

        def run(c: sqlite3.Connection) -> T:
            snapshot = SqliteSnapshot(c, self._now())
            try:
                return query(snapshot)
            finally:
                snapshot.close()

        return await self.database.read(run)

    async def write(self, plan: Callable[[Snapshot], Planned[T]], author: Author) -> tuple[T, Committed | None]:
        """Run a plan and do what it planned, in one transaction; the reads noted so far go with it."""
        notes = list(self._notes)
        self._notes.clear()

        def run(c: sqlite3.Connection) -> tuple[T, Committed | None]:
            snapshot = SqliteSnapshot(c, self._now())
            try:
                planned = plan(snapshot)
                snapshot.close()
                committed = Editing(snapshot, planned, author, self._entropy).apply() if planned.edits else None
                if planned.merge is not None:
                    made = committed.revisions[planned.merge.store].number if committed else None
                    stores.record_merge(c, planned.merge, made)
                if planned.verdict is not None:
                    numbers = [revision.number for revision in committed.revisions.values()] if committed else [0]
                    record_verdict(c, planned.verdict, max(numbers), snapshot.now)
                for dream_id, number in planned.reverts:
                    mark_reverted(c, dream_id, number)
                if committed and notes:
                    access.keep(c, notes)
                return planned.value, committed
            finally:
                snapshot.close()

        committed = None
        try:
            value, committed = await self.database.write(run)
            return value, committed
        finally:
            if committed is None:  # nothing was stored
                self._notes.extendleft(reversed(notes))

    def note(self, access: AccessNote) -> None:
        """Remember a read until `rest`."""
        self._notes.append((access, milliseconds(self._clock())))

    async def rest(self) -> None:
        """For idle moments: store the noted reads, make old versions small, and move the log into the file."""
        await self.store_notes()
        await self.pack()
        await self.database.checkpoint()

    async def pack(self) -> int:
        """The background pass: store old versions as small deltas and give space back.

        Returns:
            How many versions were re-encoded.
        """
        return await pack(self.database)

    async def data_version(self) -> int:
        """A number that changes when anything was committed, by whichever process."""
        return await self.database.data_version()

    async def create_store(self, store: Store, author: Author = NOBODY) -> None:
        """Add an empty store with the settings of `store`.

        Raises:
            Refusal: `already_exists`, `invalid_argument`, `limit`.
        """
        await self.database.write(lambda c: stores.create(c, store, self._keeping(author)))

    async def change_store(self, slug: str, change: Callable[[Store], Store], author: Author = NOBODY) -> None:
        """Replace a store's settings by what `change` makes of them.

        Raises:
            Refusal: `not_found`, `already_exists`, `invalid_argument`, `limit`.
        """

        def run(c: sqlite3.Connection) -> None:
            found = SqliteSnapshot(c, self._now()).store(slug)
            if found is None:
                raise unknown_store(slug)
            stores.update(c, found, change(found), self._keeping(author))

        await self.database.write(run)

    async def fork_store(self, base: str, store: Store, at: int | None = None, author: Author = NOBODY) -> None:
        """Add a store that starts as `base` is now, or was after revision `at`.

        Raises:
            Refusal: `not_found`, `already_exists`, `invalid_argument`, `limit`.
        """

        def run(c: sqlite3.Connection) -> None:
            snapshot = SqliteSnapshot(c, self._now())
            try:
                stores.fork(snapshot, base, at, store, self._keeping(author))
            finally:
                snapshot.close()

        await self.database.write(run)

    async def archive_store(self, slug: str, author: Author = NOBODY) -> None:
        """Make a store read-only for good.

        Raises:
            Refusal: `not_found`.
        """
        await self.database.write(lambda c: stores.archive(c, slug, self._keeping(author)))

    async def delete_store(self, slug: str, author: Author = NOBODY) -> None:
        """Hide a store and free its slug.

        Raises:
            Refusal: `not_found`.
        """
        await self.database.write(lambda c: stores.delete(c, slug, self._keeping(author)))

    async def undelete_store(self, slug: str, deleted_at: datetime | None = None, author: Author = NOBODY) -> None:
        """Show a deleted store again.

        Raises:
            Refusal: `not_found`, `already_exists`.
        """
        await self.database.write(lambda c: stores.undelete(c, slug, deleted_at, self._keeping(author)))

    async def deleted_stores(self) -> Sequence[DeletedStore]:
        """The stores that are hidden."""
        return await self.database.read(stores.deleted)

    async def store_log(self, slug: str) -> Sequence[StoreChange]:
        """What was done to a store itself, newest first.

        Raises:
            Refusal: `not_found`.
        """
        return await self.database.read(lambda c: stores.log(c, slug))

    def _keeping(self, author: Author) -> Keeping:
        return Keeping(self._now(), author, self._entropy)

    async def close(self) -> None:
        """Store the noted reads and close. Shield it from cancellation."""
        try:
            await self.store_notes()
        except Refusal:
            self._notes.clear()  # best effort: closing must not fail for a log line
        finally:
            await self.database.close()

    async def store_notes(self) -> None:
        """Store the noted reads."""
        if self._notes:
            notes = list(self._notes)
            self._notes.clear()
            await self.database.write(lambda c: access.keep(c, notes))

    def _now(self) -> datetime:
        return moment(milliseconds(self._clock()))
