"""What `doctor` says of a database: which SQLite keeps it, how, and what an operator should know."""

import sqlite3
import stat
from collections.abc import Mapping
from typing import Any

from dreamfs_server.sqlite.connection import Database
from dreamfs_server.sqlite.driver import driver

SHARED_MODE = stat.S_IRWXG | stat.S_IRWXO
CHECK_ERRORS_MAX = 5


async def health(database: Database) -> Mapping[str, Any]:
    """Examine an open database.

    Returns:
        `{"sqlite": version, "journal": "wal"|"truncate", "problems": [sentence]}`.
    """
    problems = list(database.warnings)
    if database.path.stat().st_mode & SHARED_MODE:
        problems.append("Other users of this machine can read the file: chmod 600 it.")
    problems += await database.read(_check)
    return {"sqlite": driver.sqlite_version, "journal": database.journal_mode, "problems": problems}


def _check(c: sqlite3.Connection) -> list[str]:
    rows = c.execute(f"PRAGMA quick_check({CHECK_ERRORS_MAX:d})").fetchall()
    found = [str(row[0]) for row in rows]
    broken = [] if found == ["ok"] else [f"SQLite's check says: {line}" for line in found]
    links = len(c.execute("PRAGMA foreign_key_check").fetchall())
    return [*broken, *([f"{links} rows name a row that is not there."] if links else [])]
