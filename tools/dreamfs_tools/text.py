"""Text in, text out: numbering, replacing, inserting, and comparing by lines.

Lines are split on LF only and CR is kept, so that what was written is what is read. A trailing newline ends the last
line and does not begin another. Functions that compare take and give *ended* lines, each with its LF where it has one:
a missing final newline is then a difference like any other.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

NUMBER_WIDTH = 6
CONTEXT_LINES = 3
_PAIRS_MAX = 16_384
"""A stretch without unique lines is compared line against line up to this many pairs: `difflib` is cubic at worst."""
_PAIRS_IN_ALL_MAX = 1_000_000
_LEVELS_MAX = 64
"""How often a stretch is taken apart further; each level reads every line at most once."""


class Match(NamedTuple):
    """`size` equal lines: from `old` in the old text, from `new` in the new one (both from 0)."""

    old: int
    new: int
    size: int


class Edit(NamedTuple):
    """Lines [old_start, old_end) became lines [new_start, new_end)."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def split_lines(text: str) -> list[str]:
    """The lines as numbered, without their LF; none in an empty text."""
    return text.removesuffix("\n").split("\n") if text else []


def ended_lines(text: str) -> list[str]:
    """The lines, each with its LF; the last without where the text has none. Joined they are the text again."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def line_count(text: str) -> int:
    """How many lines `split_lines` gives."""
    return text.count("\n") + (not text.endswith("\n")) if text else 0


def number_lines(lines: Sequence[str], start: int = 1) -> str:
    """Lines as `view` shows them: the number right-aligned in 6, a TAB, the line; joined by LF, no LF at the end."""
    return "\n".join(f"{number:>{NUMBER_WIDTH}}\t{line}" for number, line in enumerate(lines, start))


def occurrences(text: str, old: str) -> list[int]:
    """Where `old` begins in `text`, overlapping ones too, as offsets; `old` must not be empty."""
    found: list[int] = []
    offset = text.find(old)
    while offset >= 0:
        found.append(offset)
        offset = text.find(old, offset + 1)
    return found


def lines_of(text: str, offsets: Sequence[int]) -> list[int]:
    """The line numbers (from 1) on which ascending offsets lie; each line once, in order."""
    lines: list[int] = []
    line, seen = 1, 0
    for offset in offsets:
        line += text.count("\n", seen, offset)
        seen = offset
        if not lines or lines[-1] != line:
            lines.append(line)
    return lines


def replace_at(text: str, offset: int, old: str, new: str) -> str:
    """Put `new` where `old` stands at `offset`."""
    return text[:offset] + new + text[offset + len(old) :]


def insert_after(text: str, line: int, inserted: str) -> str:
    """Insert text after a line; 0 is the top, -1 the end.

    What is inserted ends in a newline, its own where it has one. At the end of a text without a final newline, one is
    put between.

    Raises:
        ValueError: there is no such line.
    """
    count = line_count(text)
    if not -1 <= line <= count:
        raise ValueError(line)
    lines = ended_lines(text)
    at = count if line == -1 else line
    head = "".join(lines[:at])
    if head and not head.endswith("\n"):
        head += "\n"
    body = inserted if inserted.endswith("\n") else inserted + "\n"
    return head + body + "".join(lines[at:])


def matches(old: Sequence[str], new: Sequence[str]) -> list[Match]:
    """The lines that two texts share, in order; adjacent matches are joined.

    Equal ends first, then the lines that occur once on both sides (as *patience diff* does, which keeps paragraphs
    together and takes n log n), then what is left between two of them by `difflib`, if it is short enough.
    """
    found: list[Match] = []
    stretches = [Edit(0, len(old), 0, len(new))]
    pairs_left = _PAIRS_IN_ALL_MAX
    for level in range(_LEVELS_MAX):
        deeper: list[Edit] = []
        for whole in stretches:
            ends, stretch = _trimmed(old, new, whole)
            found += ends
            pairs = (stretch.old_end - stretch.old_start) * (stretch.new_end - stretch.new_start)
            if not pairs:
                continue
            if level < _LEVELS_MAX - 1 and (anchors := _unique_in_both(old, new, stretch)):
                found += anchors
                deeper += gaps_between(anchors, stretch)
            elif pairs <= min(_PAIRS_MAX, pairs_left):
                pairs_left -= pairs
                found += _by_difflib(old, new, stretch)
        stretches = deeper
    return _joined(sorted(found))


def edits(old: Sequence[str], new: Sequence[str]) -> list[Edit]:
    """What turns `old` into `new`: the gaps between `matches`."""
    return gaps_between(matches(old, new), Edit(0, len(old), 0, len(new)))


def gaps_between(found: Sequence[Match], whole: Edit) -> list[Edit]:
    """What of a stretch lies between matches."""
    gaps: list[Edit] = []
    i, j = whole.old_start, whole.new_start
    for match in [*found, Match(whole.old_end, whole.new_end, 0)]:
        if match.old > i or match.new > j:
            gaps.append(Edit(i, match.old, j, match.new))
        i, j = match.old + match.size, match.new + match.size
    return gaps


def changed_region(old: str, new: str) -> tuple[int, int]:
    """From the first to the last changed line of the new text, as [start, end) from 0; empty where lines only went."""
    gaps = edits(ended_lines(old), ended_lines(new))
    return (gaps[0].new_start, gaps[-1].new_end) if gaps else (0, 0)


def clipped(text: str, characters_max: int) -> str:
    """A text cut to size at a line's end where there is one, saying how much is missing."""
    if len(text) <= characters_max:
        return text
    end = text.rfind("\n", characters_max // 2, characters_max) + 1 or characters_max
    return f"{text[:end]}… ({len(text) - end:,} more characters)\n"


def changed_lines(old: str, new: str) -> tuple[int, int]:
    """How many lines a change added and removed."""
    gaps = edits(ended_lines(old), ended_lines(new))
    return sum(gap.new_end - gap.new_start for gap in gaps), sum(gap.old_end - gap.old_start for gap in gaps)


def unified_diff(old: str, new: str, old_label: str, new_label: str, context: int = CONTEXT_LINES) -> str:
    """The difference in the unified format, every line ended by LF; "" where the texts are equal.

    Labels follow `--- ` and `+++ ` as they are. A missing final newline is told as `diff` and git tell it.
    """
    before, after = ended_lines(old), ended_lines(new)
    out: list[str] = []
    for hunk in _hunks(edits(before, after), context):
        first, last = max(0, hunk[0].old_start - context), min(len(before), hunk[-1].old_end + context)
        new_first, new_last = max(0, hunk[0].new_start - context), min(len(after), hunk[-1].new_end + context)
        out.append(f"@@ -{_span(first, last)} +{_span(new_first, new_last)} @@\n")
        at = first
        for edit in hunk:
            out += [_shown(" ", line) for line in before[at : edit.old_start]]
            out += [_shown("-", line) for line in before[edit.old_start : edit.old_end]]
            out += [_shown("+", line) for line in after[edit.new_start : edit.new_end]]
            at = edit.old_end
        out += [_shown(" ", line) for line in before[at:last]]
    return f"--- {old_label}\n+++ {new_label}\n{''.join(out)}" if out else ""


def _hunks(changes: Sequence[Edit], context: int) -> Iterator[list[Edit]]:
    """Group edits whose context would touch."""
    hunk: list[Edit] = []
    for edit in changes:
        if hunk and edit.old_start - hunk[-1].old_end > 2 * context:
            yield hunk
            hunk = []
        hunk.append(edit)
    if hunk:
        yield hunk


def _span(start: int, end: int) -> str:
    size = end - start
    if size == 1:
        return str(end)
    return f"{start + 1 if size else start},{size}"


def _shown(mark: str, line: str) -> str:
    return mark + line if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"


def _trimmed(old: Sequence[str], new: Sequence[str], stretch: Edit) -> tuple[list[Match], Edit]:
    """The equal ends of a stretch, and what is left between them."""
    i, i_end, j, j_end = stretch
    while i < i_end and j < j_end and old[i] == new[j]:
        i, j = i + 1, j + 1
    while i < i_end and j < j_end and old[i_end - 1] == new[j_end - 1]:
        i_end, j_end = i_end - 1, j_end - 1
    ends = [
        Match(stretch.old_start, stretch.new_start, i - stretch.old_start),
        Match(i_end, j_end, stretch.old_end - i_end),
    ]
    return [end for end in ends if end.size], Edit(i, i_end, j, j_end)


def _by_difflib(old: Sequence[str], new: Sequence[str], stretch: Edit) -> list[Match]:
    i, i_end, j, j_end = stretch
    matcher = SequenceMatcher(None, old[i:i_end], new[j:j_end], autojunk=False)
    return [Match(i + a, j + b, size) for a, b, size in matcher.get_matching_blocks() if size]


def _unique_in_both(old: Sequence[str], new: Sequence[str], stretch: Edit) -> list[Match]:
    """The longest rising sequence of lines that occur once on each side of a stretch."""
    i, i_end, j, j_end = stretch
    old_counts, new_counts = Counter(old[i:i_end]), Counter(new[j:j_end])
    where = {new[at]: at for at in range(j, j_end) if new_counts[new[at]] == 1 == old_counts[new[at]]}
    pairs = [Match(at, where[old[at]], 1) for at in range(i, i_end) if old[at] in where]
    ends: list[int] = []
    tops: list[int] = []
    back: list[int] = []
    for index, pair in enumerate(pairs):
        pile = bisect_left(ends, pair.new)
        back.append(tops[pile - 1] if pile else -1)
        ends[pile : pile + 1] = [pair.new]
        tops[pile : pile + 1] = [index]
    rising: list[Match] = []
    index = tops[-1] if tops else -1
    while index >= 0:
        rising.append(pairs[index])
        index = back[index]
    return rising[::-1]


def _joined(found: Sequence[Match]) -> list[Match]:
    joined: list[Match] = []
    for match in found:
        last = joined[-1] if joined else Match(0, 0, 0)
        if joined and (last.old + last.size, last.new + last.size) == (match.old, match.new):
            joined[-1] = Match(last.old, last.new, last.size + match.size)
        else:
            joined.append(match)
    return joined
