"""The curator that needs no model: mined cards to at most ten proposals that a person would want to accept.

It writes only what code can vouch for: rules with their counts, merges of what says the same word for word, a register of
what contradicts. Everything else stays a card for a reader. "Nothing to change" is a good result; a weak proposal is not.
The sentences are templates of ours (`wording.py`): text from a transcript stands in code quotes or not at all.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from dreamfs_server.dream.curators.declined import declined_proposals
from dreamfs_server.dream.curators.durations import duration_proposals
from dreamfs_server.dream.curators.incidents import incident_proposals
from dreamfs_server.dream.curators.lessons import assertion_proposals, fact_proposals, preference_proposals
from dreamfs_server.dream.curators.lookups import lookup_proposals
from dreamfs_server.dream.curators.patterns import pattern_proposals
from dreamfs_server.dream.curators.permits import permit_proposals
from dreamfs_server.dream.curators.places import place_proposals
from dreamfs_server.dream.curators.practice import practice_proposals, together_proposals
from dreamfs_server.dream.curators.rules import rule_proposals
from dreamfs_server.dream.curators.tidying import conflict_proposals, duplicate_proposals
from dreamfs_server.dream.curators.upkeep import date_proposals, link_proposals
from dreamfs_server.dream.curators.volume import volume_proposals
from dreamfs_server.dream.curators.worth import weight_min
from dreamfs_server.dream.fingerprint import evidence_key
from dreamfs_server.dream.material import Material
from dreamfs_tools.dreaming import Card, Proposal

proposals_max = 10
share_max = 6
"""Proposals of one kind, as long as there are others."""
tidy = "duplicates"
tidy_reserved = 3
"""Places kept for merges of what says the same word for word: they save little each, and cost a reviewer nothing."""

Writer = Callable[[Material, Sequence[Card]], list[tuple[Proposal, float]]]

WRITERS: Mapping[str, Writer] = {
    "errors": rule_proposals,
    "permits": permit_proposals,
    "places": place_proposals,
    "lookups": lookup_proposals,
    "durations": duration_proposals,
    "volume": volume_proposals,
    "practice": practice_proposals,
    "together": together_proposals,
    "lags": pattern_proposals,
    "corrections": preference_proposals,
    "declined": declined_proposals,
    "facts": fact_proposals,
    "assertions": assertion_proposals,
    "alerts": incident_proposals,
    "duplicates": duplicate_proposals,
    "conflicts": conflict_proposals,
    "dates": date_proposals,
    "links": link_proposals,
}


def curate(material: Material, cards: Sequence[Card]) -> list[Proposal]:
    """Proposals for the cards, the one that would save most first. Pure: the same cards give the same proposals.

    What an earlier dream proposed on the same evidence, whatever became of it, is not proposed again (`Material.made`).
    Over the very inputs of a dream that offered as much as one may there is nothing either: what did not fit comes when
    something has changed, be it that a person accepted one. No two proposals change the same file, so that each can be accepted without making another stale.
    """
    if material.offered_by:
        return []
    candidates: list[tuple[str, Proposal, float]] = []
    for miner, write in WRITERS.items():
        chosen = [card for card in cards if card.miner == miner]
        candidates.extend(
            (miner, _sealed(material, miner, proposal), weight)
            for proposal, weight in write(material, chosen)
            if weight >= weight_min
        )
    candidates.sort(key=lambda item: (-item[2], item[1].title))
    candidates = [item for item in candidates if material.made.get(item[1].fingerprint) != item[1].evidence_key]
    kinds: dict[str, int] = {}
    touched: set[str] = set()
    first: list[tuple[str, Proposal]] = []
    spare: list[tuple[str, Proposal]] = []
    for miner, proposal, _ in candidates:
        paths = {change.path for change in proposal.changes} | {
            change.new_path for change in proposal.changes if change.new_path
        }
        if paths & touched:
            continue
        touched |= paths
        kinds[miner] = kinds.get(miner, 0) + 1
        (first if kinds[miner] <= share_max else spare).append((miner, proposal))
    return [proposal for _, proposal in most(first + spare)]


def most(ranked: Sequence[tuple[str, Proposal]]) -> list[tuple[str, Proposal]]:
    """The first ten, in their order, with the reserved places for tidying."""
    kept = [item for item in ranked if item[0] == tidy][:tidy_reserved]
    others = [item for item in ranked if item not in kept][: proposals_max - len(kept)]
    return [item for item in ranked if item in kept or item in others]


def _sealed(material: Material, miner: str, proposal: Proposal) -> Proposal:
    """With its fingerprint (what it is about) and evidence key (what it rests on)."""
    cited = {evidence.source for claim in proposal.claims for evidence in claim.evidence}
    texts = {
        memory.path: hashlib.sha256(memory.text.encode()).hexdigest()
        for memory in material.memories
        if memory.path in cited
    }
    key = evidence_key(proposal.claims, texts)
    return replace(proposal, fingerprint=_hash([miner, *sorted(_subject(proposal))]), evidence_key=key)


def _subject(proposal: Proposal) -> list[str]:
    signatures = [str(claim.statistics["signature"]) for claim in proposal.claims if "signature" in claim.statistics]
    pairs = [
        f"{claim.statistics['lead']} → {claim.statistics['follow']}"
        for claim in proposal.claims
        if "lead" in claim.statistics
    ][:1]  # the others are names of the same times
    return signatures + pairs or [f"{change.operation} {change.path}" for change in proposal.changes]


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
