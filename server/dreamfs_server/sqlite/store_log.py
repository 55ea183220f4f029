"""The log of stores themselves: each change of one with who, when, and from what to what, in a chain of its own.

A link is SHA-256 over the link before (32 zero bytes for the first) and a canonical JSON text of the row, in which the
settings stand as a commitment, so that a description can be redacted without breaking the chain.
"""

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from dreamfs_server.sqlite.chain import GENESIS
from dreamfs_server.sqlite.content import SALT_BYTES, Entropy
from dreamfs_server.sqlite.edits import keep_author
from dreamfs_server.sqlite.rows import Authors, moment
from dreamfs_tools.filesystem import Author, Store
from dreamfs_tools.store_log import Setting, Settings, StoreChange, StoreOperation, settings_of

_LAST = "SELECT number, chain FROM store_change WHERE store_id = ? ORDER BY number DESC LIMIT 1"
_ADD = """
INSERT INTO store_change (store_id, number, at, author_id, operation, settings, salt, commitment, chain)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ROWS = """
SELECT number, at, author_id, operation, settings, salt, commitment, chain FROM store_change
WHERE store_id = ? ORDER BY number
"""
_STATE = "SELECT created_at, archived_at, deleted_at FROM store WHERE store_id = ?"
_LOGGED_BEFORE = """
SELECT 1 FROM store_change WHERE store_id < ? AND number = 1 AND operation IN ('created', 'forked') LIMIT 1
"""
_STATES = {
    "created_at": "when it was made",
    "archived_at": "whether it is archived, and since when,",
    "deleted_at": "whether it is deleted, and since when,",
}
_CANONICAL = json.JSONEncoder(separators=(",", ":"))


def record(
    c: sqlite3.Connection,
    store_id: int,
    now: int,
    author: Author,
    operation: StoreOperation,
    settings: Settings,
    entropy: Entropy,
) -> None:
    """Write down a change of a store, in the transaction that makes it."""
    number, previous = c.execute(_LAST, (store_id,)).fetchone() or (0, GENESIS)
    text = json.dumps(dict(settings), ensure_ascii=False, separators=(",", ":"))
    salt = entropy(SALT_BYTES)
    commitment = hmac.digest(salt, text.encode(), "sha256")
    link = _link(bytes(previous), number + 1, now, author, operation, commitment)
    author_id = keep_author(c, author)
    c.execute(_ADD, (store_id, number + 1, now, author_id, operation, text, salt, commitment, link))


def changes(c: sqlite3.Connection, store_id: int) -> list[StoreChange]:
    """A store's log, newest first."""
    authors = Authors(c)
    found = [
        StoreChange(number, moment(at), authors.get(author_id, "", ""), operation, json.loads(settings))
        for number, at, author_id, operation, settings, _, _, _ in c.execute(_ROWS, (store_id,)).fetchall()
    ]
    return found[::-1]


def problems(c: sqlite3.Connection, store_id: int, store: Store | None) -> Iterator[tuple[int, str]]:
    """Where a store's log is not as it was written, or the store is not as its log says: (number, why).

    Args:
        c: in a read.
        store_id: the store.
        store: as it is now; None for a deleted one.
    """
    authors = Authors(c)
    last, previous = 0, GENESIS
    wanted: dict[str, Setting] = {}
    states: dict[str, int | None] = {}
    rows = c.execute(_ROWS, (store_id,)).fetchall()
    for number, at, author_id, operation, settings, salt, commitment, chain in rows:
        if number != last + 1:
            yield last + 1, "an entry of its log is missing"
        elif salt is not None and hmac.digest(bytes(salt), settings.encode(), "sha256") != bytes(commitment):
            yield number, "the settings in its log were altered"
        elif _link(previous, number, at, authors.get(author_id, "", ""), operation, bytes(commitment)) != bytes(chain):
            yield number, "who, when or what in its log was altered"
        with suppress(ValueError):  # no JSON: altered, and said above
            wanted |= _after(json.loads(settings))
        states |= _states_after(operation, at)
        last, previous = number, bytes(chain)
    if not rows and c.execute(_LOGGED_BEFORE, (store_id,)).fetchone():
        yield 1, "its log is missing"  # a store has none only where it was made before there were logs
    for (name, words), is_now in zip(_STATES.items(), c.execute(_STATE, (store_id,)).fetchone(), strict=True):
        if name in states and states[name] != is_now:
            yield last, f"{words} is not what its log says"
    if store is None:
        return
    now = settings_of(store)
    is_whole = bool(rows) and rows[0][3] in {"created", "forked"}
    for name in dict.fromkeys([*wanted, *(now if is_whole else ())]):
        if (now.get(name) or None) != (wanted.get(name) or None):
            yield last, f"its {name} is not what its log says"


def _states_after(operation: str, at: int) -> dict[str, int | None]:
    """What an entry says of a store's times; nothing of those that an older store had before it had a log."""
    if operation == "created":
        return {"created_at": at, "archived_at": None, "deleted_at": None}
    if operation == "forked":  # its time of making is read a moment before the entry's
        return {"archived_at": None, "deleted_at": None}
    if operation == "archived":
        return {"archived_at": at}
    if operation in {"deleted", "undeleted"}:
        return {"deleted_at": at if operation == "deleted" else None}
    return {}


def _after(settings: Mapping[str, Any]) -> dict[str, Setting]:
    return {name: after for name, (_, after) in settings.items() if name != "forked_from"}


def _link(previous: bytes, number: int, at: int, author: Author, operation: str, commitment: bytes) -> bytes:
    who = [
        author.session_id,
        author.host_session_id,
        author.connection_id,
        author.actor,
        author.on_behalf_of,
        author.client,
        author.protocol_version,
        author.transport,
    ]
    canonical = _CANONICAL.encode([number, at, who, operation, commitment.hex()])
    return hashlib.sha256(previous + canonical.encode()).digest()
