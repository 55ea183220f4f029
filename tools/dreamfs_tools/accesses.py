"""Reads that leave a line in the access log: what was seen, searched or missed."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from dreamfs_tools.absence import Missing
from dreamfs_tools.answers import session_of
from dreamfs_tools.call import Call
from dreamfs_tools.filesystem import AccessNote, Entry, Snapshot

T = TypeVar("T")


async def read_and_note(call: Call, query: Callable[[Snapshot], tuple[T, Sequence[AccessNote]]], text: str = "") -> T:
    """Run a query and note the accesses that it names; a path that is not there is noted as a miss.

    Args:
        call: whose read it is.
        query: gives the answer and what it read.
        text: what was searched for.

    Raises:
        Refusal: what the query refuses.
    """
    try:
        value, notes = await call.filesystem.read(query)
    except Missing as miss:
        if miss.store:
            call.filesystem.note(AccessNote(miss.store, miss.path, "miss", 0, session_of(call.author), text))
        raise
    for note in notes:
        call.filesystem.note(note)
    return value


def viewed(call: Call, entry: Entry) -> AccessNote:
    """The note of a file or folder that was shown."""
    return AccessNote(entry.store, entry.path, "view", entry.version, session_of(call.author))


def searched(call: Call, entry: Entry, text: str, *, found: bool) -> AccessNote:
    """The note of a search in a file or folder; one that found nothing is a miss."""
    return AccessNote(
        entry.store, entry.path, "search" if found else "miss", entry.version, session_of(call.author), text
    )
