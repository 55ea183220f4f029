"""The messages of revisions, where redaction meets the chain: a message that goes leaves its commitment behind."""

import sqlite3
from collections.abc import Set as AbstractSet
from typing import Any

from dreamfs_server.sqlite import chain
from dreamfs_tools.redaction import Copy, Redaction
from dreamfs_tools.sought import Sought

_HOLDING = """
SELECT s.slug, r.store_id, r.number, r.message, r.message_salt, r.message_commitment
FROM revision AS r JOIN store AS s USING (store_id) WHERE instr(r.message, ?)
ORDER BY s.slug, r.number
"""
_REWRITE = """
UPDATE revision SET message = ?, message_salt = NULL, message_commitment = ? WHERE store_id = ? AND number = ?
"""


def copies(c: sqlite3.Connection, sought: Sought, own: AbstractSet[tuple[str, int]]) -> list[Copy]:
    """The messages that hold what is sought; `own` is which revisions belong to the path that was named."""
    return [
        Copy("message", f"/{slug} version {number}", (slug, number) in own, lines)
        for slug, _, number, message, _, _ in _rows(c, sought)
        if (lines := sought.lines_in(message)) is not None
    ]


def rewrite(c: sqlite3.Connection, sought: Sought, redaction: Redaction) -> None:
    """Take what is sought out of every message, but lines from those that are to keep them."""
    for slug, store_id, number, message, salt, written in _rows(c, sought):
        new = sought.replaced(message, lines=not redaction.leaves(Copy("message", f"/{slug} version {number}")))
        if new != message:
            commitment = written or (chain.commit_to_message(message, salt) if salt is not None else None)
            c.execute(_REWRITE, (new, commitment, store_id, number))


def texts(c: sqlite3.Connection) -> list[str]:
    """Every message."""
    return [row[0] for row in c.execute("SELECT message FROM revision").fetchall()]


def _rows(c: sqlite3.Connection, sought: Sought) -> list[tuple[Any, ...]]:
    return c.execute(_HOLDING, (sought.probe,)).fetchall()
