"""A careful three-way merge by lines.

Two sides changed the same text. Their changes are put together only where at least one unchanged line of the base lies
between them: neighbouring lines usually belong to one statement, and a wrong merge of memory is read as a fact. Equal
changes of the same lines count once. Everything else is an overlap, which is reported and never guessed at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dreamfs_tools.text import Edit, edits, ended_lines


@dataclass(frozen=True, slots=True)
class Overlap:
    """Lines [start, end) of the base (from 0) that both sides changed, or whose changes touch."""

    start: int
    end: int
    base: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge came to."""

    text: str | None
    """None when the sides overlap."""
    overlaps: Sequence[Overlap] = ()


@dataclass(frozen=True, slots=True)
class _Side:
    lines: Sequence[str]
    edits: Sequence[Edit]

    def between(self, start: int, end: int, own: Sequence[Edit]) -> list[str]:
        """What became of base lines [start, end), which hold just the edits `own`."""
        if not own:
            return []
        first, last = own[0], own[-1]
        return list(self.lines[first.new_start - (first.old_start - start) : last.new_end + end - last.old_end])


def merge(base: str, ours: str, theirs: str) -> Merged:
    """Put together what two sides made of one text.

    The result does not depend on which side is called ours.
    """
    old = ended_lines(base)
    sides = [_Side(lines, edits(old, lines)) for lines in (ended_lines(ours), ended_lines(theirs))]
    result: list[str] = []
    overlaps: list[Overlap] = []
    done = 0
    for start, end, (our_edits, their_edits) in _touching(sides[0].edits, sides[1].edits):
        result += old[done:start]
        done = end
        mine, others = sides[0].between(start, end, our_edits), sides[1].between(start, end, their_edits)
        if our_edits and their_edits and mine != others:
            overlaps.append(Overlap(start, end, "".join(old[start:end]), "".join(mine), "".join(others)))
        result += mine if our_edits else others
    result += old[done:]
    return Merged(None, overlaps) if overlaps else Merged("".join(result))


def _touching(ours: Sequence[Edit], theirs: Sequence[Edit]) -> list[tuple[int, int, tuple[list[Edit], list[Edit]]]]:
    """Groups of edits with no unchanged line between them, with the base lines each group covers."""
    groups: list[tuple[int, int, tuple[list[Edit], list[Edit]]]] = []
    for edit, side in sorted([*((edit, 0) for edit in ours), *((edit, 1) for edit in theirs)]):
        if groups and edit.old_start <= groups[-1][1]:
            start, end, members = groups[-1]
            groups[-1] = (start, max(end, edit.old_end), members)
        else:
            groups.append((edit.old_start, edit.old_end, ([], [])))
        groups[-1][2][side].append(edit)
    return groups
