"""What a redaction looks for: whole texts that have to go, and the lines of them that somebody may have quoted.

A quote is rarely of a whole file. A line that only the texts that go have, and that is long enough to say something, is
looked for too: in cards, proposals, transcripts, messages, other files. Lines that a text which stays has as well tell
nothing and are left.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import re2

from dreamfs_tools.needle import Needle

LINE_CHARACTERS_MIN = 16
"""A shorter line is in places that have nothing to do with it. Counted without blanks and list marks at its ends."""
_MARKS = " \t-*+>#|"
_PATTERN_CHARACTERS_MAX = 50_000
_PATTERN_BYTES_MAX = 1 << 28
_RE2: Any = re2


def telling_lines(going: Iterable[str], staying: Iterable[str]) -> list[str]:
    """The lines that only the texts that go have, without blanks and list marks at their ends; the longest first."""
    found = dict.fromkeys(line for text in going for line in _said(text) if len(line) >= LINE_CHARACTERS_MIN)
    for text in staying:
        for line in [line for line in found if line in text]:
            del found[line]
    return sorted(found, key=len, reverse=True)


def lines_count(texts: Iterable[str]) -> int:
    """How many different lines that say anything some texts have."""
    return len({line for text in texts for line in _said(text)})


class Sought:
    """Texts to find, and what to put in their place.

    Args:
        whole: each has to go wherever it is.
        lines: of longer texts; of each place it is known that it has no more than lines.

    Attributes:
        probe: a part that is in every copy of everything sought; "" where there is none. For a cheap first look.
    """

    def __init__(self, whole: Sequence[Needle], lines: Sequence[Needle] = ()) -> None:
        self.whole = whole
        self.lines = lines
        needles = [*whole, *lines]
        self.probe = needles[0].probe if len(needles) == 1 else ""
        self._patterns = [] if len(needles) < 2 else list(_patterns([needle.probe for needle in needles]))

    def is_in(self, text: str) -> bool:
        """Whether a text has any of it."""
        return self.lines_in(text) is not None

    def lines_in(self, *texts: str) -> int | None:
        """How much of it some texts have.

        Returns:
            0 for a whole text, else how many different lines; None for nothing.
        """
        maybe = [text for text in texts if self._may_have(text)]
        if any(needle.is_in(text) for text in maybe for needle in self.whole):
            return 0
        return sum(any(needle.is_in(text) for text in maybe) for needle in self.lines) or None

    def spots(self, text: str) -> list[tuple[int, int]]:
        """(line from 0, how many lines of it as `lines_in` counts): where a text has some of it."""
        if not self._may_have(text):
            return []
        found = {(text.count("\n", 0, at), 0) for needle in self.whole for at in needle.spots(text)}
        rest = self._without_whole(text)
        counts: dict[int, int] = {}
        for needle in self.lines:
            for line in {rest.count("\n", 0, at) for at in needle.spots(rest)}:
                counts[line] = counts.get(line, 0) + 1
        return sorted(found | set(counts.items()))

    def replaced(self, text: str, *, lines: bool = True) -> str:
        """A text without it; `lines` says whether its lines go too."""
        if self._may_have(text):
            for needle in self.whole:
                text = needle.replaced(text)
            text = self._without_lines(text, None) if lines else text
        return text

    def replaced_by_line(self, text: str, replacement: str | None = None, *, lines: bool = True) -> str:
        """A text without it and with as many lines as before."""
        if self._may_have(text):
            text = self._without_whole(text, replacement)
            text = self._without_lines(text, replacement) if lines else text
        return text

    def raw_forms(self) -> list[bytes]:
        """What is to be found nowhere on disk, unless some row has it for itself."""
        return list(dict.fromkeys(form for needle in [*self.whole, *self.lines] for form in needle.raw_forms()))

    def _without_whole(self, text: str, replacement: str | None = None) -> str:
        for needle in self.whole:
            text = needle.replaced_by_line(text, replacement)
        return text

    def _without_lines(self, text: str, replacement: str | None) -> str:
        for needle in self.lines:
            text = needle.replaced_by_line(text, replacement)
        return text

    def _may_have(self, text: str) -> bool:
        if not self._patterns:
            return self.probe in text if self.whole or self.lines else False
        return any(pattern.search(text) is not None for pattern in self._patterns)


def _said(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if said := line.strip(_MARKS):
            yield said


def _patterns(probes: Sequence[str]) -> Iterator[Any]:
    """One search for many texts at once; several where it would be too long. An empty probe is in every text."""
    options = _RE2.Options()
    options.max_mem = _PATTERN_BYTES_MAX
    options.log_errors = False
    part: list[str] = []
    size = 0
    for probe in dict.fromkeys(probes):
        part.append(_RE2.escape(probe))
        size += len(probe)
        if size > _PATTERN_CHARACTERS_MAX:
            yield _RE2.compile("|".join(part), options)
            part, size = [], 0
    if part:
        yield _RE2.compile("|".join(part), options)
