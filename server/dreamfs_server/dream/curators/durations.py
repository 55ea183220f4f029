"""What takes long as one page, one line a command."""

from collections.abc import Sequence

from dreamfs_server.dream.curators.filing import append
from dreamfs_server.dream.curators.wording import may_name
from dreamfs_server.dream.evidence.support import told
from dreamfs_server.dream.evidence.work.duration_cards import told_seconds
from dreamfs_server.dream.evidence.work.durations import Slow, slow_seconds
from dreamfs_server.dream.evidence.work.polling import Polled
from dreamfs_server.dream.evidence.work.time_limits import told_way
from dreamfs_server.dream.material import Material
from dreamfs_tools.dreaming import Card, Proposal, ProposedChange

page_name = "what-takes-long"
lines_max = 10
_HEAD = (
    "# What takes long\n\nWhat sessions waited for. Before you start one of these, decide whether it has to be the whole, whether it can run in "
    "the background, and how much time to give it.\n\n"
)


def duration_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One proposal for the page, with what it would save; none where nothing new is to be said."""
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
    weight = sum(card.weight for card, _ in said)
    title = _title(said[0][0])
    proposal = Proposal(
        number=0,
        title=(title if len(said) == 1 else f"{title} (and {len(said) - 1} more)")[:255],
        rationale=f"Mined, no model. {' '.join(card.claims[0].text for card, _ in said[:5])}"[:4_000],
        changes=[change],
        claims=[card.claims[0] for card, _ in said],
    )
    return [(proposal, weight)]


def _title(card: Card) -> str:
    found = card.data.get("slow")
    if isinstance(found, Slow):
        if found.cut and found.seconds < slow_seconds:
            return f"A time limit cuts `{found.name}` off: {len(found.cut)} of {len(found.runs)} runs"
        return f"`{found.name}` takes {told_seconds(found.latest or found.seconds)}"
    return f"`{_name(card)}` is waited for"


def _name(card: Card) -> str:
    found: Slow | Polled = card.data.get("slow") or card.data["polled"]
    return found.name


def _line(card: Card) -> str:
    """The finding as a line of the page; "" where a name in it may not be passed on."""
    found: Slow | Polled = card.data.get("slow") or card.data["polled"]
    names = [found.name, *((found.part, found.way.name) if isinstance(found, Slow) else ())]
    if not all(may_name(name) for name in names if name):
        return ""
    rests = told(card.claims[0].support)
    if isinstance(found, Polled):
        return (
            f"- `{found.name}` was waited for with `sleep`: {told_seconds(found.seconds)} until through (median of {len(found.waits)} times in "
            f"{rests}{_span(card)}; the longest {told_seconds(found.worst)}), in {found.calls} calls."
        )
    if found.latest:
        takes = f"{told_seconds(found.latest)} since {found.since}, {told_seconds(found.before)} before (medians"
    else:
        takes = f"{told_seconds(found.seconds)} (median"
    line = (
        f"- `{found.name}` takes {takes} of {len(found.runs)} runs in {rests}{_span(card)}; the slowest "
        f"{told_seconds(found.worst)})"
    )
    if found.cut:
        line += f"; a time limit cut it off in {len(found.cut)} of {len(found.runs)}{told_way(found.way)}"
    if found.part:
        line += f". A part of it, `{found.part}`, takes {told_seconds(found.part_seconds)} (median of {found.part_runs} runs)"
    if not card.data["sure"]:
        line += ". Somebody's permission may be part of these times"
    return line + "."


def _span(card: Card) -> str:
    days: Sequence[str] = card.data["days"]
    return f", {days[0]} to {days[-1]}" if len(days) > 1 else ""


def _known(material: Material, card: Card) -> bool:
    """Whether a memory already says that the command takes long."""
    said = f"`{_name(card)}` "
    return any(said + word in memory.text for memory in material.memories for word in ("takes", "was waited for"))
