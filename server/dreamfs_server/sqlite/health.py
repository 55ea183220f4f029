"""What `doctor` says of a database: which SQLite keeps it, how, and what an operator should know."""

import sqlite3
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dreamfs_server.sqlite import erasing
from dreamfs_server.sqlite.connection import Database
from dreamfs_server.sqlite.driver import driver
from dreamfs_server.sqlite.rows import milliseconds
from dreamfs_tools.answers import plural
from dreamfs_tools.errors import Refusal

SHARED_MODE = stat.S_IRWXG | stat.S_IRWXO
CHECK_ERRORS_MAX = 5
ERASING_SECONDS = 2.0
"""How long to try to erase what was redacted while others were in the way."""


async def health(database: Database) -> Mapping[str, Any]:
    """Examine an open database.

    Returns:
        `{"sqlite": version, "journal": "wal"|"truncate", "problems": [sentence]}`.
    """
    problems = list(database.warnings)
    if database.path.stat().st_mode & SHARED_MODE:
        problems.append("Other users of this machine can read the file: chmod 600 it.")
    problems += await database.read(_check)
    problems += await _finish_erasing(database)
    return {"sqlite": driver.sqlite_version, "journal": database.journal_mode, "problems": problems}


async def _finish_erasing(database: Database) -> list[str]:
    """Go on with redactions whose bytes are still in the file."""
    if not await database.read(erasing.pending):
        return []
    try:
        await erasing.erase(database, milliseconds(datetime.now(UTC)), ERASING_SECONDS)
    except Refusal as refusal:
        count = await database.read(erasing.pending)
        return [f"{count} redactions are hidden, erasure pending: {refusal.sentence}"]
    return []


def _check(c: sqlite3.Connection) -> list[str]:
    rows = c.execute(f"PRAGMA quick_check({CHECK_ERRORS_MAX:d})").fetchall()
    found = [str(row[0]) for row in rows]
    broken = [] if found == ["ok"] else [f"SQLite's check says: {line}" for line in found]
    links = len(c.execute("PRAGMA foreign_key_check").fetchall())
    return [*broken, *([f"A row that is not there is referred to by {plural(links, 'row')}."] if links else [])]
