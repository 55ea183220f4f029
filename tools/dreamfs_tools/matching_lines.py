"""The lines of one file that match, with the lines around them, as `grep` shows them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dreamfs_tools.pattern import Hit, Pattern

LINE_CHARACTERS_MAX = 2_000
"""Of a longer line only what stands around the match is shown."""
_BEFORE_MATCH_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class MatchingLine:
    """A line that matches."""

    number: int
    """From 1."""
    text: str
    """The line; cut around the match where it is longer than 2,000 characters, which it then says."""
    before: Sequence[str]
    """The lines of context above and below, without what lies outside the file."""
    after: Sequence[str]


def matching_lines(pattern: Pattern, text: str, context: int, beyond: int = 0) -> Iterator[MatchingLine]:
    """The matching lines of a text after line `beyond`, in order."""
    raw = text.encode()
    lines: list[str] = []
    for hit in pattern.hits(raw):
        if hit.number <= beyond:
            continue
        if context and not lines:
            lines = text.removesuffix("\n").split("\n")
        at = hit.number - 1
        before = [_cut(line) for line in lines[max(0, at - context) : at]] if context else []
        after = [_cut(line) for line in lines[at + 1 : at + 1 + context]] if context else []
        yield MatchingLine(hit.number, _shown(raw, hit), before, after)


def as_rows(shown: str, found: Iterator[MatchingLine], context: int, beyond: int = 0) -> Iterator[tuple[int, str]]:
    """Lines as text: `path:line:text`, context as `path-line-text`, `--` where lines are left out between two.

    Args:
        shown: the file's path.
        found: its matching lines.
        context: how many lines around each were asked for.
        beyond: the line of the match with which the page before ended.

    Yields:
        A match's line number, and its rows joined by LF: each line of the file stands in one of them only.
    """
    printed = beyond + context if beyond else 0
    line = next(found, None)
    first = True
    while line is not None:
        following = next(found, None)
        start = max(line.number - len(line.before), printed + 1)
        above = line.before[len(line.before) - max(0, line.number - start) :]
        rows = ["--"] if context and not (first and not beyond) and start > printed + 1 else []
        rows += [f"{shown}-{line.number - len(above) + i}-{text}" for i, text in enumerate(above)]
        rows.append(f"{shown}:{line.number}:{line.text}")
        room = following.number - line.number - 1 if following else context
        below = line.after[:room]
        rows += [f"{shown}-{line.number + 1 + i}-{text}" for i, text in enumerate(below)]
        printed = line.number + len(below)
        yield line.number, "\n".join(rows)
        line, first = following, False


def _shown(raw: bytes, hit: Hit) -> str:
    line = raw[hit.start : hit.end].decode()
    if len(line) <= LINE_CHARACTERS_MAX:
        return line
    match = len(raw[hit.start : hit.match].decode())
    start = max(0, min(match - _BEFORE_MATCH_CHARACTERS, len(line) - LINE_CHARACTERS_MAX))
    end = start + LINE_CHARACTERS_MAX
    return f"{line[start:end]} [cut: characters {start + 1:,}-{end:,} of {len(line):,}]"


def _cut(line: str) -> str:
    if len(line) <= LINE_CHARACTERS_MAX:
        return line
    return f"{line[:LINE_CHARACTERS_MAX]} [cut: characters 1-{LINE_CHARACTERS_MAX:,} of {len(line):,}]"
