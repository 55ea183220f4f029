"""What fills the context as one page, one line a finding."""

import re
from collections.abc import Sequence

from dreamfs_server.dream.curators.filing import append
from dreamfs_server.dream.curators.wording import may_name
from dreamfs_server.dream.evidence.work.volume import Filling
from dreamfs_server.dream.evidence.work.volume_cards import told_characters, told_cost, told_size
from dreamfs_server.dream.material import Material
from dreamfs_tools.dreaming import Card, Proposal, ProposedChange

page_name = "what-fills-the-context"
lines_max = 8
title_share_min = 0.05
"""Of all that tools gave back; of less the title says the size."""
_HEAD = (
    "# What fills the context\n\nWhat tools give back takes room in the context from then on, and is paid for; four characters are about a "
    "token. Search one of these files for what is needed and read that part; have a command print what is needed. Paths are relative to "
    "the folder that a session begins in; `~` is the home folder.\n\n"
)
_SAYS = re.compile(r"(?i)\b(?:characters|tokens|large|huge|big|offset|truncated|in parts|silent|quiet|tail)\b")
"""Words by which a line of a memory says how much something prints, or how to have it print less."""


def volume_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One proposal for the page, with what it would save; none where nothing new is to be said."""
    said = [(card, line) for card in cards if not _known(material, card) and (line := _line(card))][:lines_max]
    path = f"{material.mount}/{page_name}.md"
    page = next((memory for memory in material.memories if memory.path == path), None)
    if not said or (page is not None and (page.pinned or page.read_only)):
        return []
    if len(said) == 1 and not _is_telling(said[0][0]):
        return []
    lines = "\n".join(line for _, line in said)
    change = (
        append(page, lines)
        if page is not None
        else ProposedChange("create", path, file_text=f"{_HEAD}{lines}\n", expected_version=0)
    )
    title = _title(said[0][0])
    proposal = Proposal(
        number=0,
        title=(title if len(said) == 1 else f"{title} (and {len(said) - 1} more)")[:255],
        rationale=f"Mined, no model. {' '.join(card.claims[0].text for card, _ in said[:5])}"[:4_000],
        changes=[change],
        claims=[card.claims[0] for card, _ in said],
    )
    return [(proposal, sum(card.weight for card, _ in said))]


def _is_telling(card: Card) -> bool:
    """Whether one finding is worth a page: it fills much, or there is a way to have less of it."""
    found: Filling = card.data["filling"]
    return found.share >= title_share_min or bool(found.narrower.answers or found.again or found.cut)


def _title(card: Card) -> str:
    found: Filling = card.data["filling"]
    if found.share >= title_share_min:
        return f"`{found.name}` fills {found.share * 100:.0f} % of what tools give back"
    return f"`{found.name}` gives {told_characters(found.characters)} characters at a time"


def _line(card: Card) -> str:
    """The finding as a line of the page; "" where a name in it may not be passed on."""
    found: Filling = card.data["filling"]
    if not all(may_name(name) for name in (found.name, found.narrower.name) if name):
        return ""
    days: Sequence[str] = card.data["days"]
    span = f", {days[0]} to {days[-1]}" if len(days) > 1 else ""
    return f"- {told_size(found)} {told_cost(found, span)}"


def _known(material: Material, card: Card) -> bool:
    """Whether a line of a memory already says so."""
    name = f"`{card.data['filling'].name}`"
    return any(
        name in line and _SAYS.search(line.replace(name, "")) is not None
        for memory in material.memories
        if name in memory.text
        for line in memory.text.split("\n")
    )
