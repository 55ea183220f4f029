"""Wrong places as one page: what is looked for where it is not, and where it is. One line a finding."""

import re
from collections.abc import Sequence
from typing import Any

from dreamfs_server.dream.curators.filing import append
from dreamfs_server.dream.curators.wording import is_forced, may_name
from dreamfs_server.dream.evidence.support import told
from dreamfs_server.dream.material import Material
from dreamfs_tools.dreaming import Card, Proposal, ProposedChange

page_name = "where-things-are"
lines_max = 12
_HEAD = (
    "# Where things are\n\nWhat sessions looked for in the wrong place. Paths are relative to the folder that a session begins in; "
    "`~` is the home folder.\n\n"
)


def place_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """One proposal for the page, with what it would save; none where nothing new is to be said."""
    said = [
        (card, line) for card in cards if card.data["rule"] and not _known(material, card) and (line := _line(card))
    ]
    said = said[:lines_max]
    if not said:
        return []
    lines = "\n".join(line for _, line in said)
    path = f"{material.mount}/{page_name}.md"
    page = next((memory for memory in material.memories if memory.path == path), None)
    if page is not None and (page.pinned or page.read_only):
        return []
    change = (
        append(page, lines)
        if page is not None
        else ProposedChange("create", path, file_text=f"{_HEAD}{lines}\n", expected_version=0)
    )
    weight = sum(card.weight for card, _ in said)
    title = _title(said[0][0])
    forced = is_forced(lines)
    proposal = Proposal(
        number=0,
        title=(title if len(said) == 1 else f"{title} (and {len(said) - 1} more)")[:255],
        rationale=(
            f"Mined, no model. {' '.join(card.claims[0].text for card, _ in said[:6])} "
            f"Together these cost about {weight:.0f} calls in the transcripts read."
        ),
        changes=[change],
        claims=[card.claims[0] for card, _ in said],
        risk="medium" if forced else "low",
        flags=["The recommended command goes past a guard; look twice."] if forced else [],
    )
    return [(proposal, weight)]


def _line(card: Card) -> str:
    """The finding as a line of the page; "" where a name in it may not be passed on."""
    data = card.data
    names = [str(data[key]) for key in ("wrong", "right", "command", "instead", "program", "folder") if data.get(key)]
    if not all(may_name(name) for name in names):
        return ""
    seen = f"{card.claims[0].statistics['count']} calls in {told(card.claims[0].support)}{_span(data['days'])}"
    match data["kind"]:
        case "path":
            until = f" any more (it was until {data['until']})" if data["until"] else ""
            below = ", nor is what is looked for below it" if data["files"] > 1 else ""
            held = f"found there in {data['found']} of {data['found'] + data['elsewhere']} sessions that found it"
            if not data["right"]:
                where = "it is the folder that the session begins in"
            else:
                where = f"look in `{data['right']}`" if data["files"] > 1 else f"it is `{data['right']}`"
            return f"- `{data['wrong']}` is not there{until}{below}: {where}. Missed by {seen}; {held}."
        case "command":
            way = f"run `{data['instead']}`" if data["instead"] else "leave it out"
            held = f"that worked in {data['found']} of {data['tried']} sessions that got on"
            return f"- There is no command `{data['command']}`: {way}. Missed by {seen}; {held}."
        case "folder":
            here, there = (
                f"`{name}`" if name else "the folder that the session begins in"
                for name in (data["folder"], data["right"])
            )
            return (
                f"- Run `{data['program']}` in {there}, where {data['failed_right']} of {data['calls_right']} calls found no project, "
                f"not in {here}, where {data['failed']} of {data['calls']} did. {seen}."
            )
        case _:
            return (
                "- The shell stays in the folder of an earlier `cd`: give absolute paths, or begin the command with `cd` to the "
                f"folder that the session began in. {seen} gave a relative path that was right from there."
            )


def _title(card: Card) -> str:
    data: Any = card.data
    if data["kind"] == "path":
        right = f"`{data['right']}`" if data["right"] else "the session's own folder"
        return f"`{data['wrong']}` is not there: it is {right}"
    if data["kind"] == "command":
        return f"No command `{data['command']}`: " + (f"`{data['instead']}`" if data["instead"] else "leave it out")
    if data["kind"] == "folder":
        return f"`{data['program']}` belongs in `{data['right'] or '.'}`"
    return "The shell stays in the folder of an earlier `cd`"


def _span(days: Sequence[str]) -> str:
    if not days:
        return ""
    return f" ({days[0]} to {days[-1]})" if days[0] != days[-1] else f" ({days[0]})"


def _known(material: Material, card: Card) -> bool:
    """Whether a memory already names both the wrong place and the right one."""
    data = card.data
    if data["kind"] == "stayed":
        return any("stays in the folder of an earlier `cd`" in memory.text for memory in material.memories)
    names = [str(data[key]) for key in ("wrong", "command", "program", "right", "instead") if data.get(key)]
    return any(all(_names(memory.text, name) for name in names) for memory in material.memories)


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w./~-]){re.escape(name)}(?![\w-])", text) is not None
