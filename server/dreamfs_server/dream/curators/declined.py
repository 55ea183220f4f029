"""What people decline as one page, one line a kind of calls."""

from collections.abc import Sequence

from dreamfs_server.dream.curators.filing import append
from dreamfs_server.dream.curators.wording import may_name
from dreamfs_server.dream.evidence.guard import may_tell
from dreamfs_server.dream.evidence.people.declined import BELOW, name_of, told_sessions
from dreamfs_server.dream.evidence.people.refusals import CHANGES_FILES, PLAN
from dreamfs_server.dream.material import Material
from dreamfs_server.dream.wording import orders
from dreamfs_tools.dreaming import Card, Proposal, ProposedChange

page_name = "what-people-decline"
lines_max = 8
words_characters_max = 90
_HEAD = (
    "# What people decline\n\nCalls that people did not permit, of all such calls that they were asked about. Before you make one of these, "
    "ask, or leave it to the person.\n\n"
)


def declined_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One proposal for the page; none where nothing new is to be said."""
    said = [(card, line) for card in cards if not _known(material, card) and (line := _line(card))][:lines_max]
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
    numbers = said[0][0].claims[0].statistics
    title = f"People decline {_subject(said[0][0])}: {numbers['count']} of {numbers['calls']} times"
    proposal = Proposal(
        number=0,
        title=(title if len(said) == 1 else f"{title} (and {len(said) - 1} more)")[:255],
        rationale=f"Mined, no model. {' '.join(card.claims[0].text for card, _ in said)}"[:4_000],
        changes=[change],
        claims=[card.claims[0] for card, _ in said],
    )
    return [(proposal, sum(card.weight for card, _ in said))]


def _line(card: Card) -> str:
    """The finding as a line of the page; "" where its name may not be passed on."""
    if not may_name(name_of(card.data["kind"])):
        return ""
    numbers = card.claims[0].statistics
    sessions, days = numbers["sessions"], numbers["days"]
    line = (
        f"- {_subject(card)}: declined {numbers['count']} of {numbers['calls']} times, in {told_sessions(sessions)} on {days} "
        f"day{'s' * (days != 1)}{_span(card)}."
    )
    words = [
        f"“{_shortened(text)}”" + (f" ({told_sessions(heard)})" if heard > 1 else "")
        for text, heard in card.data["said"]
        if _may_say(text)
    ]
    return f"{line} What people said: {', '.join(words)}." if words else line


def _subject(card: Card) -> str:
    kind: str = card.data["kind"]
    if kind.startswith(BELOW):
        return f"changes of files below `{name_of(kind)}`"
    if kind == PLAN:
        return f"plans (`{PLAN}`)"
    tool, _, ending = kind.partition(" ")
    return f"`{tool}` of `{ending}`" if tool in CHANGES_FILES and ending else f"`{name_of(kind)}`"


def _may_say(text: str) -> bool:
    """Whether somebody's words may stand on the page: what they tell to do is theirs to say, but nothing that no review would let through."""
    return may_tell(text, "wish") and not (orders(text, ()) or any(mark in text for mark in '`“”"'))


def _shortened(text: str) -> str:
    bare = text.strip().rstrip(".!,; ")
    if len(bare) <= words_characters_max:
        return bare
    return f"{bare[:words_characters_max].rsplit(' ', 1)[0]} …"


def _span(card: Card) -> str:
    days: Sequence[str] = card.data["days"]
    return f" ({days[0]} to {days[-1]})" if len(days) > 1 else f" ({days[0]})" if days else ""


def _known(material: Material, card: Card) -> bool:
    """Whether a memory already says that people decline it."""
    return any(f"{_subject(card)}: declined" in memory.text for memory in material.memories)
