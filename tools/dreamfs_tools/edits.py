"""The edits that a plan may ask of an engine: make a file, delete one, move one. Part of the seam (`filesystem.py`)."""

from dataclasses import dataclass
from typing import Literal

from dreamfs_tools.provenance import FileAt


@dataclass(frozen=True, slots=True)
class Put:
    """Make `path` hold `text`: a new file, or the next version of the file there."""

    store: str
    path: str
    text: str
    operation: Literal["created", "modified", "restored", "merged", "redacted"]
    memory_id: str = ""
    """The id to give a new file: a restored file's own, or the one it has in the store it is merged from. Ignored where
    a file lives at `path`, which keeps its own."""
    came_from: FileAt | None = None
    """Where the text was before, for the history: `Change.came_from`."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete the file at `path`. A folder is deleted file by file."""

    store: str
    path: str
    came_from: FileAt | None = None
    """Of a store merge, the file that was deleted there."""


@dataclass(frozen=True, slots=True)
class Move:
    """Give the file at `path` another path, perhaps in another store; its `memory_id` and history stay with it."""

    store: str
    path: str
    new_store: str
    new_path: str
    text: str | None = None
    """What the file holds from then on; None keeps its content. One row of history either way."""
    operation: Literal["renamed", "merged"] = "renamed"
    """`merged` where a store merge brought more than the path. A move between stores is `renamed`."""
    came_from: FileAt | None = None
    """As of `Put`. Between stores an engine fills it in: where the file was, as it was before."""


Edit = Put | Remove | Move
