"""Contents: each text once, by its hash; read back however it is stored."""

import hashlib
import hmac
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from dreamfs_server.sqlite import deltas

SALT_BYTES = 16

_FIND = "SELECT content_id, salt FROM content WHERE sha256 = ?"
_ADD = "INSERT INTO content (sha256, salt, size_bytes, data) VALUES (?, ?, ?, ?)"
_LOAD = "SELECT encoding, base_id, data, replaced_by FROM content WHERE content_id = ?"
_KEPT = "SELECT size_bytes, sha256 FROM content WHERE content_id = ?"
_SEALED = "SELECT sha256, salt, commitment FROM content WHERE content_id = ?"

Entropy = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Kept:
    """A content that is stored."""

    content_id: int
    size_bytes: int
    sha256: bytes | None
    """None once it was redacted or pruned."""
    commitment: bytes


def keep(c: sqlite3.Connection, text: str, entropy: Entropy) -> Kept:
    """Store a text unless it is there."""
    data = text.encode()
    sha256 = hashlib.sha256(data).digest()
    if found := c.execute(_FIND, (sha256,)).fetchone():
        content_id, salt = int(found[0]), bytes(found[1])
    else:
        salt = entropy(SALT_BYTES)
        content_id = c.execute(_ADD, (sha256, salt, len(data), data)).lastrowid or 0
    return Kept(content_id, len(data), sha256, commit_to(sha256, salt))


def kept(c: sqlite3.Connection, content_id: int) -> Kept:
    """A content that a file has. It may be gone where a fork began at a version that was redacted."""
    size_bytes, sha256 = c.execute(_KEPT, (content_id,)).fetchone()
    return Kept(content_id, size_bytes, sha256, commitment(c, content_id))


def load(c: sqlite3.Connection, content_id: int) -> str | None:
    """A text, for a redacted one what is to be read instead; None when nothing of it is left."""
    data = load_bytes(c, content_id)
    return None if data is None else data.decode()


def load_bytes(c: sqlite3.Connection, content_id: int) -> bytes | None:
    """A text's bytes; as `load`."""
    encoding, base_id, data, replaced_by = c.execute(_LOAD, (content_id,)).fetchone()
    if data is None:
        return None if replaced_by is None else load_bytes(c, replaced_by)
    if encoding == "raw":
        return bytes(data)
    if encoding == "zstd":
        return deltas.unpack(data)
    base = load_bytes(c, base_id)
    assert base is not None, "a delta is re-encoded before what it is built on goes"
    return deltas.unpack(data, base)


def commitment(c: sqlite3.Connection, content_id: int) -> bytes:
    """What the chain says of a content: fixed for ever, and telling nothing once the salt is gone."""
    sha256, salt, written = c.execute(_SEALED, (content_id,)).fetchone()
    return bytes(written) if written is not None else commit_to(sha256, salt)


def commit_to(sha256: bytes, salt: bytes) -> bytes:
    """HMAC-SHA-256 of a content's hash under its salt."""
    return hmac.digest(salt, sha256, "sha256")
