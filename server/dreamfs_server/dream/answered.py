"""What a person answered when the same was proposed before: a proposal that comes back with more evidence says so."""

from dreamfs_tools.answers import plural
from dreamfs_tools.dreaming import Dream, Proposal
from dreamfs_tools.filesystem import Snapshot


def answered_before(snapshot: Snapshot, dream: Dream, proposal: Proposal) -> list[str]:
    """The newest no to the same, as what the reviewer is to look at twice; empty where nobody said no."""
    for other in snapshot.dreams.dreams(dream.store):
        for one in snapshot.dreams.proposals(other.dream_id):
            if one.fingerprint == proposal.fingerprint and one.status in {"rejected", "reverted"}:
                return [_told(other, one, proposal)]
    return []


def _told(dream: Dream, earlier: Proposal, proposal: Proposal) -> str:
    if earlier.status == "rejected":
        answer = f"{earlier.reviewed_by or 'a person'} rejected the same in dream {dream.dream_id}"
        answer += f", because “{earlier.reason}”" if earlier.reason else ""
    else:
        answer = f"the same was accepted in dream {dream.dream_id} and taken back"
    then, now = _sessions(earlier), _sessions(proposal)
    return f"{answer}; it rested on {plural(then, 'session')} then, on {now:,} now" if now > then else answer


def _sessions(proposal: Proposal) -> int:
    return max((claim.support.sessions for claim in proposal.claims), default=0)
