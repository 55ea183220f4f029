"""Where a file's text and a store's content came from, part of the seam (`filesystem.py`).

A deleted store keeps its history, and what came from it leads there. Its slug is free for another store, so that lineage
names it `<slug>~<number>`, which no store can be called.
"""

from dataclasses import dataclass

_DELETED = "~"


@dataclass(frozen=True, slots=True)
class FileAt:
    """A file as it was after some revision of a store."""

    store: str
    revision: int
    memory_id: str


@dataclass(frozen=True, slots=True)
class StoreMerge:
    """One store brought into another: all of `source` up to a revision is in `store` from a revision on."""

    source: str
    source_revision: int
    store: str
    revision: int = 0
    """The one that the merge made; where nothing was left to do, the one after the head. Filled in by the engine."""
    number: int = 0
    """Counts all merges, in the order in which they were made; likewise."""


def deleted_name(slug: str, number: int) -> str:
    """What lineage calls a deleted store; `number` is the engine's own and never used twice."""
    return f"{slug}{_DELETED}{number}"


def is_deleted_name(store: str) -> bool:
    """Whether this is lineage's name of a deleted store."""
    return _DELETED in store


def former_slug(store: str) -> str:
    """What a store is or was called."""
    return store.partition(_DELETED)[0]
