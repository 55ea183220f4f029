"""Globs over paths: `*` stays within a segment, `**` crosses, a glob without a slash matches the last segment.

Beside those: `?` is one character, `[abc]` and `[!abc]` are one of a set, `{md,txt}` are alternatives, and a final
slash means everything below. A glob that starts with a slash is compared with the whole path, another one that holds
a slash with the path below the folder that was asked. Compiled to RE2, so that matching takes linear time.
"""

import re
from dataclasses import dataclass
from typing import Any

from dreamfs_tools.errors import Refusal
from dreamfs_tools.pattern import PATTERN_CHARACTERS_MAX, compile_bytes


@dataclass(frozen=True, slots=True)
class Glob:
    """A compiled glob; the empty one matches everything."""

    text: str
    _regex: Any

    @classmethod
    def parse(cls, text: str) -> "Glob":
        """Compile.

        Raises:
            Refusal: `invalid_argument` for a bracket that is not closed, `too_large` over 1,000 characters.
        """
        if len(text) > PATTERN_CHARACTERS_MAX:
            raise Refusal(
                "too_large", f"The glob has {len(text):,} characters; at most {PATTERN_CHARACTERS_MAX:,} are allowed."
            )
        return cls(text, compile_bytes(to_regex(text), shown=text) if text else None)

    def matches(self, shown: str, below: str = "") -> bool:
        """Whether a path matches.

        Args:
            shown: the whole path, `/memories/notes/a.md`.
            below: the folder that was asked, `/memories`; "" for `/`.
        """
        if self._regex is None:
            return True
        if self.text.startswith("/"):
            subject = shown
        elif "/" in self.text:
            subject = shown.removeprefix(below).removeprefix("/")
        else:
            subject = shown.rpartition("/")[2]
        return self._regex.fullmatch(subject.encode()) is not None


def to_regex(glob: str) -> str:
    """A glob as an RE2 expression that a whole path has to match.

    Raises:
        Refusal: `invalid_argument` for a bracket or brace that is not closed.
    """
    glob = f"{glob}**" if glob.endswith("/") else glob
    out: list[str] = []
    at = braces = 0
    while at < len(glob):
        if glob.startswith("**/", at) and (at == 0 or glob[at - 1] == "/"):
            out.append("(?:[^/]+/)*")
            at += 3
        elif glob.startswith("**", at):
            out.append(".+" if glob[at:] == "**" and glob[:at].endswith("/") else ".*")
            at += 2
        elif glob[at] == "[":
            end = _set_end(glob, at)
            out.append(_set(glob[at + 1 : end]))
            at = end + 1
        else:
            piece, opened = _single(glob[at], braces)
            out.append(piece)
            braces += opened
            at += 1
    if braces:
        raise _unclosed(glob, "{", "}")
    return "".join(out)


def _single(character: str, braces: int) -> tuple[str, int]:
    """The expression for one character, and by how much it deepens the braces."""
    if character == "*":
        return "[^/]*", 0
    if character == "?":
        return "[^/]", 0
    if character == "{":
        return "(?:", 1
    if character == "}" and braces:
        return ")", -1
    if character == "," and braces:
        return "|", 0
    return (re.escape(character) if character.isascii() else character), 0


def _set_end(glob: str, at: int) -> int:
    first = at + 2 if glob[at + 1 : at + 2] in {"!", "^"} else at + 1
    end = glob.find("]", first + 1)
    if end < 0:
        raise _unclosed(glob, "[", "]")
    return end


def _set(members: str) -> str:
    negated = members[0] in "!^"
    # A dash keeps its meaning of a range; all else is taken as it stands.
    body = "".join(c if c == "-" or not c.isascii() or c.isalnum() else f"\\{c}" for c in members[negated:])
    return f"[^/{body}]" if negated else f"[{body}]"


def _unclosed(glob: str, opening: str, closing: str) -> Refusal:
    return Refusal(
        "invalid_argument",
        f"The glob {glob} has a {opening} without its {closing}. Write [{opening}] for the character itself.",
    )
