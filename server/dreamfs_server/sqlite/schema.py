"""Brings a database to the schema that this program knows: the numbered files in `migrations/`, each applied once.

`application_id` says that a file is ours, `user_version` how many migrations it has had. Both are checked before
anything is written, and `user_version` again inside every transaction, so that a process which is older than the
database stops instead of writing what it does not understand.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from dreamfs_tools.errors import Refusal

APPLICATION_ID = 0x64726D66
"""`drmf`, as `file` and `PRAGMA application_id` show it."""
MIGRATIONS = Path(__file__).parent / "migrations"

_OBJECTS = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema"
_COMMENT = re.compile(r"--[^\n]*")
_IS_EMPTY = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)"


def migrations(folder: Path = MIGRATIONS) -> dict[int, str]:
    """Number → SQL, in order; a file is named `NNNN-….sql` or `NNNN_….sql`."""
    found = {int(path.name[:4]): path for path in folder.glob("[0-9][0-9][0-9][0-9]*.sql")}
    assert sorted(found) == list(range(1, len(found) + 1)), "migrations are numbered without a gap"
    return {number: found[number].read_text(encoding="utf-8") for number in sorted(found)}


def newest(folder: Path = MIGRATIONS) -> int:
    """The `user_version` of a database that has had every migration."""
    return max((int(path.name[:4]) for path in folder.glob("[0-9][0-9][0-9][0-9]*.sql")), default=0)


def is_current(c: sqlite3.Connection, version: int) -> bool:
    """Whether a database is ours and has exactly this version.

    Raises:
        Refusal: `unavailable` when it is not ours, or newer than this program.
    """
    (application,) = c.execute("PRAGMA application_id").fetchone()
    (found,) = c.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID and not (application == found == 0 and c.execute(_IS_EMPTY).fetchone()[0]):
        raise Refusal("unavailable", "The file given as the memory's storage is not a dreamfs database.")
    if found > version:
        raise _newer()
    return bool(found == version)


def check(c: sqlite3.Connection, version: int) -> None:
    """Refuse to go on when another process has migrated the database meanwhile.

    Raises:
        Refusal: `unavailable`.
    """
    if c.execute("PRAGMA user_version").fetchone()[0] != version:
        raise _newer()


def migrate(c: sqlite3.Connection, scripts: dict[int, str], begin: Callable[[], None]) -> bool:
    """Apply what is missing, in the transaction that `begin` opens and the caller commits.

    Returns:
        Whether the database was new.
    """
    begin()
    if is_current(c, max(scripts)):
        return False
    (found,) = c.execute("PRAGMA user_version").fetchone()
    for number, script in scripts.items():
        if number > found:
            for statement in statements(script):
                c.execute(statement)
    c.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")  # a pragma takes no parameters
    c.execute(f"PRAGMA user_version = {max(scripts):d}")
    return bool(found == 0)


def statements(script: str) -> Iterator[str]:
    """Take a script apart; the driver's own way of running one would commit first."""
    collected = ""
    for line in script.splitlines(keepends=True):
        collected += line
        if sqlite3.complete_statement(collected):
            yield collected
            collected = ""
    assert not collected.strip() or all(line.startswith("--") for line in collected.strip().splitlines())


def strangers(c: sqlite3.Connection, fresh: sqlite3.Connection) -> Iterator[tuple[str, bool]]:
    """In which tables, views, indexes and triggers a database is not what the migrations make.

    Each with a sentence, and whether the rest can be read all the same.

    Args:
        c: the database.
        fresh: an empty one, for comparison; it is filled.
    """
    migrate(fresh, migrations(), lambda: None)
    found, wanted = _objects(c), _objects(fresh)
    for kind, name in sorted(found | wanted):
        if (kind, name) not in found:
            yield f"The {kind} {name} is missing.", kind == "index"
        elif (kind, name) not in wanted:
            yield f"The {kind} {name} is none of a dreamfs database, and may change what is written.", True
        elif found[kind, name] != wanted[kind, name]:
            yield f"The {kind} {name} is not as dreamfs makes it.", True


def _objects(c: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """(kind, name) → how it was made, without comments and line ends."""
    return {
        (kind, name): " ".join(_COMMENT.sub(" ", sql).split())
        for kind, name, sql in c.execute(_OBJECTS).fetchall()
        if not name.startswith("sqlite_")
    }


def _newer() -> Refusal:
    return Refusal(
        "unavailable",
        "The memory was upgraded by a newer dreamfs. Nothing was changed. Restart this server with that version.",
    )
