"""Which stores hold what dreams proposed and no person accepted: the forks that dreams write, and copies of them."""

from collections.abc import Iterator

from dreamfs_tools.difference import all_changes
from dreamfs_tools.filesystem import Change, ChangeFilter, Snapshot, Store
from dreamfs_tools.parting import State, contents


def undecided_in(snapshot: Snapshot, store: Store, into: Store | None = None) -> list[str]:
    """The dreams of which a store holds proposals that nobody accepted.

    Args:
        snapshot: where to look.
        store: which may be a fork of a fork, or have had one merged into it.
        into: only what this store does not have yet.

    Returns:
        Ids, sorted.
    """
    known = contents(snapshot, State(into.slug, into.head)) if into else dict[str, State]()
    found: set[str] = set()
    for name, state in contents(snapshot, State(store.slug, store.head)).items():
        own = snapshot.store_ever(name)
        if own is None or not own.forked_from:
            continue  # a dream writes without a person into its own fork only
        after = max(own.forked_at, known[name].revision if name in known else 0)
        found |= {change.revision.dream_id for change in _unasked(snapshot, name, after, state.revision)}
    return sorted(dream_id for dream_id in found if not _is_accepted(snapshot, dream_id))


def _unasked(snapshot: Snapshot, store: str, after: int, last: int) -> Iterator[Change]:
    """What dreams wrote on nobody's behalf."""
    for change in all_changes(snapshot, store, ChangeFilter(after_version=after, up_to_version=last)):
        if change.revision.dream_id and not change.revision.author.on_behalf_of:
            yield change


def _is_accepted(snapshot: Snapshot, dream_id: str) -> bool:
    """Whether a person took all that a dream proposed."""
    proposals = snapshot.dreams.proposals(dream_id)
    return bool(proposals) and all(one.status == "accepted" for one in proposals)
