"""Associations in time, put into words with their numbers."""

from collections.abc import Sequence

from dreamfs_server.dream.curators.filing import append, new_path, topic_file
from dreamfs_server.dream.curators.wording import fragment, shortened, slug
from dreamfs_server.dream.evidence.guard import reads_as_order
from dreamfs_server.dream.evidence.lags.association import Association
from dreamfs_server.dream.evidence.lags.lags import told_lag
from dreamfs_server.dream.evidence.support import told
from dreamfs_server.dream.material import Material, Memory
from dreamfs_tools.dreaming import Card, Proposal, ProposedChange

_TITLE_NAME = 60
"""Characters of an event's name in a title. Where one is longer, it is written once and spoken of as the first or the second."""


def pattern_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One proposal a story that nothing else explains; schedules, chains, common causes and a program's steps stay cards."""
    result: list[tuple[Proposal, float]] = []
    for card in cards:
        one: Association = card.data["association"]
        if one.explained or reads_as_order(one.lead) or reads_as_order(one.follow) or _known(material, one):
            continue
        block = _block(card, one)
        home = topic_file(material, one.follow.split()[:2])
        if home is not None and home.path not in {change.path for proposal, _ in result for change in proposal.changes}:
            change = append(home, f"## {_heading(one)}\n\n{block}")
        else:
            name = slug(f"{one.follow} after {one.lead}")
            path = new_path(
                material, "patterns", name, [change.path for proposal, _ in result for change in proposal.changes]
            )
            change = ProposedChange("create", path, file_text=f"# {_heading(one)}\n\n{block}\n", expected_version=0)
        rationale = (
            f"Mined, no model. {card.claims[0].text} Tested against shifted times ({told_q(one.q_value)} after correction for all pairs). "
            "Whoever sees the first can expect the second, and need not treat it as news."
        )
        title = f"{_heading(one)} after about {told_lag(one.lag_seconds)}"
        result.append(
            (
                Proposal(number=0, title=title[:255], rationale=rationale, changes=[change], claims=card.claims),
                card.weight,
            )
        )
    return result


def told_q(q: float) -> str:
    return f"q = {q:.2g}" if q >= 1e-6 else "q < 0.000001"


def _heading(one: Association) -> str:
    return f"{shortened(one.follow, _TITLE_NAME)} follows {shortened(one.lead, _TITLE_NAME)}"


def _block(card: Card, one: Association) -> str:
    lead, follow = fragment(one.lead), fragment(one.follow)
    first, second, one_of_first = lead, follow, f"a {lead}"
    if max(len(one.lead), len(one.follow)) > _TITLE_NAME:
        first, second, one_of_first = "the first", "the second", "one"
    lines = [
        f"- {follow} comes about {told_lag(one.lag_seconds)} after {lead} ({told_lag(one.lag_low)} to {told_lag(one.lag_high)}).",
        f"- After {first}: {one.hits} of {one.trials} times. Before {second}: {one.preceded} of {one.follows} had {one_of_first} at that distance.",
        f"- Seen in {told(card.claims[0].support)}. An association, not a cause.",
    ]
    if beside := _beside(card):
        lines.append(f"- At the same times: {beside}.")
    lines += [f"- Note: {note}." for note in one.notes]
    return "\n".join(lines)


def _beside(card: Card) -> str:
    """The other names of the same times, in code quotes."""
    one: Association = card.data["association"]
    names = [name for each in card.data["beside"] for name in (each.lead, each.follow)]
    told_names = [fragment(name) for name in dict.fromkeys(names) if name not in (one.lead, one.follow)]
    return ", ".join(name for name in told_names if name)


def _known(material: Material, one: Association) -> bool:
    return any(_says(memory, one) for memory in material.memories)


def _says(memory: Memory, one: Association) -> bool:
    text = " ".join(memory.text.split())
    return one.lead in text and one.follow in text
