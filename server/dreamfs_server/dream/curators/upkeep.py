"""Absolute dates, living links, and an index that lists what is there."""

import posixpath
from collections.abc import Sequence

from dreamfs_server.dream.evidence.memories.dates import Dated
from dreamfs_server.dream.evidence.memories.links import Link, is_index
from dreamfs_server.dream.material import Material
from dreamfs_tools.dreaming import Card, Dropped, Proposal, ProposedChange


def date_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """Each relative date replaced by the day that it meant."""
    memories = {memory.path: memory for memory in material.memories}
    result: list[tuple[Proposal, float]] = []
    for card in cards:
        memory = memories[card.data["path"]]
        if memory.pinned or memory.read_only:
            continue
        text = memory.text
        dates: Sequence[Dated] = card.data["dates"]
        for one in sorted(dates, key=lambda d: -d.start):
            text = text[: one.start] + one.absolute + text[one.end :]
        change = ProposedChange("replace", memory.path, file_text=text, expected_version=memory.version)
        proposal = Proposal(
            number=0,
            title=f"Write {len(dates)} relative date{'s' * (len(dates) != 1)} in {memory.path} as days",
            rationale=f"Mined, no model. {card.body} A later reader cannot know what a relative date was relative to.",
            changes=[change],
            claims=card.claims,
            dropped=[Dropped(one.words, f"written as {one.absolute}") for one in dates],
        )
        result.append((proposal, card.weight))
    return result


def link_proposals(material: Material, cards: Sequence[Card]) -> list[tuple[Proposal, float]]:
    """Dead links led to where their target went, or marked; missing entries added to an index."""
    memories = {memory.path: memory for memory in material.memories}
    result: list[tuple[Proposal, float]] = []
    for card in cards:
        memory = memories[card.data["path"]]
        dead: Sequence[tuple[Link, str]] = card.data["dead"]
        if memory.pinned or memory.read_only or not (dead or card.data["missing"]):
            continue
        text = memory.text
        for link, successor in sorted(dead, key=lambda pair: -pair[0].start):
            text = text[: link.start] + _mended(link, successor, memory.path) + text[link.end :]
        if card.data["missing"]:
            entries = "\n".join(f"- [{_title(path)}]({_relative(path, memory.path)})" for path in card.data["missing"])
            text = f"{text.rstrip()}\n{entries}\n"
        if text == memory.text:
            continue
        what = "index" if is_index(memory.path) else "links"
        proposal = Proposal(
            number=0,
            title=f"Bring the {what} in {memory.path} up to date",
            rationale=f"Mined, no model. {card.body} Checked against the files of the store at this dream's snapshot.",
            changes=[ProposedChange("replace", memory.path, file_text=text, expected_version=memory.version)],
            claims=card.claims,
            dropped=[Dropped(link.target, f"moved to {moved}") for link, moved in dead if moved],
        )
        result.append((proposal, card.weight))
    return result


def _mended(link: Link, successor: str, source: str) -> str:
    if successor:
        return f"[{link.label}]({_relative(successor, source)})"
    return f"{link.label} (there is no `{link.target}` any more)"


def _relative(path: str, source: str) -> str:
    return posixpath.relpath(path, posixpath.dirname(source))


def _title(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".md")
