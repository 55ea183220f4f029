"""What to say of a path where nothing is: who deleted it or moved it away, and how to get at what it said."""

from dataclasses import dataclass
from typing import Any

from dreamfs_tools.answers import changed_by, version_words, who
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, ChangeFilter, Snapshot
from dreamfs_tools.mounts import Place
from dreamfs_tools.shapes import shown_path


class Missing(Refusal):
    """`not_found`, of a path in a store; the access log keeps it as a miss.

    Attributes:
        store: the store's slug.
        path: inside the store.
    """

    def __init__(self, sentence: str, missed: tuple[str, str], **data: Any) -> None:
        super().__init__("not_found", sentence, **data)
        self.store, self.path = missed


@dataclass(frozen=True, slots=True)
class Departure:
    """How a path ceased to exist."""

    change: Change
    new_path: str
    """Where it went, as the mount shows it; "" when it was deleted."""

    @property
    def words(self) -> str:
        """One sentence, with a final stop."""
        done = f"renamed to {self.new_path}" if self.new_path else "deleted"
        return f"It was {done} in {version_words(self.change.version)}, by {who(self.change.revision)}."


def missing(snapshot: Snapshot, place: Place, sentence: str = "") -> Missing:
    """The refusal for a path that does not exist now.

    Args:
        snapshot: where the history is read.
        place: the path; not `/`.
        sentence: the standard tool's sentence of the command; by default that of `view`.
    """
    sentence = sentence or f"The path {place.shown} does not exist. Please provide a valid path."
    gone = departure(snapshot, place)
    if gone is None:
        return Missing(sentence, (place.store, place.path), path=place.shown, current=0)
    way_out = (
        f"Use {gone.new_path}." if gone.new_path else "view with version=-1 shows what it said; restore brings it back."
    )
    return Missing(
        f"{sentence} {gone.words} {way_out}",
        (place.store, place.path),
        path=place.shown,
        current=0,
        previous=gone.change.previous,
        changed_by=changed_by(gone.change),
    )


def departure(snapshot: Snapshot, place: Place) -> Departure | None:
    """The change that left nothing at a path; None where there never was anything."""
    if place.mount is None or place.mount.store is None or not place.path:
        return None
    which = ChangeFilter(path=place.path, up_to_version=place.mount.revision)
    found = snapshot.changes(place.store, which, 1)
    if not found:
        return None
    change = found[0]
    return Departure(change, _new_path(change, place))


def _new_path(change: Change, place: Place) -> str:
    """Where a rename took the path; for a folder, where it took the folder."""
    if change.operation != "renamed" or place.mount is None:
        return ""
    below = change.old_path.removeprefix(place.path)
    new = change.path.removesuffix(below) if change.path.endswith(below) else change.path
    return shown_path(place.mount, new)
