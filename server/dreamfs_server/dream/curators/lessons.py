"""What people ask for again and again, and recommended commands that no longer work."""

from collections.abc import Sequence

from dreamfs_server.dream.curators.filing import append, new_path
from dreamfs_server.dream.curators.wording import is_destructive
from dreamfs_server.dream.evidence.statements import telling
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
        and not is_destructive(card.data["said"])
        and not any(
            len(set(telling(card.data["said"])) & line) >= 0.8 * len(set(telling(card.data["said"]))) for line in known
        )
    ][:preferences_max]
    if not chosen:
        return []
    lines = "\n".join(f"- “{card.data['said']}” ({told(card.claims[0].support)})" for card in chosen)
    home = next((m for m in material.memories if m.path == f"{material.mount}/{preferences_name}.md"), None)
    if home is not None and not (home.pinned or home.read_only):
        change = append(home, lines)
    else:
        path = new_path(material, "", preferences_name)
        change = ProposedChange(
            "create", path, file_text=f"# What people ask for again and again\n\n{lines}\n", expected_version=0
        )
    rationale = "Mined, no model. People said this to agents in several sessions on several days, in these or nearly these words."
    title = f"Write down {len(chosen)} thing{'s' * (len(chosen) != 1)} that people keep asking for"
    claims = [claim for card in chosen for claim in card.claims]
    return [
        (
            Proposal(number=0, title=title, rationale=rationale, changes=[change], claims=claims),
            sum(card.weight for card in chosen),
        )
    ]


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
