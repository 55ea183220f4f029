"""One tool call: what a tool is given, and what it gives back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dreamfs_tools.dreaming import Ask, Dreams
from dreamfs_tools.filesystem import Author, Filesystem
from dreamfs_tools.mounts import Mounts
from dreamfs_tools.transcript import TranscriptArchive

Progress = Callable[[int, str], Awaitable[None]]
"""Given a number that grows from call to call, and what is going on, in words."""


@dataclass(frozen=True, slots=True)
class Call:
    """Everything a tool may use. It has no clock: the snapshot carries the time."""

    filesystem: Filesystem
    mounts: Mounts
    author: Author
    archive: TranscriptArchive | None = None
    """Where `record` stores events."""
    dreams: Dreams | None = None
    """Who runs dreams; None where none can be run."""
    ask: Ask | None = None
    """Puts a question to the person in the client; None where the client cannot ask."""
    progress: Progress | None = None
    """Tells the client how far the call is; None where nobody listens."""
    recorder: bool = False
    """Whether the operator made this connection a recorder, which may write any session's transcript."""
    own_session: str = ""
    """The session that the connection is without any claim: what the operator or the client's environment said."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool answers: text for the model, facts for machines."""

    text: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Shown as `_meta["dreamfs/result"]`: `code` ("ok", or what was special), `path`, `version`, `previous`, …"""
