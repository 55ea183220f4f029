"""Search patterns: RE2 over a whole file's bytes, then the lines that hold a match.

A pattern comes from a model and must not be able to stop the server, so it runs on RE2: time linear in the text, a
bound on memory, and the GIL free meanwhile. What RE2 cannot do (lookaround, backreferences) is refused by name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import re2

from dreamfs_tools.errors import Refusal
from dreamfs_tools.pattern_syntax import Token, required_literal, tokens

PATTERN_CHARACTERS_MAX = 1_000
MEMORY_BYTES_MAX = 2 * 1024 * 1024
"""For one compiled pattern: its program and the states it makes while it runs."""

_RE2: Any = re2


@dataclass(frozen=True, slots=True)
class Hit:
    """A line that matches, as offsets into the file's bytes."""

    number: int
    """From 1."""
    start: int
    end: int
    """Without the newline."""
    match: int
    """Where in the file the first match of the line begins."""


class Pattern:
    """A compiled pattern; finds the lines of a text in which it matches.

    Attributes:
        literal: what every matching text must contain, case-sensitively; "" where nothing certain is known.
    """

    def __init__(self, pattern: str, *, literal: bool = False, ignore_case: bool = False) -> None:
        """Compile.

        Raises:
            Refusal: `invalid_argument` or `too_large`, saying what is wrong and what works instead.
        """
        _check_size(pattern)
        parts = [Token("char", character, character) for character in pattern] if literal else list(tokens(pattern))
        self.literal = required_literal(parts, ignore_case=ignore_case)
        source = _RE2.escape(pattern) if literal else "(?m)" + "".join(part.source for part in parts)
        self._regex = compile_bytes(source, shown=pattern, ignore_case=ignore_case)
        self._needle = pattern.encode() if literal and not ignore_case else b""

    def hits(self, text: bytes) -> Iterator[Hit]:
        """The matching lines of a UTF-8 text, in order. Lines end at LF; a final newline begins no further line."""
        size = len(text)
        last = size - 1 if text.endswith(b"\n") else size
        position, number, counted = 0, 1, 0
        while position <= last and size:
            match = self._find(text, position)
            if match < 0 or match > last:
                return
            number += text.count(b"\n", counted, match)
            start = text.rfind(b"\n", 0, match) + 1
            end = text.find(b"\n", match)
            end = size if end < 0 else end
            yield Hit(number, start, end, match)
            counted, position = end, end + 1

    def matches(self, text: bytes) -> bool:
        """Whether any line of a UTF-8 text matches."""
        return next(self.hits(text), None) is not None

    def _find(self, text: bytes, position: int) -> int:
        if self._needle:
            return text.find(self._needle, position)
        match = self._regex.search(text, position)
        return -1 if match is None else int(match.start())


def compile_bytes(source: str, *, shown: str, ignore_case: bool = False) -> Any:
    """Compile RE2 syntax for searching UTF-8 bytes; never matches a line's end.

    Raises:
        Refusal: `invalid_argument`, with RE2's reason about the pattern as it was `shown` to us.
    """
    options = _RE2.Options()
    options.max_mem = MEMORY_BYTES_MAX
    options.log_errors = False
    options.never_nl = True
    # Without groups a search stays on the fast automaton; nobody reads what a group captured.
    options.never_capture = True
    options.case_sensitive = not ignore_case
    try:
        return _RE2.compile(source.encode(), options)
    except _RE2.error as error:
        reason = error.args[0]
        words = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise Refusal(
            "invalid_argument",
            f"The pattern {shown} is not valid: {words.replace('(?m)', '')}. "
            "It is an RE2 regular expression; literal=true searches for the text as it stands.",
        ) from None


def _check_size(pattern: str) -> None:
    if not pattern:
        raise Refusal(
            "invalid_argument", "The pattern is empty. Give the text to look for; list shows which files there are."
        )
    if len(pattern) > PATTERN_CHARACTERS_MAX:
        raise Refusal(
            "too_large",
            f"The pattern has {len(pattern):,} characters; at most {PATTERN_CHARACTERS_MAX:,} are allowed.",
        )
    if "\n" in pattern:
        raise Refusal(
            "invalid_argument",
            "The pattern has a line end in it. A search looks within one line at a time: search for one of the lines.",
        )
    if "\0" in pattern:
        raise Refusal("invalid_argument", "The pattern has a NUL in it; no file holds one.")
