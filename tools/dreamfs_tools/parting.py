"""Where two stores parted: the newest states that both have in them, through forks and earlier merges."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dreamfs_tools.filesystem import Snapshot, StoreMerge

ALL = 2**63
"""More merges than there ever are."""


class State(NamedTuple):
    """A store at some time. Of one store, what is later compares greater."""

    store: str
    revision: int
    before_merge: int = ALL
    """The number of the first merge into it that does not count: one that changes nothing comes between two revisions."""


def partings(snapshot: Snapshot, one: str, other: str) -> list[State]:
    """The newest states that two stores have in common.

    One as a rule. None where the stores have nothing to do with each other; several where merges crossed by way of a
    third store, and none of the common states has the others in it.
    """
    ours, theirs = (contents(snapshot, _now(snapshot, slug)) for slug in (one, other))
    common = [min(ours[slug], theirs[slug]) for slug in sorted(ours.keys() & theirs.keys())]
    held = {state: contents(snapshot, state) for state in common}
    return [state for state in common if not any(_holds(held[rival], state) for rival in common if rival != state)]


def is_all_in(snapshot: Snapshot, source: str, target: str) -> bool:
    """Whether everything of one store, as it is now, is known to be in another."""
    known = contents(snapshot, _now(snapshot, target))
    return all(_holds(known, state) for state in contents(snapshot, _now(snapshot, source)).values())


def contents(snapshot: Snapshot, whole: State) -> Mapping[str, State]:
    """Every store that is in a state, by the revisions it made itself, with how much of it: what it began as, what was merged in, and so on."""
    found: dict[str, State] = {}
    seen: set[State] = set()
    left = [whole]
    while left:
        state = left.pop()
        store = snapshot.store_ever(state.store)
        if store is None or state in seen:
            continue
        seen.add(state)
        merges = [merge for merge in snapshot.merges(state.store) if merge.number < state.before_merge]
        left += [merged_state(snapshot, merge) for merge in merges]
        if store.forked_from:
            left.append(_began(snapshot, store.forked_from, min(state.revision, store.forked_at)))
        if not store.forked_from or state.revision > store.forked_at:
            found[state.store] = max(state, found.get(state.store, state))
    return found


def merged_state(snapshot: Snapshot, merge: StoreMerge) -> State:
    """The store that was merged in, as it was then."""
    later = [other.number for other in _merges(snapshot, merge.source) if other.number > merge.number]
    return State(merge.source, merge.source_revision, min(later, default=ALL))


def _began(snapshot: Snapshot, slug: str, revision: int) -> State:
    """A store just after a revision, which a fork began as."""
    later = [merge.number for merge in _merges(snapshot, slug) if merge.revision > revision]
    return State(slug, revision, min(later, default=ALL))


def _merges(snapshot: Snapshot, slug: str) -> Sequence[StoreMerge]:
    return snapshot.merges(slug) if snapshot.store_ever(slug) else []


def _holds(contents: Mapping[str, State], state: State) -> bool:
    return state.store in contents and contents[state.store] >= state


def _now(snapshot: Snapshot, slug: str) -> State:
    store = snapshot.store_ever(slug)
    return State(slug, store.head if store else 0)
