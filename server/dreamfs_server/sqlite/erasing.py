"""Making bytes go that no row has any more: rewrite the file, empty the log, and look.

Deleting a row leaves its bytes in the gaps of pages, in free pages and in the write-ahead log. `VACUUM` writes every page
anew, and a TRUNCATE checkpoint that meets nobody puts them into the file and empties the log. Others may be reading or
writing meanwhile; then it is tried again, and after that it waits for the next time ("hidden, erasure pending").
"""

import json
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

import anyio

from dreamfs_server.sqlite.connection import Database
from dreamfs_tools.errors import Refusal

NEEDLES_MAX = 200
PARTS = ("", "-wal", "-shm", "-journal")

_PENDING = "SELECT coalesce(max(redaction_id), 0), count(*) FROM redaction WHERE erased_at IS NULL"
_ERASED = "UPDATE redaction SET erased_at = ? WHERE redaction_id <= ? AND erased_at IS NULL"


def pending(c: sqlite3.Connection) -> int:
    """How many redactions wait for their bytes to be overwritten."""
    return int(c.execute(_PENDING).fetchone()[1])


async def erase(
    database: Database,
    now: int,
    deadline_seconds: float,
    needles: Sequence[bytes] = (),
    remnants: Callable[[Sequence[bytes]], Awaitable[list[bytes]]] | None = None,
) -> list[bytes]:
    """Rewrite the files of the database without what was deleted, and note that on every redaction made before.

    Args:
        database: open, with no transaction of ours.
        now: in milliseconds.
        deadline_seconds: how long to try while others are in the way.
        needles: what is to be found nowhere afterwards.
        remnants: of the needles that are found all the same, gives those that no row accounts for.

    Returns:
        Those needles that are found all the same and that no row accounts for; then nothing is noted.

    Raises:
        Refusal: `locked` when others were in the way all the time.
    """
    newest, count = await database.read(lambda c: tuple(c.execute(_PENDING).fetchone()))
    if not count:
        return []
    deadline = time.monotonic() + deadline_seconds
    await _until(deadline, lambda: _vacuum(database))
    await _until(deadline, lambda: database.checkpoint(truncate=True))
    found = await search(database, needles)
    if found and remnants is not None:
        found = await remnants(found)
    if not found:
        await database.write(lambda c: c.execute(_ERASED, (now, newest)))
    return found


async def search(database: Database, needles: Sequence[bytes]) -> list[bytes]:
    """Those needles that the files of the database have, wherever in them."""
    wanted = sorted(needles, key=len, reverse=True)[:NEEDLES_MAX]
    if not wanted:
        return []
    question = {
        "files": [f"{database.path}{part}" for part in PARTS],
        "needles": [needle.hex() for needle in wanted],
    }
    command = [sys.executable, "-m", "dreamfs_server.sqlite.raw_search"]
    done = await anyio.run_process(command, input=json.dumps(question).encode(), stderr=None)
    return [wanted[n] for n in json.loads(done.stdout)]


async def _vacuum(database: Database) -> bool:
    try:
        await database.maintain("VACUUM")
    except Refusal as refusal:
        if refusal.code != "locked":
            raise
        return False
    return True


async def _until(deadline: float, attempt: Callable[[], Awaitable[bool]]) -> None:
    """Try again while others are in the way; each attempt waits a little for them itself."""
    while not await attempt():
        if time.monotonic() > deadline:
            raise Refusal("locked", "Other sessions read or wrote all the time. Try again when they rest.")
