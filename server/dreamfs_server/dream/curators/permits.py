"""What the client does not let agents do, as one page, one line a kind of call."""

from collections.abc import Sequence

from dreamfs_server.dream.curators.filing import append
from dreamfs_server.dream.curators.wording import fragment, may_name
from dreamfs_server.dream.evidence.errors.permits import told_name
from dreamfs_server.dream.evidence.support import told
from dreamfs_server.dream.material import Material
from dreamfs_tools.dreaming import Card, Proposal, ProposedChange

page_name = "what-is-not-permitted"
lines_max = 8
_HEAD = (
    "# What is not permitted\n\nCalls that the client refused before the tool ran, counted in sessions in which it refused any. Do not plan on "
    "them where nobody can be asked. A person can allow them in the client's settings.\n\n"
)


def permit_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One proposal for the page, with what it would save; none where nothing new is to be said."""
    said = [(card, _line(card)) for card in cards if _may_say(card) and not _known(material, card)][:lines_max]
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
    first = said[0][0].claims[0].statistics
    name = told_name(first["not_permitted"])
    title = f"{name[:1].upper()}{name[1:]} is not permitted: refused in {first['count']} of {first['calls']} calls"
    proposal = Proposal(
        number=0,
        title=(title if len(said) == 1 else f"{title} (and {len(said) - 1} more)")[:255],
        rationale=f"Mined, no model. {' '.join(card.claims[0].text for card, _ in said)}"[:4_000],
        changes=[change],
        claims=[card.claims[0] for card, _ in said],
    )
    return [(proposal, sum(card.weight for card, _ in said))]


def _line(card: Card) -> str:
    numbers = card.claims[0].statistics
    days: Sequence[str] = card.data["days"]
    span = f" ({days[0]} to {days[-1]})" if len(days) > 1 else ""
    line = (
        f"- {told_name(card.data['name'])}: refused in {numbers['count']} of {numbers['calls']} calls, in "
        f"{told(card.claims[0].support)}{span}"
    )
    if said := fragment(card.data["said"]):
        line += f"; mostly with {said}"
    if numbers["tried"]:
        line += f". Trying again got through in {numbers['passed']} of {numbers['tried']} sessions"
    return line + "."


def _may_say(card: Card) -> bool:
    name: str = card.data["name"]
    return told_name(name) == name or may_name(name)


def _known(material: Material, card: Card) -> bool:
    """Whether a memory already says that it is refused."""
    said = f"{told_name(card.data['name'])}: refused"
    return any(said in memory.text for memory in material.memories)
