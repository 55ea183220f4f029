"""Where to look as one page: where searches end that every session makes anew. One line a finding."""

import re
from collections.abc import Sequence

from dreamfs_server.dream.curators.filing import append
from dreamfs_server.dream.curators.wording import may_name
from dreamfs_server.dream.evidence.places.sought import key_of
from dreamfs_server.dream.material import Material
from dreamfs_tools.dreaming import Card, Proposal, ProposedChange

page_name = "where-to-look"
lines_max = 10
_HEAD = (
    "# Where to look\n\nWhere searches ended that many sessions made, each anew. Look there before you search. Paths are relative to the "
    "folder that a session begins in; `~` is the home folder.\n\n"
)


def lookup_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One proposal for the page, with what it would save; none where nothing new is to be said."""
    said = [(card, line) for card in cards if not _known(material, card) and (line := _line(card))]
    # Cards come by what they cost; where something stands that no name tells is the greater news.
    said = sorted(said, key=lambda one: not one[0].data["sought"])[:lines_max]
    path = f"{material.mount}/{page_name}.md"
    page = next((memory for memory in material.memories if memory.path == path), None)
    if not said or (page is not None and (page.pinned or page.read_only)):
        return []
    lines = "\n".join(line for _, line in said)
    change = (
        append(page, lines)
        if page is not None
        else ProposedChange("create", path, file_text=f"{_HEAD}{lines}\n", expected_version=0)
    )
    weight = sum(card.weight for card, _ in said)
    title = _title(said[0][0])
    proposal = Proposal(
        number=0,
        title=(title if len(said) == 1 else f"{title} (and {len(said) - 1} more)")[:255],
        rationale=(
            f"Mined, no model. {' '.join(card.claims[0].text for card, _ in said[:6])} "
            f"Together these cost {weight:.0f} searches in the transcripts read."
        )[:4_000],
        changes=[change],
        claims=[card.claims[0] for card, _ in said],
    )
    return [(proposal, weight)]


def _line(card: Card) -> str:
    """The finding as a line of the page; "" where a name in it may not be passed on."""
    data = card.data
    words = [word for word in data["words"] if may_name(word)]
    if not may_name(data["found"]) or not may_name(data["sought"]):
        return ""
    named = ", ".join(f"`{word}`" for word in words)
    if data["sought"]:
        also = f" Also there: {named}." if words else ""
        return (
            f"- `{data['sought']}` is in `{data['found']}`: {data['sessions']} of {data['asked']} sessions that searched for it ended there, "
            f"after {data['count']} searches{_span(data['seen'])}.{also}"
        )
    if not words:
        return ""
    return (
        f"- `{data['found']}`: {data['sessions']} of {data['opened']} sessions that opened it had searched before "
        f"({data['count'] / data['sessions']:.1f} searches each), several for {named}{_span(data['seen'])}."
    )


def _title(card: Card) -> str:
    data = card.data
    if data["sought"]:
        return f"`{data['sought']}` is in `{data['found']}`"
    return f"`{data['found']}` is searched for again and again"


def _span(days: Sequence[str]) -> str:
    return f", {days[0]} to {days[-1]}" if len(days) > 1 else ""


def _known(material: Material, card: Card) -> bool:
    """Whether a memory already names the file, and what is sought in it."""
    sought = key_of(card.data["sought"])
    return any(
        _names(memory.text, card.data["found"]) and sought in key_of(memory.text) for memory in material.memories
    )


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w./~-]){re.escape(name)}(?![\w-])", text) is not None
