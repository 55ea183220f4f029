"""A copy of the whole database, taken while other processes write."""

import os
import sqlite3
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from dreamfs_server.sqlite.connection import Database
from dreamfs_server.sqlite.rows import milliseconds
from dreamfs_tools.errors import Refusal

PRIVATE = 0o600

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
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
    except FileExistsError:
        raise Refusal("already_exists", f"{target} exists; name a new file.") from None
    except FileNotFoundError:
        raise Refusal("not_found", f"The folder {target.parent} does not exist.") from None
    except OSError as error:
        raise Refusal("unavailable", f"{target} cannot be written: {error.strerror}.") from None
    try:
        # One statement, one read snapshot: a copy page by page never ends while others write.
        c.execute("VACUUM INTO ?", (str(target),))
    except BaseException:
        target.unlink(missing_ok=True)
        raise
