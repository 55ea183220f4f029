"""The messages of revisions, where redaction meets the chain: a message that goes leaves its commitment behind."""

import sqlite3
from collections.abc import Set as AbstractSet
from typing import Any

from dreamfs_server.sqlite import chain
from dreamfs_tools.needle import Needle
from dreamfs_tools.redaction import Copy

_HOLDING = """
SELECT s.slug, r.store_id, r.number, r.message, r.message_salt, r.message_commitment
FROM revision AS r JOIN store AS s USING (store_id) WHERE instr(r.message, ?)
ORDER BY s.slug, r.number
"""
_REWRITE = """
UPDATE revision SET message = ?, message_salt = NULL, message_commitment = ? WHERE store_id = ? AND number = ?
"""


def copies(c: sqlite3.Connection, needle: Needle, own: AbstractSet[tuple[str, int]]) -> list[Copy]:
    """The messages that hold a text; `own` is which revisions belong to the path that was named."""
    return [
        Copy("message", f"/{slug} version {number}", (slug, number) in own)
        for slug, _, number, message, _, _ in _rows(c, needle)
        if needle.is_in(message)
    ]


def rewrite(c: sqlite3.Connection, needle: Needle) -> None:
    """Take a text out of every message."""
    for _, store_id, number, message, salt, written in _rows(c, needle):
        new = needle.replaced(message)
        if new != message:
            commitment = written or (chain.commit_to_message(message, salt) if salt is not None else None)
            c.execute(_REWRITE, (new, commitment, store_id, number))


def _rows(c: sqlite3.Connection, needle: Needle) -> list[tuple[Any, ...]]:
    return c.execute(_HOLDING, (needle.probe,)).fetchall()
