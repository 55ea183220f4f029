"""What the access log says: memories that nobody read, and searches that found nothing."""

from collections import defaultdict
from collections.abc import Sequence

from dreamfs_server.dream.evidence.memories.statements import statements
from dreamfs_server.dream.material import Memory, cite_memory
from dreamfs_tools.dreaming import Card, Claim
from dreamfs_tools.filesystem import AccessNote

notes_min = 20
"""With fewer notes than this, unread means nothing."""
sessions_min = 5
shown_max = 20


def access_cards(access: Sequence[AccessNote] | None, memories: Sequence[Memory], mount: str) -> list[Card]:
    """At most two cards; none where no access log is kept or too little stands in it."""
    if not access:
        return []
    return [*_unread(access, memories, mount), *_missed(access)]


def _unread(access: Sequence[AccessNote], memories: Sequence[Memory], mount: str) -> list[Card]:
    viewed = {f"{mount}/{note.path.removeprefix(mount).lstrip('/')}" for note in access if note.kind == "view"}
    readers = {note.session for note in access if note.kind == "view"}
    if len(access) < notes_min or len(readers) < sessions_min:
        return []
    unread = [
        m
        for m in sorted(memories, key=lambda m: m.path)
        if m.path not in viewed and "/archive/" not in m.path and not m.pinned
    ]
    spans = [(memory, said[0]) for memory in unread[:shown_max] if (said := statements(memory))]
    if not spans:
        return []
    text = f"{len(unread)} of {len(memories)} memories were read by none of {len(readers)} sessions."
    listed = "\n".join(f"- `{memory.path}`" for memory in unread[:shown_max])
    claim = Claim(text, "observed", [cite_memory(memory, s.start, s.end) for memory, s in spans[:8]])
    return [
        Card(
            0,
            "access",
            "Memories that nobody read",
            f"{text}\n{listed}",
            [claim],
            0.2 * len(unread),
            {"unread": [m.path for m in unread]},
        )
    ]


def _missed(access: Sequence[AccessNote]) -> list[Card]:
    by_query: dict[str, set[str]] = defaultdict(set)
    for note in access:
        if note.kind == "miss" and (sought := (note.query or note.path).strip()):
            by_query[sought].add(note.session)
    often = sorted(
        ((len(who), sought) for sought, who in by_query.items() if len(who) >= 2), key=lambda row: (-row[0], row[1])
    )
    if not often:
        return []
    body = "\n".join(f"- `{sought}`: {count} sessions" for count, sought in often[:shown_max])
    return [
        Card(
            0,
            "access",
            "What sessions looked for and did not find",
            body,
            (),
            float(sum(count for count, _ in often)),
            {"missed": often},
        )
    ]
