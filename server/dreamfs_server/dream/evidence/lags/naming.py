"""What names an event: the words that stay the same when numbers, identifiers and log levels vary."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

NAME_KEYS = (
    "alertname", "event", "event_type", "reason", "type", "name", "title", "service", "source", "app", "job", "namespace", "component",
    "kind", "object", "host", "msg", "message", "summary", "text",
)  # fmt: skip
DROPPED_KEYS = frozenset(
    (
        "severity",
        "level",
        "instance",
        "pod",
        "fingerprint",
        "status",
        "prometheus",
        "monitor",
        "endpoint",
        "container",
        "uid",
        "id",
    )
)
_LEVEL = re.compile(
    r"^\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRIT|CRITICAL|FATAL|Warning|Normal|level=\w+|severity=\w+)\]?:?$"
    r"|^(?i:\[(?:trace|debug|info|notice|warn|warning|error|crit|critical|alert|emerg|fatal)\]:?|(?:trace|debug|info|notice|warn|warning|error):)$"
)
_POD_HASH = re.compile(r"-(?=[a-z0-9]*\d)[a-z0-9]{5,10}-[a-z0-9]{5}\b|-(?=[a-z0-9]*\d)[a-z0-9]{8,10}\b")
_PART = re.compile(r"[^\W\d_]+")
_SPLIT = re.compile(r"[^\w.-]+")
_HEX_WORD = re.compile(r"^[a-f]{5,}$")


@dataclass(frozen=True, slots=True)
class Told:
    """One event as a tool's output tells it."""

    at: float
    """Seconds, UTC."""
    words: Sequence[str]
    """What names it."""
    start: int
    end: int
    """Offsets of its text."""
    within: float = 0.0
    """Seconds by which the event may have been earlier or later, where its time is rounded."""


def words(text: str) -> list[str]:
    """The words of a text that names an event."""
    return text[:400].split()


def type_of(named: Sequence[str]) -> str:
    """What stays constant: the words without levels, numbers and identifiers; a service keeps its name, a pod loses its hash."""
    kept: list[str] = []
    for word in named:
        if _LEVEL.match(word):
            continue
        name = word.partition("=")[0] if "=" in word else word
        if "=" in word and name.lower() not in NAME_KEYS:
            continue
        word_ = _POD_HASH.sub("", word.partition("=")[2] or word)
        word_ = re.sub(r"\[\d+\]|^\w+/(?=[a-z])", "", word_)
        for part in _SPLIT.split(word_):
            plain = part.strip(".-_")
            if (
                not plain
                or any(letter.isdigit() for letter in plain)
                or _HEX_WORD.match(plain)
                or not _PART.search(plain)
            ):
                continue
            if plain not in kept:
                kept.append(plain)
    return " ".join(kept[:14])
