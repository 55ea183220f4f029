"""A small journal of dreams in memory, over the lists that the engine in memory reads."""

from collections.abc import Sequence
from dataclasses import replace

from dreamfs_tools.dream_pages import locked
from dreamfs_tools.dreaming import Card, Disbelief, Dream, Proposal, Verdict
from dreamfs_tools.errors import Refusal
from memory_filesystem import MemoryFilesystem


class MemoryJournal:
    def __init__(self, filesystem: MemoryFilesystem) -> None:
        self._filesystem = filesystem
        self._kept = filesystem.dreams

    async def begin(self, dream: Dream) -> Dream:
        for other in self._kept.dreams(dream.store):
            if other.is_open:
                raise locked(other)
        self._kept.kept.append(dream)
        return dream

    async def update(self, dream: Dream) -> Dream:
        kept = self._known(dream.dream_id)
        if not kept.is_open:
            return kept
        self._kept.kept[self._kept.kept.index(kept)] = dream
        return dream

    async def take_over(self, dream_id: str, owner: str, abandoned: str) -> Dream:
        kept = self._known(dream_id)
        if kept.is_open and kept.owner == abandoned:
            return await self.update(replace(kept, owner=owner, status="running"))
        return kept

    async def save_cards(self, dream_id: str, cards: Sequence[Card]) -> None:
        self._kept.kept_cards[dream_id] = list(cards)

    async def propose(self, dream_id: str, proposal: Proposal) -> Proposal:
        if not self._known(dream_id).is_open:
            raise Refusal("conflict", f"Dream {dream_id} takes no more proposals.")
        kept = self._kept.kept_proposals.setdefault(dream_id, [])
        if any(one.fingerprint == proposal.fingerprint for one in kept):
            raise Refusal("already_exists", "It was proposed already.")
        kept.append(replace(proposal, number=len(kept) + 1))
        return kept[-1]

    async def judge(self, verdict: Verdict) -> Proposal:
        kept = self._kept.kept_proposals.get(verdict.dream_id, [])
        for position, proposal in enumerate(kept):
            if proposal.number == verdict.proposal:
                if proposal.status not in {"pending", "quarantined"}:
                    raise Refusal("conflict", f"Proposal {proposal.number} is {proposal.status} already.")
                kept[position] = replace(
                    proposal, status=verdict.status, reviewed_by=verdict.reviewer, reason=verdict.reason
                )
                return kept[position]
        raise Refusal("not_found", f"There is no proposal {verdict.proposal}.")

    async def disbelieve(self, store: str, disbelief: Disbelief) -> None:
        self._kept.kept_disbeliefs.setdefault((store, disbelief.source), disbelief)

    async def believe(self, store: str, source: str) -> bool:
        return self._kept.kept_disbeliefs.pop((store, source), None) is not None

    def _known(self, dream_id: str) -> Dream:
        dream = self._kept.dream(dream_id)
        if dream is None:
            raise Refusal("not_found", f"There is no dream {dream_id}.")
        return dream
