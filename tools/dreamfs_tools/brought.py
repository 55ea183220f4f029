"""What store merges brought into a store: revisions of other stores that were not in it before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dreamfs_tools.filesystem import ChangeFilter, StoreMerge
from dreamfs_tools.lineage import Lineage
from dreamfs_tools.parting import State, contents, merged_state


@dataclass(frozen=True, slots=True)
class Brought:
    """Revisions of one store that one merge brought into another."""

    store: str
    """Whose revisions they are."""
    after: int
    last: int
    """All later than `after`, up to this one."""
    into: str
    version: int
    """The revision that the merge made."""

    def has(self, store: str, version: int) -> bool:
        """Whether a revision is among them."""
        return store == self.store and self.after < version <= self.last


def brought(lineage: Lineage, store: str, up_to: int) -> Iterator[Brought]:
    """What all merges brought into a store's history, oldest merge first; only of stores that may be looked into.

    Args:
        lineage: the stores.
        store: whose history.
        up_to: merges that made a later revision are left out.
    """
    snapshot = lineage.snapshot
    for merge in _merges(lineage, store, up_to):
        made = ChangeFilter(after_version=merge.revision - 1, up_to_version=merge.revision, incoming=True)
        rows = snapshot.changes(store, made, 1)
        came_from = rows[0].came_from if rows else None
        if came_from is None or (came_from.store, came_from.revision) != (merge.source, merge.source_revision):
            continue  # nothing was left to do, and no revision was made
        known = contents(snapshot, State(merge.store, merge.revision - 1, merge.number))
        for name, state in sorted(contents(snapshot, merged_state(snapshot, merge)).items()):
            after = max(known[name].revision if name in known else 0, lineage.base(name).revision)
            if after < state.revision and lineage.sees(name, state.revision):
                yield Brought(name, after, state.revision, store, merge.revision)


def _merges(lineage: Lineage, store: str, up_to: int) -> Sequence[StoreMerge]:
    """The merges in a store's history, those before it was forked too."""
    found: list[StoreMerge] = []
    while store:
        found += [merge for merge in lineage.snapshot.merges(store) if merge.revision <= up_to]
        store, forked_at = lineage.base(store)
        up_to = min(up_to, forked_at)
    return sorted(found, key=lambda merge: merge.number)
