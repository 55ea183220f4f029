"""Which SQLite this process runs, whether it is sound, and what its errors mean.

Two modules can provide it: pysqlite3, whose wheels carry a sound library, and else the standard library's sqlite3 with
whatever the system has. The *linked* version decides (`journal_mode`): SQLite 3.7.0 to 3.51.2 may corrupt a WAL
file that several processes use, which is exactly how dreamfs is used.

Errors are translated once, here, by result code and never by text. A code that is not listed is our own bug.
"""

from importlib import import_module
from types import ModuleType
from typing import Literal

from dreamfs_tools.errors import Code, Refusal

JournalMode = Literal["wal", "truncate"]


def _load() -> ModuleType:
    try:
        return import_module("pysqlite3.dbapi2")
    except ImportError:  # no wheel for this platform
        return import_module("sqlite3")


driver = _load()
Error: type[Exception] = driver.Error
LINKED: tuple[int, ...] = driver.sqlite_version_info

_BUSY, _LOCKED, _FULL = 5, 6, 13
_SENTENCES: dict[int, tuple[Code, str]] = {
    3: ("unavailable", "The memory's storage may not be opened by this user. `dreamfs doctor` shows where it is."),
    _BUSY: ("locked", "Other sessions are writing and kept the memory busy. Nothing was changed. Try again."),
    _LOCKED: ("locked", "Other sessions are writing and kept the memory busy. Nothing was changed. Try again."),
    7: ("unavailable", "The server is out of memory. Nothing was changed."),
    8: ("unavailable", "The memory's storage is read-only for this user. `dreamfs doctor` shows where it is."),
    10: ("unavailable", "The memory's storage failed. Nothing was changed. `dreamfs doctor` looks for the reason."),
    11: (
        "unavailable",
        "The memory's storage is damaged. `dreamfs doctor --verify` says how far if it can be read; else a backup is the way back.",
    ),
    _FULL: (
        "unavailable",
        "The disk of the memory's storage is full. Nothing was changed. Free some space, then retry.",
    ),
    14: (
        "unavailable",
        "The memory's storage cannot be opened: its file and its folder have to be there and writable, also for reading.",
    ),
    18: ("too_large", "The text is too large for the storage."),
    26: ("unavailable", "The file given as the memory's storage is not a dreamfs database."),
}


def is_sound(version: tuple[int, ...]) -> bool:
    """Whether a version of SQLite is free of the WAL-reset bug (fixed in 3.51.3, 3.50.7 and 3.44.6)."""
    return (
        version >= (3, 51, 3)
        or (3, 50, 7) <= version < (3, 51)
        or (3, 44, 6) <= version < (3, 45)
        or version < (3, 7, 0)
    )


def journal_mode(version: tuple[int, ...] = LINKED) -> JournalMode:
    """How to keep the journal: the write-ahead log only where it is sound."""
    return "wal" if is_sound(version) else "truncate"


def result_code(error: BaseException) -> int:
    """SQLite's primary result code; 0 for errors that SQLite did not raise."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_busy(error: BaseException) -> bool:
    """Whether another connection was in the way, and trying again can help."""
    return result_code(error) in {_BUSY, _LOCKED}


def is_undone(error: BaseException) -> bool:
    """Whether a COMMIT that failed with this error has certainly changed nothing.

    Readers in the way come before the first byte is written. On a full disk the frame that would make it a commit (or
    the end of the rollback journal that would undo it no more) is the last to be written, and was not.
    """
    return is_busy(error) or result_code(error) == _FULL


def refusal_of(error: BaseException) -> Refusal | None:
    """What a caller is told about an error; None when it is our own bug."""
    found = _SENTENCES.get(result_code(error))
    return None if found is None else Refusal(*found)


def unknown_outcome() -> Refusal:
    """For an error at the commit itself, after which nobody can know whether it happened."""
    return Refusal(
        "unknown_outcome",
        "The storage failed at the last moment: the change may or may not have been made. "
        "View the path to see; repeating the same call with its expected_version is safe.",
    )
