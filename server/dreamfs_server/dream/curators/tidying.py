"""What needs no evidence from sessions: duplicates, repeated lines, a register of conflicts."""

from collections.abc import Sequence
from datetime import datetime

from dreamfs_server.dream.curators.filing import append, new_path
from dreamfs_server.dream.material import Material, Memory
from dreamfs_tools.dreaming import Card, Dropped, Proposal, ProposedChange

conflicts_max = 12
register_name = "conflicts"


def duplicate_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """Retire duplicates with a link to what stays; drop lines that a section says twice."""
    memories = {memory.path: memory for memory in material.memories}
    result: list[tuple[Proposal, float]] = []
    for card in cards:
        dropped: list[Dropped] = []
        if card.data["kind"] == "same":
            keep = card.data["keep"]
            retired = [memories[path] for path in card.data["retire"]]
            changes = [ProposedChange("retire", m.path, new_path=keep, expected_version=m.version) for m in retired]
            dropped = [
                Dropped(told, f"the title of {path}; {keep} says the same under its own")
                for path, told in card.data["titles"].items()
            ]
            title = f"Merge {len(retired) + 1} notes that say the same into {keep}"
        else:
            memory = memories[card.data["path"]]
            changes = [_without(memory, card.data["spans"])]
            title = f"Drop {len(card.data['spans'])} repeated lines from {memory.path}"
        rationale = f"Mined, no model. {card.body} Nothing is lost: retired notes stay under archive/ with a link, every version stays readable."
        result.append(
            (
                Proposal(
                    number=0,
                    title=title[:255],
                    rationale=rationale,
                    changes=changes,
                    claims=card.claims,
                    dropped=dropped,
                ),
                card.weight,
            )
        )
    return result


def _without(memory: Memory, spans: Sequence[tuple[int, int]]) -> ProposedChange:
    text = memory.text
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end + 1 :]
    return ProposedChange("replace", memory.path, file_text=text, expected_version=memory.version)


def conflict_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """What is superseded gets a link to what holds now; what is undecided goes to one register, without a verdict."""
    decided = [card for card in cards if card.data["kind"] == "superseded"]
    return [*_superseded(material, decided), *_register(material, [card for card in cards if card not in decided])]


def _superseded(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """The older statement stays word for word, marked, with a link to the newer one."""
    memories = {memory.path: memory for memory in material.memories}
    result: list[tuple[Proposal, float]] = []
    for card in cards:
        (old_path, _, _, _), (new_path_, _, _, _) = card.data["sides"]
        memory = memories[old_path]
        start, end = card.data["span"]
        line = memory.text[start:end]
        if memory.pinned or memory.read_only or "uperseded" in line or memory.text.count(line) != 1:
            continue
        marked = f"{line.rstrip()} (superseded as of {card.data['days'][1]}: see `{new_path_}`)"
        change = ProposedChange("edit", old_path, old_str=line, new_str=marked, expected_version=memory.version)
        rationale = f"Mined, no model. {card.body}\nBoth name the day as of which they hold; the older statement stays, with a link."
        title = f"Mark a superseded statement in {old_path}"
        result.append(
            (Proposal(number=0, title=title, rationale=rationale, changes=[change], claims=card.claims), card.weight)
        )
    return result


def _register(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One register of the conflicts that it does not list yet; both sides, their files and dates."""
    register = next((m for m in material.memories if m.path == f"{material.mount}/{register_name}.md"), None)
    known = " ".join(register.text.split()) if register else ""
    fresh = [
        card for card in cards if not all(" ".join(text.split()) in known for _, text, _, _ in card.data["sides"])
    ][:conflicts_max]
    if not fresh or (register and (register.pinned or register.read_only)):
        return []
    blocks = [_entry(card) for card in fresh]
    if register:
        change = append(register, "\n\n".join(blocks))
    else:
        head = "# Conflicts\n\nNotes that say different things of one subject. Whoever knows which is true corrects the other note and deletes the entry."
        path = new_path(material, "", register_name)
        change = ProposedChange("create", path, file_text="\n\n".join([head, *blocks]) + "\n", expected_version=0)
    n = len(fresh)
    title = f"List {n} conflict{'s' * (n != 1)} between notes for a person to settle"
    rationale = (
        f"Mined, no model. {n} pair{'s' * (n != 1)} of statements differ in nothing but one value or a negation. "
        "A reader cannot know which is true; the register shows both with their dates."
    )
    claims = [claim for card in fresh for claim in card.claims]
    return [
        (
            Proposal(number=0, title=title, rationale=rationale, changes=[change], claims=claims),
            sum(card.weight for card in fresh),
        )
    ]


def _entry(card: Card) -> str:
    lines: list[str] = []
    for path, text, version, revised in card.data["sides"]:
        lines.append(f"- `{path}`{_dated(revised)}, version {version}:\n  > {' '.join(text.split())}")
    return "\n".join(lines)


def _dated(revised: datetime | None) -> str:
    return f", {revised:%Y-%m-%d}" if revised else ""
