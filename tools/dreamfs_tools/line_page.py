"""Which lines of a file one answer shows, and how to go on."""

from collections.abc import Sequence
from dataclasses import dataclass

from dreamfs_tools.errors import Refusal
from dreamfs_tools.paging import PAGE_CHARACTERS_MAX
from dreamfs_tools.text import NUMBER_WIDTH

VIEW_CHARACTERS_MAX = 16_000
"""Of a file's own text, where no range was asked for; the standard tool's number."""
EVIDENCE_CHARACTERS_MAX = 28_000
"""Of one answer from /transcripts or /dreams: under 10,000 tokens also of logs, where three characters make a token."""
LINES_MAX = 999_999


@dataclass(frozen=True, slots=True)
class LinePage:
    """The lines of one answer."""

    first: int
    """From 1."""
    last: int
    rows: Sequence[str]
    """Numbered as `view` shows them."""
    notice: str
    """What is not shown and how to see it; "" when everything asked for is."""


def choose_lines(
    shown: str, lines: Sequence[str], view_range: Sequence[int] | None, characters_max: int = PAGE_CHARACTERS_MAX
) -> LinePage:
    """Choose whole lines that fit one answer.

    Args:
        shown: the file's path, for sentences.
        lines: all its lines.
        view_range: the first and the last line asked for, -1 for the end; None for the whole file.
        characters_max: how long the answer may be.

    Raises:
        Refusal: `invalid_argument` for a range outside the file or the wrong way round; `too_large` over 999,999
            lines.
    """
    count = len(lines)
    if count > LINES_MAX:
        raise Refusal("too_large", f"File {shown} exceeds maximum line limit of 999,999 lines.", path=shown)
    first, last = _checked(shown, view_range, count) if view_range is not None else (1, count)
    text_left = VIEW_CHARACTERS_MAX if view_range is None else characters_max
    answer_left = characters_max
    rows: list[str] = []
    for number in range(first, last + 1):
        line = lines[number - 1]
        row = f"{number:>{NUMBER_WIDTH}}\t{line}"
        text_left -= len(line) + 1
        answer_left -= len(row) + 1
        if text_left < -1 or answer_left < 0:
            if rows:
                break
            return _cut_line(number, count, row[: max(text_left, answer_left) + len(row)], line)
        rows.append(row)
    end = first + len(rows) - 1
    if end == last and view_range is None:
        return LinePage(first, end, rows, "")
    notice = f"[lines {first:,}-{end:,} of {count:,} shown"
    if end < last:
        notice += f"; go on with view_range=[{end + 1}, {last if last < count else -1}]"
    return LinePage(first, end, rows, notice + "]")


def _cut_line(number: int, count: int, row: str, line: str) -> LinePage:
    """A page of one line that is too long for an answer."""
    row = row[: NUMBER_WIDTH + 1 + VIEW_CHARACTERS_MAX]
    shown = len(row) - NUMBER_WIDTH - 1
    notice = (
        f"[line {number:,} of {count:,}, cut: {shown:,} of its {len(line):,} characters shown; "
        "grep shows what stands around a match further on"
    )
    if number < count:
        notice += f"; go on with view_range=[{number + 1}, -1]"
    return LinePage(number, number, [row], notice + "]")


def _checked(shown: str, view_range: Sequence[int], count: int) -> tuple[int, int]:
    asked = list(view_range)
    if len(asked) == 2:
        first, last = asked
        end = count if last == -1 else last
        if 1 <= first <= end <= count:
            return first, end
    raise Refusal(
        "invalid_argument",
        f"Invalid `view_range` parameter: {asked}. It should be two line numbers, the first not after the second, "
        f"within the range of lines of the file: [1, {count}]; -1 as the second means the end.",
        path=shown,
        lines=count,
    )
