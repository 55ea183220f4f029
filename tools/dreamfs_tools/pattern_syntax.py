r"""The syntax of a search pattern: taken apart, so that it can be translated to RE2 and skipped ahead with.

Three things are done to a pattern. `\w` and `\W` mean letters and numbers of all scripts, where RE2 means ASCII.
What RE2 lacks is refused by name. And a literal that every match contains is found, so that files without it need
not be searched.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from dreamfs_tools.errors import Refusal

Kind = Literal["char", "set", "open", "flags", "close", "or", "repeat", "edge"]

WORD = r"\p{L}\p{N}_"
r"""What `\w` stands for inside a character class."""

_GROUP = re.compile(r"\((?:\?(?:P?<[A-Za-z_]\w*>|[a-zA-Z-]*[:)]))?")
_REPEAT = re.compile(r"(?:[*+?]|\{(\d+)(?:,\d*)?\})\??")
_ESCAPE = re.compile(r"\\(?:[pP](?:\{[^}]*\}|.)|x(?:\{[0-9A-Fa-f]*\}|[0-9A-Fa-f]{1,2})|0[0-7]{0,2}|.)", re.DOTALL)
_LACKING = {
    "(?=": "lookahead (?=…)",
    "(?!": "lookahead (?!…)",
    "(?<=": "lookbehind (?<=…)",
    "(?<!": "lookbehind (?<!…)",
    "(?P=": "a backreference (?P=…)",
    "(?>": "an atomic group (?>…)",
    "(?#": "a comment (?#…)",
    "(?(": "a conditional (?(…)",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a pattern."""

    kind: Kind
    source: str
    """As RE2 reads it."""
    char: str = ""
    """For `char`, the one character it matches."""
    optional: bool = False
    """For `repeat`: none at all will do."""


def tokens(pattern: str) -> Iterator[Token]:
    """Take a pattern apart and translate each piece to RE2.

    Raises:
        Refusal: `invalid_argument` for what RE2 cannot do, naming it.
    """
    at = 0
    while at < len(pattern):
        piece, token = _next(pattern, at)
        yield from token
        at += len(piece)


def _next(pattern: str, at: int) -> tuple[str, list[Token]]:
    character = pattern[at]
    if character == "\\":
        return _escape(pattern, at)
    if character == "[":
        return _class(pattern, at)
    if character == "(":
        for start, name in _LACKING.items():
            if pattern.startswith(start, at):
                raise _lacks(name)
        match = _GROUP.match(pattern, at)
        piece = match.group() if match else "("
        return piece, [Token("flags" if piece.endswith(")") else "open", piece)]
    if match := _REPEAT.match(pattern, at):
        least = match.group(1)
        optional = character in "*?" or (least is not None and int(least[:4]) == 0)
        return match.group(), [Token("repeat", match.group(), optional=optional)]
    kinds: dict[str, Kind] = {")": "close", "|": "or", ".": "set", "^": "edge", "$": "edge"}
    kind = kinds.get(character, "char")
    return character, [Token(kind, character, character if kind == "char" else "")]


def _escape(pattern: str, at: int) -> tuple[str, list[Token]]:
    match = _ESCAPE.match(pattern, at)
    if match is None:
        return "\\", [Token("set", "\\")]  # a lone backslash at the end: RE2 says so
    piece = match.group()
    after = piece[1]
    if after == "Q":
        end = pattern.find("\\E", at)
        end = len(pattern) if end < 0 else end
        quoted = pattern[at + 2 : end]
        return pattern[at : end + 2], [Token("char", re.escape(c) if c.isascii() else c, c) for c in quoted]
    if after in "123456789" or after in "kg":
        raise _lacks(f"a backreference {piece}")
    if after == "C":
        raise _lacks("a single byte \\C")
    if after == "n":
        raise Refusal(
            "invalid_argument",
            "The pattern asks for a line end (\\n). A search looks within one line at a time: search for one of the lines.",
        )
    if after in "wW":
        return piece, [Token("set", f"[{'^' if after == 'W' else ''}{WORD}]")]
    if after in "bB":
        return piece, [Token("edge", piece)]
    if after in "AzZ":  # one line at a time: the text's edges are the line's
        return piece, [Token("edge", "^" if after == "A" else "$")]
    if after.isascii() and not after.isalnum():
        return piece, [Token("char", piece, after)]
    return piece, [Token("set", piece)]


def _class(pattern: str, at: int) -> tuple[str, list[Token]]:
    r"""A character class, with `\w` and `\W` inside it meaning all scripts."""
    end = at + 1
    negated = pattern.startswith("^", end)
    end += negated
    first, members, outside = end, [""], False
    while end < len(pattern) and (pattern[end] != "]" or end == first):
        if pattern.startswith("[:", end) and (close := pattern.find(":]", end)) > 0:
            piece = member = pattern[end : close + 2]
        elif pattern[end] == "\\" and (match := _ESCAPE.match(pattern, end)):
            piece = match.group()
            outside = outside or piece == r"\W"
            member = {r"\w": WORD, r"\W": ""}.get(piece, piece)
        else:
            piece = member = pattern[end]
        members.append(member)
        end += len(piece)
    body = "".join(members)
    piece = pattern[at : end + 1]
    if end >= len(pattern):
        return piece, [Token("set", piece)]  # not closed: RE2 says so
    if not outside:
        return piece, [Token("set", f"[{'^' if negated else ''}{body}]")]
    if not body:
        return piece, [Token("set", f"[{'' if negated else '^'}{WORD}]")]
    if negated:
        raise Refusal(
            "invalid_argument",
            f"The class {piece} takes something away from \\W, which cannot be written for all scripts. "
            "Name what it should match, for example [\\p{L}] for letters or [\\p{L}\\p{N}] for letters and numbers.",
        )
    return piece, [Token("set", f"(?:[^{WORD}]|[{body}])")]


def _lacks(name: str) -> Refusal:
    return Refusal(
        "invalid_argument",
        f"The pattern uses {name}, which this search does not have (it is RE2, so that no pattern can run for ever). "
        "Search for the plain part, or twice.",
    )


def required_literal(parts: Sequence[Token], *, ignore_case: bool = False) -> str:
    """The longest literal that every text with a match contains; "" where none is certain.

    Args:
        parts: the pattern.
        ignore_case: then only characters that have no case count, and those are taken from ASCII.
    """
    if any(part.kind == "flags" or (part.kind == "open" and "i" in part.source.partition("<")[0]) for part in parts):
        ignore_case = True
    literal, _ = _longest(parts, 0, ignore_case)
    return literal


def _longest(parts: Sequence[Token], at: int, ignore_case: bool) -> tuple[str, int]:
    """The longest literal of the alternatives that begin at `at`, and where their group closes."""
    best = run = ""
    alternatives = False
    while at < len(parts) and parts[at].kind != "close":
        part = parts[at]
        after = parts[at + 1] if at + 1 < len(parts) else None
        if part.kind == "open":
            inner, at = _longest(parts, at + 1, ignore_case)
            after = parts[at + 1] if at + 1 < len(parts) else None
            run = ""
            if not _may_miss(after):
                best = max(best, inner, key=len)
        elif part.kind == "or":
            alternatives = True
        elif part.kind == "char" and not _may_miss(after) and (not ignore_case or _has_no_case(part.char)):
            run += part.char
            best = max(best, run, key=len)
            if after is not None and after.kind == "repeat":
                run = ""
        elif part.kind != "edge":
            run = ""
        at += 1
    return ("" if alternatives else best), at


def _may_miss(after: Token | None) -> bool:
    return after is not None and after.kind == "repeat" and after.optional


def _has_no_case(character: str) -> bool:
    return character.isascii() and not character.isalpha()
