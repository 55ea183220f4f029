"""What a merge of stores has to come to, worked out on plain dictionaries.

A text is a few slots with fixed lines between each two, so that what a merge by lines has to give is known without merging
lines: each slot has the value of the side that changed it.
"""

from dataclasses import dataclass, field, replace
from typing import TypeVar

T = TypeVar("T")

SLOTS = 3
Slot = int | str


@dataclass(frozen=True)
class File:
    """A file of the model; `who` tells it from every other that ever was."""

    who: str
    slots: tuple[Slot, ...]
    by: tuple["Writer", ...] = field(default=(), compare=False)
    """Who wrote each slot."""
    ends: "Writer" = field(default=(0, "", 0), compare=False)
    """Who wrote the lines between."""
    version: int = field(default=0, compare=False)
    number: int = field(default=0, compare=False)
    """The how-manyth change it is."""
    is_whole: bool = field(default=True, compare=False)
    """Whether nothing of the text was removed for good."""


Writer = tuple[int, str, int]
"""When, and in which version of which store."""
Files = dict[str, File]
"""Path → file."""


@dataclass(eq=False)
class Node:
    """What a store holds from a change, a merge or a fork on."""

    files: Files
    parents: tuple["Node", ...] = ()


def merged(base: Files, theirs: Files, ours: Files) -> Files | None:
    """What a merge has to come to; None where it has to refuse."""
    known = {file.who for file in base.values()}
    then = {file.who: (path, file) for path, file in base.items()}
    new, now = named(base, theirs, ours), named(base, ours, theirs)
    for who, (path, _) in list(now.items()):
        twin = next((other for other, (at, _) in new.items() if at == path and other not in known | now.keys()), None)
        if who not in known | new.keys() and twin:
            now[twin] = now.pop(who)
    result: Files = {}
    for who in then.keys() | new.keys() | now.keys():
        old, their, our = then.get(who), new.get(who), now.get(who)
        if their is None or our is None:
            left = their or our
            if old is not None and left is not None and differs(left, old):
                return None
            if old is None and left is not None:
                if left[0] in result:
                    return None
                result[left[0]] = left[1]
            continue
        where = one_of(old and old[0], their[0], our[0])
        is_written = their[1].slots not in {our[1].slots, old and old[1].slots}
        slots = [one_of(old and old[1].slots[n], their[1].slots[n], our[1].slots[n]) for n in range(SLOTS)]
        if where is None or where in result or any(slot is None for slot in slots):
            return None
        values = tuple(slot for slot in slots if slot is not None)
        result[where] = with_writers(our[1], their[1], values) if is_written else our[1]
    return result


def with_writers(ours: File, theirs: File, slots: tuple[Slot, ...]) -> File:
    """A merged file: what both have belongs to who wrote it first."""
    by = [min(file.by[n] for file in (ours, theirs) if file.slots[n] == slot) for n, slot in enumerate(slots)]
    return replace(ours, slots=slots, by=tuple(by), ends=min(ours.ends, theirs.ends))


def named(base: Files, side: Files, other: Files) -> dict[str, tuple[str, File]]:
    """Files by who they are; one written anew where a file of the base was is that file."""
    there = {file.who for file in side.values()}
    elsewhere = {file.who for files in (base, other) for file in files.values()}
    found: dict[str, tuple[str, File]] = {}
    for path, file in side.items():
        before = base.get(path)
        is_anew = before is not None and before.who not in there and file.who not in elsewhere
        found[before.who if before is not None and is_anew else file.who] = (path, file)
    return found


def differs(one: tuple[str, File], other: tuple[str, File]) -> bool:
    return (one[0], one[1].slots) != (other[0], other[1].slots)


def one_of(base: T | None, theirs: T, ours: T) -> T | None:
    """Three ways; None where there are two answers."""
    if theirs in {base, ours}:
        return ours
    return theirs if ours == base else None


def ancestors(node: Node) -> set[Node]:
    """A node and all that is in it."""
    found, left = set[Node](), [node]
    while left:
        if (node := left.pop()) not in found:
            found.add(node)
            left += node.parents
    return found
