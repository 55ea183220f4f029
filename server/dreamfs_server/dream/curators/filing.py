"""Where in a memory something belongs: the file that is already about it, or a new one with a telling name."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from dreamfs_server.dream.evidence.memories.links import is_index
from dreamfs_server.dream.material import Material, Memory
from dreamfs_tools.dreaming import ProposedChange

_WORD = re.compile(r"[a-z][a-z0-9]{2,}")
appended_bytes_max = 60_000
"""A topic file is not grown beyond this."""


def topic_file(material: Material, subject: Iterable[str], words: Iterable[str] = ()) -> Memory | None:
    """The writable memory whose path or headings name the subject, or two of the words; None where there is none.

    Args:
        material: whose memories to look at; archived, pinned and read-only ones are left alone.
        subject: names of what the new text is about; one is enough.
        words: what else it speaks of; a word that several memories name says nothing.
    """
    named_by = {word.lower() for word in subject}
    wanted = {part for word in words for part in _WORD.findall(word.lower())}
    open_files = [
        m
        for m in material.memories
        if not (m.pinned or m.read_only or "/archive/" in m.path or is_index(m.path)) and m.path.endswith(".md")
    ]
    named = {memory.path: _names(memory, material.mount) for memory in open_files}
    often = Counter(word for names in named.values() for word in names)
    best: tuple[float, str] | None = None
    for memory in open_files:
        if len(memory.text.encode()) > appended_bytes_max:
            continue
        hits = 2 * sum(often[word] <= 2 for word in named_by & named[memory.path])
        hits += sum(often[word] <= 2 for word in (wanted - named_by) & named[memory.path])
        if hits >= 2:
            candidate = (-float(hits), memory.path)
            best = min(best, candidate) if best is not None else candidate
    return next((m for m in open_files if best is not None and m.path == best[1]), None)


def _names(memory: Memory, mount: str) -> set[str]:
    headings = [line for line in memory.text.split("\n") if line.startswith("#")]
    stem = memory.path.rsplit("/", 1)[-1].removesuffix(".md").lower()
    return (
        {stem}
        | set(_WORD.findall(memory.path.removeprefix(mount).removesuffix(".md").lower().replace("_", " ")))
        | {word for heading in headings for word in _WORD.findall(heading.lower())}
    )


def append(memory: Memory, block: str) -> ProposedChange:
    """Add a block at the end of a memory, as an edit of its last lines, so that it merges with edits elsewhere in it."""
    body = memory.text.rstrip("\n")
    tail = body.rfind("\n") + 1
    while tail > 0 and (memory.text.count(body[tail:]) != 1 or not body[tail:].strip()):
        tail = body.rfind("\n", 0, tail - 1) + 1
    anchor = body[tail:]
    if not anchor.strip():
        return ProposedChange(
            "replace", memory.path, file_text=block.rstrip("\n") + "\n", expected_version=memory.version
        )
    return ProposedChange(
        "edit", memory.path, old_str=anchor, new_str=f"{anchor}\n\n{block.rstrip()}", expected_version=memory.version
    )


def new_path(material: Material, folder: str, name: str, taken: Sequence[str] = ()) -> str:
    """A path that is not in use."""
    used = {m.path for m in material.memories} | set(taken)
    path = f"{material.mount}/{folder}/{name}.md" if folder else f"{material.mount}/{name}.md"
    n = 2
    stem = path.removesuffix(".md")
    while path in used:
        path = f"{stem}-{n}.md"
        n += 1
    return path
