"""The tamper-evident chain: every revision's value depends on all revisions before it.

A link is SHA-256 over the previous link and a canonical JSON text of the revision and its changes. Contents appear as
commitments (`content.commit_to`), and so do messages (`seal`), so that the chain still holds after one was redacted. A
cut-off tail can be seen only against a value kept elsewhere.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass

from dreamfs_server.sqlite.rows import milliseconds
from dreamfs_tools.filesystem import Revision

GENESIS = bytes(32)
"""What the first revision of a store that is no fork follows."""

_CANONICAL = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Link:
    """What the chain says of one change, in the revision's order."""

    path: str
    live: bool
    operation: str
    memory_id: int
    change_number: int
    previous: int
    commitment: bytes | None
    size_bytes: int
    other_path: str
    came_from: tuple[str, int, int] | None = None
    """As `came_from` gives it."""


def came_from(slug: str, revision: int, memory_id: int, other_path: str) -> tuple[str, int, int] | None:
    """What the chain says of where a change's text came from; of a move between stores nothing but `other_path`."""
    return None if other_path.startswith("/") else (slug, revision, memory_id)


Sealed = str | list[str]
"""What the chain says of a message: itself, or `["sealed", commitment]`, which no message can be."""


def seal(message: str, salt: bytes | None, commitment: bytes | None = None) -> Sealed:
    """What the chain says of a message.

    Args:
        message: as it is stored.
        salt: stored beside it; None for an empty message, and where it was redacted.
        commitment: written down when the message was redacted, and then all that counts.
    """
    if commitment is not None:
        return ["sealed", commitment.hex()]
    return message if salt is None else ["sealed", commit_to_message(message, salt).hex()]


def commit_to_message(message: str, salt: bytes) -> bytes:
    """HMAC-SHA-256 of a message under its salt: tells nothing once the salt is gone."""
    return hmac.digest(salt, message.encode(), "sha256")


def next_value(previous: bytes, links: Sequence[Link], revision: Revision, message: Sealed) -> bytes:
    """The chain's value after a revision; `message` is what `seal` says of the revision's."""
    author = revision.author
    changes = [
        [
            link.path,
            int(link.live),
            link.operation,
            link.memory_id,
            link.change_number,
            link.previous,
            None if link.commitment is None else link.commitment.hex(),
            link.size_bytes,
            link.other_path,
            *([list(link.came_from)] if link.came_from is not None else ()),
        ]
        for link in links
    ]
    who = [
        author.session_id,
        author.host_session_id,
        author.connection_id,
        author.actor,
        author.on_behalf_of,
        author.client,
        author.protocol_version,
        author.transport,
        author.request_id,
        author.tool_use_id,
    ]
    canonical = _CANONICAL.encode(
        [revision.number, milliseconds(revision.created_at), who, message, revision.dream_id, changes]
    )
    return hashlib.sha256(previous + canonical.encode()).digest()
