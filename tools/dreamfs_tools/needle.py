"""A text that has to go, and how to find it in whatever form a copy of it has.

A copy is rarely the text alone. A tool call in a transcript has it as JSON, the proposal around a diff has it as JSON
of a diff, and an answer of `view` has a number before each line. So a text of several lines is searched for with what
may stand between its lines, as it is and escaped once and twice as JSON does it.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dreamfs_tools.errors import Refusal

REDACTED = "[redacted]"
NEEDLE_BYTES_MIN = 4
"""A shorter text is in places that have nothing to do with it."""
_ROUNDS_MAX = 20
_SAME_IN_EVERY_FORM = re.compile(r"[ !#-\[\]-~]+")
_LINE_BREAK = re.compile(r"\r?\n")

Escape = Callable[[str], str]


class Needle:
    """A text to find and what to put in its place.

    Attributes:
        text: without line breaks at its ends.
        replacement: what takes its place.
        probe: a part of it that is in every copy, whatever its form; "" where there is none. For a cheap first look.
    """

    def __init__(self, text: str, replacement: str = REDACTED) -> None:
        """Prepare the search.

        Raises:
            Refusal: `invalid_argument` for a text too short, or a replacement that has it.
        """
        self.text = text.strip("\r\n")
        self.replacement = replacement
        if len(self.text.encode()) < NEEDLE_BYTES_MIN or not self.text.strip():
            raise Refusal(
                "invalid_argument",
                f"The text to redact has to have at least {NEEDLE_BYTES_MIN} bytes, or it would be found in places that "
                "have nothing to do with it. Give more of the line around it.",
            )
        self.probe = max(_SAME_IN_EVERY_FORM.findall(self.text), key=len, default="")
        self._forms = _forms(self.text)
        if self.is_in(replacement):
            raise Refusal("invalid_argument", "The replacement has the text that is to be redacted in it.")

    def is_in(self, text: str) -> bool:
        """Whether a text has it, in any form."""
        return any(True for _ in self.spots(text))

    def spots(self, text: str) -> Iterator[int]:
        """Where it begins, as offsets in characters; form by form."""
        if self.probe in text:
            for form in self._forms:
                yield from (match.start for match in form.matches(text))

    def replaced(self, text: str) -> str:
        """A text without it."""
        return self._replaced(text, lambda form, _: form.escape(self.replacement))

    def replaced_by_line(self, text: str, replacement: str | None = None) -> str:
        """A text without it and with as many lines as before: each line of it is replaced for itself."""
        word = " ".join((self.replacement if replacement is None else replacement).split("\n"))

        def by_line(form: _Form, match: _Match) -> str:
            escaped = form.escape(word)
            return escaped + "".join(between + escaped for between in match.between)

        return self._replaced(text, by_line)

    def raw_forms(self) -> list[bytes]:
        """What is to be found nowhere on disk: a single line in its forms, or the lines of a longer text."""
        lines = [line for line in _LINE_BREAK.split(self.text) if len(line.strip().encode()) >= NEEDLE_BYTES_MIN]
        return list(dict.fromkeys(escape(line).encode() for line in lines for escape in _ESCAPES))

    def _replaced(self, text: str, put: "Callable[[_Form, _Match], str]") -> str:
        if self.probe not in text:
            return text
        for _ in range(_ROUNDS_MAX):
            before = text
            for form in self._forms:
                pieces: list[str] = []
                done = 0
                for match in form.matches(text):
                    pieces += [text[done : match.start], put(form, match)]
                    done = match.end
                text = "".join([*pieces, text[done:]])
            if text == before:
                return text
        raise Refusal(
            "invalid_argument",
            "With this replacement the text comes to be again from what is around it. Choose another.",
        )


@dataclass(frozen=True, slots=True)
class _Match:
    start: int
    end: int
    between: Sequence[str]
    """What stands between the lines: a line break and perhaps a prefix."""


class _Form:
    """The text as one kind of copy writes it."""

    def __init__(self, lines: Sequence[str], escape: Escape) -> None:
        self.escape = escape
        self.lines = [escape(line) for line in lines]
        self._break = escape("\n")
        self._breaks = re.compile(rf"(?:{re.escape(escape(chr(13)))})?{re.escape(self._break)}")
        self._prefixes = [re.compile(rf" {{0,5}}\d{{1,9}}{re.escape(escape(chr(9)))}"), re.compile("[-+ ]")]

    def matches(self, text: str) -> Iterator[_Match]:
        """Every place, one after the other."""
        start = text.find(self.lines[0])
        while start >= 0:
            match = self._at(text, start)
            if match is not None:
                yield match
            start = text.find(self.lines[0], match.end if match else start + 1)

    def _at(self, text: str, start: int) -> _Match | None:
        position = start + len(self.lines[0])
        between: list[str] = []
        for index, line in enumerate(self.lines[1:], 1):
            found = self._breaks.match(text, position)
            if found is None:
                return None
            prefixes = [prefix.match(text, found.end()) for prefix in self._prefixes]
            for at in (found.end(), *(prefix.end() for prefix in prefixes if prefix)):
                if text.startswith(line, at) and (index == len(self.lines) - 1 or self._ends(text, at + len(line))):
                    between.append(text[position:at])
                    position = at + len(line)
                    break
            else:
                return None
        return _Match(start, position, between)

    def _ends(self, text: str, position: int) -> bool:
        return self._breaks.match(text, position) is not None


def _plain(text: str) -> str:
    return text


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _ascii_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _json_twice(text: str) -> str:
    return _json(_json(text))


def _ascii_json_twice(text: str) -> str:
    return _json(_ascii_json(text))


_ESCAPES: tuple[Escape, ...] = (_ascii_json_twice, _json_twice, _ascii_json, _json, _plain)
"""The longest form first: each next one could be found inside it."""


def _forms(text: str) -> list[_Form]:
    """The different forms of a text; of equal ones the plainest counts, whose replacement is not escaped."""
    lines = _LINE_BREAK.split(text)
    found: dict[str, _Form] = {}
    for escape in _ESCAPES:
        form = _Form(lines, escape)
        found[escape("\n").join(form.lines)] = form
    return list(found.values())
