"""Which store made a revision, and how far a caller may look: forks share the revisions before they began.

A fork shows its base's revisions as its own. Where several stores show one revision it is the *home* that counts: the store
that made it, or where the caller may not look there, the nearest that shows it to him.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from dreamfs_tools.filesystem import Change, FileAt, Snapshot

Sees = Callable[[str, int], bool]
"""Whether the caller may look into a store up to a revision."""


def sees_all(store: str, revision: int) -> bool:
    """A `Sees` without bounds."""
    return bool(store) and revision >= 0


class Base(NamedTuple):
    """What a store began as."""

    store: str
    """"" for none that may be looked into; the revisions up to it are then the store's own."""
    revision: int


@dataclass(slots=True)
class Lineage:
    """The stores of one snapshot, as a caller may follow them.

    Attributes:
        snapshot: where they are.
        sees: what may be looked into.
    """

    snapshot: Snapshot
    sees: Sees = sees_all
    _bases: dict[str, Base] = field(default_factory=dict[str, Base])

    def base(self, store: str) -> Base:
        """What a store began as: the nearest that may be looked into."""
        if store not in self._bases:
            self._bases[store] = self._base(store)
        return self._bases[store]

    def home(self, store: str, revision: int) -> str:
        """The store that made a revision which another shows."""
        while (base := self.base(store)).store and revision <= base.revision:
            store = base.store
        return store

    def shows(self, store: str, other: str, revision: int) -> bool:
        """Whether a store's own history has this revision of another."""
        while True:
            if store == other:
                return True
            base = self.base(store)
            if not base.store or revision > base.revision:
                return False
            store = base.store

    def follows(self, came_from: FileAt) -> bool:
        """Whether the caller may look where something came from."""
        store, revision = came_from.store, came_from.revision
        return self.snapshot.store_ever(store) is not None and self.sees(store, revision)

    def key(self, change: Change) -> tuple[str, int, str]:
        """Tells a change of a file from every other, whichever store shows it."""
        return self.home(change.store, change.version), change.version, change.memory_id

    def _base(self, name: str) -> Base:
        store = self.snapshot.store_ever(name)
        revision = store.forked_at if store else 0
        while store is not None and store.forked_from:
            revision = min(revision, store.forked_at)
            if self.sees(store.forked_from, revision):
                return Base(store.forked_from, revision)
            store = self.snapshot.store_ever(store.forked_from)
        return Base("", 0)


def is_incoming(change: Change) -> bool:
    """Whether a change took something from another store."""
    return change.came_from is not None and change.came_from.store != change.store


def is_move_in(change: Change) -> bool:
    """Whether a file came from another store by this change and left there."""
    return is_incoming(change) and change.old_path.startswith("/")
