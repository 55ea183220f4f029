"""How work is done in a project, as two pages: the commands and tests that there is something to know of, and what goes together."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from dreamfs_server.dream.curators.filing import append
from dreamfs_server.dream.curators.wording import may_name
from dreamfs_server.dream.evidence.guard import reads_as_order
from dreamfs_server.dream.evidence.support import told
from dreamfs_server.dream.material import Material
from dreamfs_tools.dreaming import Card, Proposal, ProposedChange

practice_page = "how-work-is-done"
together_page = "what-goes-together"
lines_max = 6
reason_characters_max = 120
_PRACTICE_HEAD = "# How work is done\n\nWhat many sessions together know of this project's commands and tests.\n\n"
_TOGETHER_HEAD = (
    "# What goes together\n\nWhat was done in the same sessions far more often than chance would have it, in sessions of like size. "
    "It is an association: nothing shows that one needs the other. Paths are relative to the folder that a session begins in.\n\n"
)


def practice_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One proposal for the page about commands and tests."""
    return _page(material, cards, practice_page, _PRACTICE_HEAD, _practice_line)


def together_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One proposal for the page about what goes together."""
    return _page(material, cards, together_page, _TOGETHER_HEAD, _together_line)


def _page(
    material: Material, cards: Sequence[Card], name: str, head: str, line_of: Callable[[Card], str]
) -> list[tuple[Proposal, float]]:
    said = [(card, line) for card in cards if not _known(material, card) and (line := line_of(card))][:lines_max]
    if not said:
        return []
    lines = "\n".join(line for _, line in said)
    path = f"{material.mount}/{name}.md"
    page = next((memory for memory in material.memories if memory.path == path), None)
    if page is not None and (page.pinned or page.read_only):
        return []
    change = (
        append(page, lines)
        if page is not None
        else ProposedChange("create", path, file_text=f"{head}{lines}\n", expected_version=0)
    )
    title = _title(said[0][0])
    proposal = Proposal(
        number=0,
        title=(title if len(said) == 1 else f"{title} (and {len(said) - 1} more)")[:255],
        rationale=f"Mined, no model. {' '.join(card.claims[0].text for card, _ in said)}",
        changes=[change],
        claims=[card.claims[0] for card, _ in said],
        risk="low",
        flags=[],
    )
    return [(proposal, sum(card.weight for card, _ in said))]


def _practice_line(card: Card) -> str:
    """A finding about tests as a line of the page; "" where it may not be passed on."""
    data: Any = card.data
    why = _reason(str(data["why"]))
    if not why or not all(map(may_name, data["named"])):
        return ""
    named = ", ".join(f"`{test}`" for test in data["named"])
    more = data["tests"] - len(data["named"])
    seen = f"{told(card.claims[0].support)}{_span(data['days_seen'])}"
    hidden = (
        f" In {data['hidden']} of them the call counted as having worked, since what came behind it in the line hid that."
        if data["hidden"]
        else ""
    )
    return (
        f"- Not the change, but where it runs: `{why}` failed {named}{f' and {more} more' if more > 0 else ''} in {seen} that had "
        f"changed different files.{hidden}"
    )


def _together_line(card: Card) -> str:
    data: Any = card.data
    if not (may_name(data["changed"]) and may_name(data["with"])):
        return ""
    then = (
        f"`{data['with']}` ran afterwards" if data["runs"] else f"`{data['with']}` is changed in the same session too"
    )
    return (
        f"- When `{data['changed']}` changes, {then}: {data['both']} of {data['of']} sessions; in the others {data['elsewhere']} of "
        f"{data['of_others']}. Seen on {data['days']} days."
    )


def _reason(why: str) -> str:
    """What a test says, without the part of it that tells its reader what to do; "" where little is left."""
    parts = re.split(r"(?<=[:;.,])\s+", " ".join(why.split()))
    while parts and reads_as_order(" ".join(parts)):
        parts.pop()
    said = " ".join(parts).rstrip(":;., ")
    if len(said) > reason_characters_max:
        said = said[: reason_characters_max - 1] + "…"
    return said if len(said.split()) >= 3 and "`" not in said else ""


def _title(card: Card) -> str:
    data: Any = card.data
    if card.miner == "together":
        return f"With `{data['changed']}` goes `{data['with']}`"
    return f"`{data['named'][0]}` fails whatever is changed"


def _span(days: Sequence[str]) -> str:
    if not days:
        return ""
    return f" ({days[0]} to {days[-1]})" if days[0] != days[-1] else f" ({days[0]})"


def _known(material: Material, card: Card) -> bool:
    """Whether a memory already names both sides, or the reason."""
    data: Any = card.data
    names = [data["changed"], data["with"]] if card.miner == "together" else [_reason(str(data["why"]))]
    return all(names) and any(all(name in memory.text for name in names) for memory in material.memories)
