"""What of a transcript may stand in a memory, and how.

A memory is read by every later session, so nothing that a tool printed may become an instruction there. The sentences of a
rule are ours; from a transcript come only short fragments, in code quotes, and none that reads as an order (`guard.py`).
"""

import re
import textwrap

from dreamfs_server.dream.evidence.guard import is_destructive, reads_as_order

fragment_characters_max = 120
name_characters_max = 160

_FORCED = re.compile(
    r"(?i)--force\b|\bsudo\b|--no-verify\b|reset\s+--hard|--break-system-packages|push\s+-f\b|--yes\b|--allow-\w+|--insecure\b|-k\b"
)


_REDACTED = "[redacted"
_FED = re.compile(r"^(?:echo|printf)\s.*\|\s*$")


def gives_away(text: str) -> bool:
    """Whether a piece of a command held a secret, or feeds an answer, such as a password, into what follows."""
    return _REDACTED in text or _FED.match(text.strip()) is not None


def is_forced(text: str) -> bool:
    """Whether a command in it goes past a guard; a person should look twice."""
    return _FORCED.search(text) is not None


def may_name(name: str) -> bool:
    """Whether a name out of a transcript may stand in a code quote: short, on one line, no order, nothing destructive."""
    return (
        len(name) <= name_characters_max
        and _REDACTED not in name
        and re.search(r"[`\n]", name) is None
        and not is_destructive(name)
        and not reads_as_order(name)
        and not reads_as_order(re.sub(r"[/_.:-]+", " ", name))
    )


def fragment(text: str) -> str:
    """A piece of a transcript as a code quote of one line; "" where it reads as an order, after its first sentence alone was tried."""
    line = " ".join(text.split())
    if reads_as_order(line):
        line = re.split(r"(?<=[.!?])\s", line, maxsplit=1)[0].rstrip(".")
        if reads_as_order(line) or len(line.split()) < 3:
            return ""
    if len(line) > fragment_characters_max:
        line = line[: fragment_characters_max - 1] + "…"
    fence = "``" if "`" in line else "`"
    return f"{fence} {line} {fence}" if fence == "``" else f"`{line}`"


def shortened(text: str, characters: int) -> str:
    """A text of one line for a title, cut between two words where it is longer."""
    result = textwrap.shorten(text, characters, placeholder=" …")
    return result if result != "…" else f"{text[: characters - 1]}…"


def slug(text: str, characters: int = 48) -> str:
    """A file name of the telling words of a text."""
    words = [
        word
        for word in re.findall(r"[a-z0-9]+", re.sub(r"<[\w*]+>", " ", text.lower()))
        if word not in {"error", "the", "a", "an", "is", "to", "of"}
    ]
    result = ""
    for word in words:
        if len(result) + len(word) + 1 > characters:
            break
        result += f"-{word}" if result else word
    return result or "note"
