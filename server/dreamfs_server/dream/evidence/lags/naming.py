"""What names an event: the words that stay the same when numbers, identifiers and log levels vary."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

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
    kept = dict.fromkeys(part for word in named for part in _constant(word))
    return " ".join(islice(kept, 14))


@lru_cache(8_192)
def _constant(word: str) -> tuple[str, ...]:
    """What of a word stays constant."""
    name, has_value, value = word.partition("=")
    if _LEVEL.match(word) or (has_value and name.lower() not in NAME_KEYS):
        return ()
    word = re.sub(r"\[\d+\]|^\w+/(?=[a-z])", "", _POD_HASH.sub("", value or word))
    parts = (part.strip(".-_") for part in _SPLIT.split(word))
    return tuple(
        part
        for part in parts
        if part and not any(map(str.isdigit, part)) and not _HEX_WORD.match(part) and _PART.search(part)
    )
