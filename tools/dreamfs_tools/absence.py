"""The refusal of a read where nothing is: who deleted it or moved it away, and how to see what it said."""

from typing import Any

from dreamfs_tools.answers import changed_by
from dreamfs_tools.conflict import gone, newest_change
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Snapshot
from dreamfs_tools.mounts import Place


class Missing(Refusal):
    """`not_found`, of a path in a store; the access log keeps it as a miss.

    Attributes:
        store: the store's slug; "" for a virtual tree.
        path: inside the store.
    """

    def __init__(self, sentence: str, missed: Place, **data: Any) -> None:
        super().__init__("not_found", sentence, path=missed.shown, current=0, **data)
        self.store = missed.store
        self.path = missed.path


def missing(snapshot: Snapshot, place: Place) -> Missing:
    """The refusal for a path that does not exist now; not for `/`."""
    sentence = f"The path {place.shown} does not exist. Please provide a valid path."
    change = newest_change(snapshot, place, place.mount.revision if place.mount else None) if place.store else None
    if change is None:
        return Missing(sentence, place)
    hint = "" if change.old_path else " view with version=-1 shows what it said."
    return Missing(
        f"{sentence}\n{gone(snapshot, place, change)}{hint}",
        place,
        previous=change.previous,
        changed_by=changed_by(change),
    )
