"""What people ask for again and again, recommended commands that no longer work, and what is said to be otherwise."""

from collections.abc import Sequence

from dreamfs_server.dream.curators.filing import append, new_path
from dreamfs_server.dream.evidence.guard import may_tell
from dreamfs_server.dream.evidence.memories.statements import telling
from dreamfs_server.dream.evidence.support import told
from dreamfs_server.dream.material import Material
from dreamfs_tools.dreaming import Card, Proposal, ProposedChange

preferences_name = "preferences"
preferences_max = 8


def preference_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One list of what people said in at least three sessions on two days, in their words, with the count."""
    known = [set(telling(line)) for memory in material.memories for line in memory.text.split("\n")]
    chosen = [
        card
        for card in cards
        if card.data["rule"]
        and may_tell(card.data["said"], "wish")
        and not any(
            len(set(telling(card.data["said"])) & line) >= 0.8 * len(set(telling(card.data["said"]))) for line in known
        )
    ][:preferences_max]
    if not chosen:
        return []
    lines = "\n".join(f"- “{card.data['said']}” ({told(card.claims[0].support)}{_among(card)})" for card in chosen)
    home = next((m for m in material.memories if m.path == f"{material.mount}/{preferences_name}.md"), None)
    if home is not None and not (home.pinned or home.read_only):
        change = append(home, lines)
    else:
        path = new_path(material, "", preferences_name)
        change = ProposedChange(
            "create", path, file_text=f"# What people ask for again and again\n\n{lines}\n", expected_version=0
        )
    rationale = "Mined, no model. People said this in several sessions on several days, in these or nearly these words."
    title = f"Write down {len(chosen)} thing{'s' * (len(chosen) != 1)} that people keep asking for"
    claims = [claim for card in chosen for claim in card.claims]
    return [
        (
            Proposal(number=0, title=title, rationale=rationale, changes=[change], claims=claims),
            sum(card.weight for card in chosen),
        )
    ]


def _among(card: Card) -> str:
    """What was said to no agent says so."""
    return "" if card.data["to_agents"] else ", people to one another"


def fact_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """A recommended command that failed every time since is marked so; what worked needs no change."""
    memories = {memory.path: memory for memory in material.memories}
    result: list[tuple[Proposal, float]] = []
    for card in cards:
        memory = memories[card.data["path"]]
        _, end = card.data["span"]
        after = memory.text[end : end + 40]
        if card.data["holds"] or memory.pinned or memory.read_only or after.startswith(" (failed"):
            continue
        mark = f" (failed in all {card.data['sessions']} sessions that ran it up to {card.data['last']:%Y-%m-%d})"
        text = memory.text[:end] + mark + memory.text[end:]
        change = ProposedChange("replace", memory.path, file_text=text, expected_version=memory.version)
        title = f"Mark a command in {memory.path} that no longer works"
        rationale = f"Mined, no model. {card.body} What it says stays; readers are warned."
        result.append(
            (Proposal(number=0, title=title, rationale=rationale, changes=[change], claims=card.claims), card.weight)
        )
    return result


def assertion_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """A line that later sessions contradict keeps its words and says so, with the days and where to look; one change a file."""
    memories = {memory.path: memory for memory in material.memories}
    by_file: dict[str, list[Card]] = {}
    for card in cards:
        memory = memories[card.data["path"]]
        if not (memory.pinned or memory.read_only):
            by_file.setdefault(memory.path, []).append(card)
    result: list[tuple[Proposal, float]] = []
    for path, chosen in by_file.items():
        text = memories[path].text
        for card in sorted(chosen, key=lambda c: -c.data["end"]):
            text = text[: card.data["end"]] + _contradicted(card) + text[card.data["end"] :]
        change = ProposedChange("replace", path, file_text=text, expected_version=memories[path].version)
        title = f"Mark what later sessions contradict in {path}"
        bodies = " ".join(card.claims[0].text for card in chosen)
        rationale = (
            f"Mined, no model. {bodies} What it says stays; readers are told that people said otherwise, and where."
        )
        claims = [claim for card in chosen for claim in card.claims]
        result.append(
            (Proposal(0, title, rationale[:4_000], [change], claims=claims), sum(card.weight for card in chosen))
        )
    return result


def _contradicted(card: Card) -> str:
    newest = card.data["newest"]
    sessions: int = card.data["sessions"]
    value = card.data["value"].replace("“", "").replace("”", "")
    agreed: int = card.data["agreed"]
    instead = "people said otherwise"
    some = ""
    if value and may_tell(value, "value"):
        if agreed == sessions:
            instead = f"people said “{value}”"
        else:
            some = f", “{value}” in {agreed} of them"
    # A session may be called after a file, and a file may be called anything.
    name = newest.source.removeprefix("/transcripts/")
    place = f", last `{name}#L{newest.lines[0]}`" if may_tell(name, "name") else ""
    return f" (contradicted: {instead} in {sessions} session{'s' * (sessions != 1)} {card.data['span']}{some}{place})"
