"""The connections to the database file: one that writes, one that reads, each on a thread of its own.

This is the only module that knows aiosqlite, and it leans on private names of it (`_thread`, `_conn`, `_tx`): a
transaction has to be *one* function on the connection's thread, since a statement that is already queued runs on when
its awaiter is cancelled. docs/decisions/0014 has the measurements.

Everything in this folder that stores something does it through `Database.read` and `Database.write`: give a function
of the raw connection, and it runs whole, in one snapshot or in one `BEGIN IMMEDIATE` transaction.
"""

import asyncio
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal, TypeVar, cast

import aiosqlite
import anyio

from dreamfs_server.sqlite import location, schema
from dreamfs_server.sqlite.driver import (
    Error,
    JournalMode,
    driver,
    is_busy,
    is_undone,
    journal_mode,
    refusal_of,
    unknown_outcome,
)
from dreamfs_tools.errors import Refusal

T = TypeVar("T")

SLICE_SECONDS = 0.25
"""How long one attempt to lock waits; many short waits are fairer among writers than one long one."""
DEADLINE_SECONDS = 10.0
CHECKPOINT_PAGES = 1_000
LOG_BYTES_MAX = 16_777_216


class _Stopped(Exception):  # noqa: N818  # not an error: the caller was cancelled before the commit
    """Ends a transaction whose caller has gone."""


class Database:
    """One database file, open. Make it with `Database.open`, end it with `close`."""

    def __init__(self, path: Path, mode: JournalMode, version: int, deadline_seconds: float) -> None:
        self.path = path
        self.journal_mode: JournalMode = mode
        self.warnings: list[str] = []
        """What an operator should know about this place, for `doctor`."""
        self._version = version
        self._deadline_seconds = deadline_seconds
        self._reader: aiosqlite.Connection | None = None
        self._writer: aiosqlite.Connection | None = None
        self._opening = asyncio.Lock()

    @classmethod
    async def open(
        cls,
        path: Path,
        on_new: Callable[[sqlite3.Connection], None],
        *,
        mode: JournalMode | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> "Database":
        """Open a database, create or upgrade it where needed.

        Args:
            path: the file.
            on_new: fills a new database, in the transaction that creates its tables.
            mode: how to keep the journal; by default as the linked SQLite allows.
            deadline_seconds: how long a transaction tries to get its lock.

        Raises:
            Refusal: `unavailable`, `locked`.
        """
        location.prepare(path)
        trust = location.trust(path)
        if trust == "remote":
            raise Refusal(
                "unavailable",
                "The memory's storage is on a network file system, where locks do not hold. Put it on a local disk: --db.",
            )
        self = cls(path, mode or journal_mode(), schema.newest(), deadline_seconds)
        if trust == "doubtful":
            self.journal_mode = "truncate"
            self.warnings.append("This file system may not keep locks between machines; use it from one only.")
        if journal_mode() != "wal":
            self.warnings.append("This SQLite has the WAL-reset bug; dreamfs uses the slower rollback journal.")
        try:
            self._reader = await _connect(partial(_translated_open, self._open_reader))
            if not await self._run(self._reader, self._is_current):
                await self._run(await self._writing(), partial(self._create, on_new))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.close()
            raise
        return self

    async def read(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function in one read snapshot. It must fetch what it needs whole and leave no cursor open.

        Raises:
            Refusal: what the function raises; `unavailable`, `locked`.
        """
        assert self._reader is not None, "the database is open"
        return await self._run(self._reader, partial(self._snapshot, fn))

    async def write(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function in one `BEGIN IMMEDIATE` transaction; durable when this returns.

        Cancelled, it happened whole or not at all. The function must not commit, and may be run on no other thread.

        Raises:
            Refusal: what the function raises, with nothing changed; `locked`, `unavailable`, `unknown_outcome`.
        """
        stop = threading.Event()
        writer = self._writer or await self._writing()
        future = _submit(writer, partial(self._transaction, fn, stop))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            stop.set()
            with anyio.CancelScope(shield=True):
                while not future.done():
                    try:
                        await asyncio.wait([future])
                    except asyncio.CancelledError:  # a second cancellation must not leave early
                        continue
            future.exception()
            raise

    async def data_version(self) -> int:
        """A number that changes when anything was committed, by whichever process."""
        assert self._reader is not None, "the database is open"
        return await self._run(self._reader, lambda c: int(c.execute("PRAGMA data_version").fetchone()[0]))

    async def checkpoint(self, *, truncate: bool = False) -> bool:
        """Move the write-ahead log into the file, for idle moments.

        Args:
            truncate: also empty the log. It then has to grow again, which makes a commit cost half as much more.

        Returns:
            Whether nobody was in the way.
        """
        return await self._run(await self._writing(), partial(_checkpoint, "TRUNCATE" if truncate else "PASSIVE"))

    async def shrink(self, pages: int) -> None:
        """Give at most so many free pages back to the disk."""
        await self._run(await self._writing(), lambda c: c.execute(f"PRAGMA incremental_vacuum({pages:d})").fetchall())

    async def maintain(self, sql: Literal["VACUUM", "PRAGMA incremental_vacuum"]) -> None:
        """Run what must stand outside a transaction.

        Raises:
            Refusal: `locked`.
        """
        await self._run(await self._writing(), lambda c: c.execute(sql).fetchall())

    async def outside(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Run a function that must stand outside a transaction, on the writing connection.

        Raises:
            Refusal: `locked`, `unavailable`.
        """
        return await self._run(await self._writing(), fn)

    async def close(self) -> None:
        """Empty the log and close; safe to call twice. Shield it from cancellation."""
        writer, reader, self._writer, self._reader = self._writer, self._reader, None, None
        if reader is not None:
            await reader.close()
        if writer is not None:
            await _submit(writer, partial(_checkpoint, "TRUNCATE"))
            await writer.close()

    async def _run(self, connection: aiosqlite.Connection, fn: Callable[[sqlite3.Connection], T]) -> T:
        return await _submit(connection, partial(_translated, fn))

    async def _writing(self) -> aiosqlite.Connection:
        async with self._opening:
            if self._writer is None:
                with anyio.CancelScope(shield=True):
                    self._writer = await _connect(partial(_translated_open, self._open_writer))
            assert self._writer is not None, "a shield lets nothing out"
            return self._writer

    def _open_reader(self) -> sqlite3.Connection:
        c = _open(self.path)
        c.execute("PRAGMA query_only = ON")
        return c

    def _open_writer(self) -> sqlite3.Connection:
        c = _open(self.path)
        # Takes effect before the first table only.
        _persist(lambda: c.execute("PRAGMA auto_vacuum = INCREMENTAL"), self._deadline())
        _persist(lambda: _set_journal(c, self.journal_mode), self._deadline())
        c.execute("PRAGMA synchronous = FULL")
        c.execute("PRAGMA secure_delete = ON")
        c.execute(f"PRAGMA journal_size_limit = {LOG_BYTES_MAX:d}")
        c.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES:d}")
        if sys.platform == "darwin":
            c.execute("PRAGMA fullfsync = ON")
        return c

    def _is_current(self, c: sqlite3.Connection) -> bool:
        return _persist(lambda: schema.is_current(c, self._version), self._deadline())

    def _create(self, on_new: Callable[[sqlite3.Connection], None], c: sqlite3.Connection) -> None:
        deadline = self._deadline()
        try:
            if schema.migrate(c, schema.migrations(), lambda: _begin(c, deadline, threading.Event())):
                on_new(c)
            _persist(lambda: c.execute("COMMIT"), deadline)
        finally:
            if c.in_transaction:
                c.execute("ROLLBACK")

    def _deadline(self) -> float:
        return time.monotonic() + self._deadline_seconds

    def _snapshot(self, fn: Callable[[sqlite3.Connection], T], c: sqlite3.Connection) -> T:
        c.execute("BEGIN")
        try:
            _persist(lambda: schema.check(c, self._version), self._deadline())  # the first read takes the snapshot
            return fn(c)
        finally:
            if c.in_transaction:
                c.execute("COMMIT")

    def _transaction(self, fn: Callable[[sqlite3.Connection], T], stop: threading.Event, c: sqlite3.Connection) -> T:
        deadline = self._deadline()
        try:
            _begin(c, deadline, stop)
            schema.check(c, self._version)
            result = fn(c)
            if stop.is_set():
                raise _Stopped
        except BaseException as error:
            _abandon(c)
            if isinstance(error, Error) and (refusal := refusal_of(error)):
                raise refusal from error
            raise
        try:
            _persist(lambda: c.execute("COMMIT"), deadline)
        except Error as error:
            _abandon(c)
            if is_undone(error) and (refusal := refusal_of(error)):
                raise refusal from error
            raise unknown_outcome() from error
        return result


async def _connect(connector: Callable[[], sqlite3.Connection]) -> aiosqlite.Connection:
    connection = aiosqlite.Connection(connector, 64)
    connection._thread.daemon = True  # noqa: SLF001  # one that is not closed must not hang the interpreter at exit
    return await connection


def _submit(connection: aiosqlite.Connection, fn: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    queue = cast("SimpleQueue[Any]", connection._tx)  # noqa: SLF001  # pyright: ignore[reportUnknownMemberType]
    queue.put_nowait((future, partial(fn, connection._conn)))  # noqa: SLF001
    return future


def _open(path: Path) -> sqlite3.Connection:
    c: sqlite3.Connection = driver.connect(
        str(path), isolation_level=None, timeout=SLICE_SECONDS, check_same_thread=False, cached_statements=256
    )
    c.execute("PRAGMA foreign_keys = ON")
    c.execute("PRAGMA trusted_schema = OFF")
    c.execute("PRAGMA mmap_size = 0")
    return c


def _set_journal(c: sqlite3.Connection, mode: JournalMode) -> None:
    (found,) = c.execute("PRAGMA journal_mode").fetchone()
    if found == mode:
        return
    (found,) = c.execute(f"PRAGMA journal_mode = {mode}").fetchone()  # a pragma takes no parameters
    if found != mode:
        raise Refusal(
            "unavailable",
            f"Other processes use the memory in a journal mode that is not sound for this SQLite ({mode} needed). "
            "Stop them, or run the same version of dreamfs everywhere.",
        )


def _begin(c: sqlite3.Connection, deadline: float, stop: threading.Event) -> None:
    while True:
        if stop.is_set():
            raise _Stopped
        try:
            c.execute("BEGIN IMMEDIATE")
            return
        except Error as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise


def _persist(attempt: Callable[[], T], deadline: float) -> T:
    """Try again while others are in the way, until the deadline."""
    while True:
        try:
            return attempt()
        except Error as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise


def _abandon(c: sqlite3.Connection) -> None:
    if c.in_transaction:
        c.execute("ROLLBACK")


def _checkpoint(how: Literal["PASSIVE", "TRUNCATE"], c: sqlite3.Connection) -> bool:
    try:
        (busy, in_log, moved) = c.execute(f"PRAGMA wal_checkpoint({how})").fetchone()  # a pragma takes no parameters
    except Error:
        return False
    return not busy and in_log == moved


def _translated(fn: Callable[[sqlite3.Connection], T], c: sqlite3.Connection) -> T:
    try:
        return fn(c)
    except Error as error:
        if refusal := refusal_of(error):
            raise refusal from error
        raise


def _translated_open(connector: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
    try:
        return connector()
    except Error as error:
        if refusal := refusal_of(error):
            raise refusal from error
        raise
