"""What fills the context as evidence cards: the one that costs most beyond need first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dreamfs_server.dream.evidence.support import Place, spread, support, told
from dreamfs_server.dream.evidence.work.answers import Answer
from dreamfs_server.dream.evidence.work.volume import Filling
from dreamfs_server.dream.material import UNDATED
from dreamfs_tools.dreaming import Card, Claim, Evidence

evidence_places_max = 4
cards_max = 20
told_share_min = 0.01


def volume_cards(found: Sequence[Filling], repeats_order: Callable[[str], bool]) -> list[Card]:
    """One card a finding, the one that would spare most first.

    Args:
        found: what fills the context.
        repeats_order: whether a line says something of an order to agents (`orders.py`); such a line is not quoted.
    """
    cards = [_card(one, repeats_order) for one in found]
    return sorted(cards, key=lambda card: (-card.weight, card.title))[:cards_max]


def _card(one: Filling, repeats_order: Callable[[str], bool]) -> Card:
    rests = support(answer.place for answer in one.answers)
    narrower = one.narrower
    parts = [answer for answer in one.answers if answer.part]
    statistics: dict[str, Any] = {
        "prints": one.name,
        "kind": one.kind,
        "count": len(one.answers),
        "median_characters": round(one.characters),
        "total_characters": one.total,
        "share": round(one.share, 4),
        "whole": len(one.whole),
        "parts": len(parts),
        "again": len(one.again),
        "cut": len(one.cut),
        "narrower": narrower.name,
        "narrower_characters": round(narrower.characters),
        "narrower_count": len(narrower.answers),
        "sessions": rests.sessions,
        "tasks": rests.tasks,
        "days": rests.days,
    }
    text = f"{told_size(one)} {told_cost(one)}"
    claim = Claim(
        text=text,
        kind="rule" if narrower.answers else "observed",
        evidence=[quote for quote in _quotes(one) if not repeats_order(quote.quote)],
        support=rests,
        statistics=statistics,
    )
    return Card(
        number=0,
        miner="volume",
        title=f"Fills the context: {one.name}",
        body=f"{text}\nA forewarned agent would spare about as much as {one.spared:.0f} calls cost.",
        claims=[claim],
        weight=one.spared,
        data={
            "kind": "volume",
            "rule": True,
            "filling": one,
            "days": sorted({answer.place.day for answer in one.answers} - {UNDATED}),
            "explains": frozenset(answer.lines for answer in one.cut if answer.lines),
        },
    )


def _quotes(one: Filling) -> list[Evidence]:
    """The calls with the largest answers, of as many sessions, and one of the narrower form."""
    largest: dict[Place, Answer] = {}
    for answer in sorted(
        one.whole, key=lambda answer: (not answer.cut, -answer.characters, answer.place, answer.position)
    ):
        if answer.quotes:
            largest.setdefault(answer.place, answer)
    quotes = [quote for place in spread(largest, evidence_places_max) for quote in largest[place].quotes]
    return [*quotes, *next((answer.quotes for answer in one.narrower.answers if answer.quotes), ())]


def told_size(one: Filling) -> str:
    """How much it gives, and how much the narrower form: a sentence."""
    of = len(one.whole) - len(one.cut)
    size, least = told_characters(one.characters), told_characters(one.narrower.characters)
    match one.kind:
        case "file" if one.characters:
            said = f"`{one.name}` gives {size} characters when it is read whole (median of {of} reads)"
        case "file":
            said = f"`{one.name}` is too large for the client to read whole"
        case "command" if one.characters:
            said = f"`{one.name}` prints {size} characters (median of {of} runs)"
        case "command":
            said = f"`{one.name}` prints more characters than the client passes on"
        case _ if not one.characters:
            said = f"`{one.name}` answers with more characters than the client passes on"
        case _:
            said = f"`{one.name}` answers with {size} characters (median of {of} calls)"
    if one.narrower.answers:
        form = "a part of it" if one.kind == "file" else f"`{one.narrower.name}`"
        said += f", {form} {least} (median of {len(one.narrower.answers)})"
    return f"{said}."


def told_cost(one: Filling, span: str = "") -> str:
    """How often it was given and how much that was in all, and what of it was for nothing: sentences.

    Args:
        one: the finding.
        span: the days, in words that follow on how many they are.
    """
    rests = told(support(answer.place for answer in one.answers))
    times = {"file": "Read", "command": "Run"}.get(one.kind, "Called")
    much = f"{one.share * 100:.0f} % of all that tools gave back"
    if one.share < told_share_min:
        much = f"{told_characters(one.total)} characters in all"
    said = f"{times} {len(one.answers)} times in {rests}{span}: {much}."
    if one.cut:
        said += f" The client refused {len(one.cut)} of {len(one.whole)} {_WHAT[one.kind]}, or cut the answer off."
    if one.again:
        read = "1 read" if len(one.again) == 1 else f"{len(one.again)} reads"
        said += f" {read} gave nothing that the session had not been given before."
    return said


_WHAT: Mapping[str, str] = {"file": "reads of the whole", "command": "runs", "tool": "calls"}


def told_characters(characters: float) -> str:
    """A number of characters, rounded: `39,000`, `1,300`, `780`."""
    unit = 1_000 if characters >= 10_000 else 100 if characters >= 1_000 else 10
    return f"{round(characters / unit) * unit:,}"
