"""Pins: files that a person wants every agent to be told of when it connects. No agent has a tool that pins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dreamfs_tools.filesystem import Author


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinned file."""

    store: str
    path: str
    pinned_by: str = ""
    """The actor; "" where a fork took it over from its base."""
    pinned_at: datetime | None = None


class PinKeeper(Protocol):
    """Keeps pins. A pin is no revision: it changes no file, and moves no version that somebody waits to write against."""

    async def pin(self, store: str, path: str, author: Author, *, pinned: bool) -> bool:
        """Pin a file or take that back; who did it is kept.

        Returns:
            Whether that changed anything.

        Raises:
            Refusal: `not_found` where no file is.
        """
        ...

    async def pins(self, store: str) -> Sequence[Pin]:
        """What is pinned in a store, by whom, sorted by path.

        Raises:
            Refusal: `not_found` for an unknown store.
        """
        ...
