"""A copy of the whole database, taken while other processes write."""

import os
import shutil
import sqlite3
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from dreamfs_server.sqlite.connection import Database
from dreamfs_server.sqlite.rows import milliseconds
from dreamfs_tools.errors import Refusal

PRIVATE = 0o600
ROOM = ".dreamfs-backup-"
"""How the folder is called in which a backup is made."""

_KNOWN = "INSERT INTO backup (path, at) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET at = excluded.at"
"""So that a redaction can say where the text still is."""


async def backup(database: Database, target: Path) -> None:
    """Write a backup to a new file; it is one moment of the database, and opens as one.

    Raises:
        Refusal: `already_exists`, `not_found` when its folder is not there, `unavailable` when it cannot be written.
    """
    await database.outside(partial(_write, target))
    at = milliseconds(datetime.now(UTC))
    await database.write(lambda c: c.execute(_KNOWN, (str(target), at)))


def _write(target: Path, c: sqlite3.Connection) -> None:
    if target.exists() or target.is_symlink():
        raise _taken(target)
    try:
        # A process that is killed leaves this folder, and never half a backup under the name of one.
        room = Path(tempfile.mkdtemp(prefix=ROOM, dir=target.parent))
    except FileNotFoundError:
        raise Refusal("not_found", f"The folder {target.parent} does not exist; make it, or name another.") from None
    except OSError as error:
        raise Refusal("unavailable", f"{target} cannot be written: {error.strerror}.") from None
    try:
        made = room / "backup"
        made.touch(PRIVATE)
        # One statement, one read snapshot: a copy page by page never ends while others write.
        c.execute("VACUUM INTO ?", (str(made),))
        with made.open("rb+") as file:
            os.fsync(file.fileno())
        try:
            os.link(made, target)  # unlike a rename it writes over nothing
        except FileExistsError:
            raise _taken(target) from None
        except OSError:  # a file system without links
            made.rename(target)
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _taken(target: Path) -> Refusal:
    return Refusal("already_exists", f"{target} exists; name a new file.")
