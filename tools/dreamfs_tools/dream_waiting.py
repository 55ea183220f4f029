"""What waits for a person: this dream's open proposals, and those of earlier dreams of the same store."""

from collections.abc import Sequence

from dreamfs_tools.answers import plural
from dreamfs_tools.dreaming import Dream, Proposal
from dreamfs_tools.filesystem import Snapshot

DREAMS_LISTED_MAX = 3


def waiting(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Those that a person has not answered."""
    return [one for one in proposals if one.status in {"pending", "quarantined"}]


def decide_on(dream: Dream, proposals: Sequence[Proposal]) -> list[str]:
    """How to answer this dream's open proposals, as a sentence; none where nothing waits."""
    left = waiting(proposals)
    if not left:
        return []
    changed = any(one.status == "accepted" for one in proposals)
    state = f"{plural(len(left), 'proposal')} still open." if changed else "Nothing has changed yet."
    return [f"{state} A person decides: `dreamfs dream review {dream.dream_id}`."]


def waiting_before(snapshot: Snapshot, dream: Dream) -> list[str]:
    """Which other dreams of the store have open proposals, newest first: a new dream does not make them again."""
    lines: list[str] = []
    for other in snapshot.dreams.dreams(dream.store):
        left = () if other.dream_id == dream.dream_id else waiting(snapshot.dreams.proposals(other.dream_id))
        if left:
            lines.append(
                f"Still open from dream {other.dream_id}: {plural(len(left), 'proposal')}: "
                f"`dreamfs dream review {other.dream_id}`."
            )
    more = len(lines) - DREAMS_LISTED_MAX
    return [*lines[:DREAMS_LISTED_MAX], *([f"And {plural(more, 'more dream')}."] if more > 0 else [])]
