"""Links that lead nowhere, and indexes that no longer list what is there."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dreamfs_server.dream.material import Memory, cite_memory
from dreamfs_tools.dreaming import Card, Claim

index_share_min = 0.6
index_links_min = 3

# No bracket within a label, and bounded lengths: text made of brackets alone would take quadratic time.
_LINK = re.compile(
    r"\[([^\[\]\n]{0,300})\]\(<?([^)\s>]{1,300})>?(?:\s+\"[^\"\n]*\")?\)|\[\[([^\[\]|#\n]+)(?:[|#][^\[\]\n]*)?\]\]"
)
_FENCE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)", re.MULTILINE | re.DOTALL)
_RETIRED = re.compile(r"> Retired [^\n]*; replaced by (/[^\n]+)\.\n")
_INDEX_NAMES = ("readme.md", "index.md", "memory.md")


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a memory of the same store."""

    start: int
    end: int
    """Offsets of the whole link."""
    target: str
    """As written."""
    path: str
    """Where it leads, as the mount shows it."""
    label: str


def link_cards(memories: Sequence[Memory], mount: str) -> list[Card]:
    """Dead links with what may have become of their targets, and what an index does not list."""
    live = {m.path for m in memories}
    by_name: dict[str, list[str]] = {}
    for path in sorted(live):
        by_name.setdefault(path.rsplit("/", 1)[-1], []).append(path)
    replaced = _replaced(memories, mount, live)
    cards: list[Card] = []
    for memory in sorted(memories, key=lambda m: m.path):
        if "/archive/" in memory.path:
            continue
        links = _links(memory, mount, live)
        dead = [link for link in links if link.path not in live]
        missing = _missing(memory, links, live) if is_index(memory.path) else []
        if not dead and not missing:
            continue
        moved = {link.path: replaced.get(link.path, "") or _successor(link, memory, by_name) for link in dead}
        told = [
            f"`{link.target}` leads nowhere" + (f" (perhaps now `{moved[link.path]}`)" if moved[link.path] else "")
            for link in dead
        ]
        told += [f"`{path}` is not listed" for path in missing]
        text = f"`{memory.path}`: {'; '.join(told[:12])}."
        spans = [(link.start, link.end) for link in dead[:8]] or [(links[0].start, links[0].end)]
        cards.append(
            Card(
                number=0,
                miner="links",
                title=f"{'Index' if is_index(memory.path) else 'Links'} out of date: {memory.path}",
                body=text,
                claims=[
                    Claim(text=text[:1000], kind="observed", evidence=[cite_memory(memory, a, b) for a, b in spans])
                ],
                weight=2.0 + len(dead) + 0.5 * len(missing),
                data={"path": memory.path, "dead": [(link, moved[link.path]) for link in dead], "missing": missing},
            )
        )
    return cards


def is_index(path: str) -> bool:
    """Whether a file by its name lists other files."""
    return path.rsplit("/", 1)[-1].lower() in _INDEX_NAMES


def target_path(target: str, source: str, mount: str, live: set[str]) -> str:
    """The memory that a link's target names, else the target as it is written: told in the same way from every file."""
    bare, mark, part = target.strip().partition("#")
    if not bare or "://" in bare:
        return target
    for tried in (bare, f"{bare}.md"):
        if (path := _resolved(tried, source, mount, live)) in live:
            return f"{path}{mark}{part}"
    return target


def _links(memory: Memory, mount: str, live: set[str]) -> list[Link]:
    fences = [found.span() for found in _FENCE.finditer(memory.text)]
    result: list[Link] = []
    for found in _LINK.finditer(memory.text):
        if any(a <= found.start() < b for a, b in fences):
            continue
        target = (found[2] or found[3]).strip()
        bare = target.partition("#")[0]
        if not bare or "://" in bare or bare.startswith(("mailto:", "#")):
            continue
        if found[3] and "." not in bare.rsplit("/", 1)[-1]:
            bare += ".md"
        if (path := _resolved(bare, memory.path, mount, live)) is not None:
            result.append(Link(found.start(), found.end(), target, path, found[1] or target))
    return result


def _resolved(target: str, source: str, mount: str, live: set[str]) -> str | None:
    """Where a link leads: relative to its file, or from the store's root; None for what is not in this store."""
    if target.startswith("/"):
        return posixpath.normpath(target) if target.startswith(f"{mount}/") else None
    if "." not in target.rsplit("/", 1)[-1]:
        return None
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    below = posixpath.normpath(posixpath.join(mount, target))
    if beside in live or not below.startswith(f"{mount}/"):
        return beside if beside.startswith(f"{mount}/") else None
    return below if below in live else beside if beside.startswith(f"{mount}/") else None


def _replaced(memories: Sequence[Memory], mount: str, live: set[str]) -> dict[str, str]:
    """What each retired memory says replaced it, by the path that it had."""
    result: dict[str, str] = {}
    for memory in sorted(memories, key=lambda m: m.path):
        found = _RETIRED.match(memory.text) if memory.path.startswith(f"{mount}/archive/") else None
        if found is not None and found[1] in live:
            result[mount + memory.path.removeprefix(f"{mount}/archive")] = found[1]
    return result


def _successor(link: Link, memory: Memory, by_name: dict[str, list[str]]) -> str:
    """The one live memory of that file name, else ""."""
    same = [path for path in by_name.get(link.path.rsplit("/", 1)[-1], []) if path != memory.path]
    return same[0] if len(same) == 1 else ""


def _missing(memory: Memory, links: Sequence[Link], live: set[str]) -> list[str]:
    """What lies beside and below an index that means to list all of it, and that it does not list."""
    folder = posixpath.dirname(memory.path)
    below = {
        path
        for path in live
        if path.startswith(f"{folder}/") and path != memory.path and "/archive/" not in path and "/." not in path
    }
    listed = {link.path for link in links} | {path for path in below if path.removeprefix(f"{folder}/") in memory.text}
    present = below & listed
    if len(present) < index_links_min or len(present) < index_share_min * len(below):
        return []
    return sorted(below - listed)
