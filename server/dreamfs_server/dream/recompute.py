"""Mining again, to check what a proposal says it was mined.

Stored cards are not believed here: whatever wrote them, a number on them would otherwise vouch for itself. Mining a dream's
transcripts again costs what mining them once did, so it is done when a proposal first states a number that only mining
gives, and kept while the sessions that it read are the same.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import anyio

from dreamfs_server.dream.gather import Scope
from dreamfs_server.dream.support import says_a_count
from dreamfs_tools.dreaming import Card, Claim, Dream, Proposal, Support

DREAMS_KEPT_MAX = 4

_Read = tuple[tuple[str, int], ...]
"""What was mined: each session with the number of its events."""


@dataclass(slots=True)
class Recomputation:
    """What mining again gave, for the dreams that proposed last in this process."""

    _pinned: dict[str, Scope] = field(default_factory=dict[str, Scope])
    _kept: dict[str, tuple[_Read, Sequence[Card]]] = field(default_factory=dict[str, tuple[_Read, Sequence[Card]]])
    _one_at_a_time: anyio.Lock = field(default_factory=anyio.Lock)

    def pin(self, dream_id: str, scope: Scope) -> None:
        """Note what a dream that this process runs reads: what is imported meanwhile changes none of its numbers."""
        self._pinned[dream_id] = scope

    def forget(self, dream_id: str) -> None:
        """Let go of a dream that ended."""
        self._pinned.pop(dream_id, None)
        self._kept.pop(dream_id, None)

    async def cards(
        self,
        dream: Dream,
        scope: Callable[[], Awaitable[Scope]],
        mine: Callable[[Scope], Awaitable[Sequence[Card]]],
    ) -> Sequence[Card]:
        """The cards of a dream, mined again from its transcripts.

        Args:
            dream: whose.
            scope: gives what it reads, where this process does not run it.
            mine: reads and mines that.
        """
        async with self._one_at_a_time:
            reads = self._pinned.get(dream.dream_id) or await scope()
            read = tuple((session.session_id, session.events) for session in reads.sessions)
            kept = self._kept.get(dream.dream_id)
            if kept is None or kept[0] != read:
                kept = read, await mine(reads)
                self._kept.pop(dream.dream_id, None)
                self._kept[dream.dream_id] = kept
                while len(self._kept) > DREAMS_KEPT_MAX:
                    del self._kept[next(iter(self._kept))]
            return kept[1]


def needs_mining(proposal: Proposal) -> bool:
    """Whether a proposal says a number that only mining gives; what quotes alone bear out needs none."""
    return any(_needs(claim) for claim in proposal.claims)


def _needs(claim: Claim) -> bool:
    return bool(claim.statistics) or claim.kind == "association" or claim.support != Support() or says_a_count(claim)
