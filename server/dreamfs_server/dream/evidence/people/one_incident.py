"""Which sessions tell of one incident: a thread and the post-mortem that somebody writes of it in other words.

`copies.py` and `retellings.py` know what repeats another session's words. A post-mortem has words of its own, and is no second
observation for that. So what people say counts once an incident. Sessions tell of one where they show the same alert at the same time or
bear the same number; and a *document*, in which no two people talk, tells of the thread of its day (or of a day that it names) whose
alert it names, whose cause it gives, or whose rare words it has. Two threads that show one alert at two times are two incidents.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dreamfs_server.dream.evidence.memories.statements import is_identifier, telling
from dreamfs_server.dream.evidence.people.alerts import Firing
from dreamfs_server.dream.evidence.people.findings import Finding, alike
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.material import UNDATED, Gathered

same_firing_seconds_max = 300
beside_seconds_max = 3_600
"""A thread without an alert of its own, which names it, is about the one that fires while people talk."""
rare_shared_min = 3
"""Words, of which a name counts twice and one has to be there."""
rare_share_max = 0.1
rare_sessions_min = 4
"""A word is rare in so many sessions, or in a tenth of all."""
words_max = 400
days_max = 4
head_events = 3
_TEXT_CHARACTERS_MAX = 20_000
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_NUMBER = re.compile(
    r"\b(INC|OUT|OPS|SRE|PRB|PROB|ITSM)-(\d{1,8})\b|(?i:\b(incident|outage|ticket|post-?mortem)\s?(?:no\.?\s|number\s)?#?(\d{1,8})\b(?![-./]\d))"
)
_NAMED = re.compile(r"^@?[^\W\d_][\w.’'-]{0,30}:(?=\s+\S)")
_LONG = 6


@dataclass(frozen=True, slots=True)
class _Told:
    """What is kept of one session."""

    place: Place
    is_document: bool
    days: frozenset[str]
    numbers: frozenset[tuple[str, str]]
    fired: tuple[tuple[str, datetime], ...]
    window: tuple[datetime, datetime] | None
    words: frozenset[str]
    causes: tuple[frozenset[str], ...]


@dataclass(slots=True)
class Incidents:
    """The sessions met so far in which people talk, or somebody writes, about incidents."""

    _told: list[_Told] = field(default_factory=list[_Told])

    def meet(self, gathered: Gathered, place: Place, fired: Sequence[Firing], found: Sequence[Finding]) -> None:
        """Note one session; one in which an agent takes part is work of its own."""
        if (fired or found) and not any(event.role == "assistant" for event in gathered.events):
            self._told.append(_told(gathered, place, fired, found))

    def found(self, left_out: Mapping[str, str]) -> Mapping[str, Place]:
        """Session → the place of the one that tells of the same incident first.

        Args:
            left_out: sessions that count for nothing.
        """
        told = [one for one in self._told if one.place.session_id not in left_out]
        often = Counter(word for one in told for word in one.words)
        rare = {word for word, count in often.items() if count <= max(rare_sessions_min, rare_share_max * len(told))}
        buckets: dict[object, list[_Told]] = defaultdict(list)
        result: dict[str, Place] = {}
        for one in sorted(told, key=_first):
            keys = [*sorted(one.days - {UNDATED}), *sorted(one.numbers)]
            first = next((other for key in keys for other in buckets[key] if _same(one, other, rare)), None)
            if first is None:
                for key in keys:
                    buckets[key].append(one)
            elif first.place.root != one.place.root:
                result[one.place.session_id] = first.place
        return result


def _told(gathered: Gathered, place: Place, fired: Sequence[Firing], found: Sequence[Finding]) -> _Told:
    said = [event for event in gathered.events if event.role == "user" and event.kind == "text"]
    times = [event.at for event in gathered.events if event.at is not None]
    voices = [event.speaker or "".join(_NAMED.findall(event.text)[:1]) for event in said]
    narrated = any(e.at is None and not who and not e.text.startswith("#") for e, who in zip(said, voices, strict=True))
    is_document = narrated or len({*voices} - {""}) < 2
    head = "\n".join([gathered.session.title, *(event.text[:600] for event in said[:head_events])])
    text = "\n".join(event.text for event in said)[:_TEXT_CHARACTERS_MAX]
    days = {f"{at:%Y-%m-%d}" for at in times[:1] + times[-1:]} | {place.day}
    days |= set(_DAY.findall(text)[:days_max]) if is_document else set()
    words = {word for word in telling(text.replace("\n", " ")) if len(word) >= _LONG or is_identifier(word)}
    return _Told(
        place=place,
        is_document=is_document,
        days=frozenset(days),
        numbers=frozenset((a or b.lower(), n or m) for a, n, b, m in _NUMBER.findall(head)),
        fired=tuple(sorted({(one.name, one.at) for one in fired if one.posted and one.at is not None})),
        window=(min(times), max(times)) if times else None,
        words=frozenset(sorted(words)[:words_max]),
        causes=tuple(one.words for one in found if one.topic == "cause"),
    )


def _first(one: _Told) -> tuple[bool, bool, str, str]:
    """Threads with their alert come before threads without one, and those before documents."""
    return not one.fired, one.is_document, one.place.day, one.place.session_id


def _same(one: _Told, first: _Told, rare: set[str]) -> bool:
    if one.numbers & first.numbers:
        return True
    if {kind for kind, _ in one.numbers} & {kind for kind, _ in first.numbers}:
        return False
    shared = {name for name, _ in one.fired} & {name for name, _ in first.fired}
    if shared:
        return any(
            a == b and abs((at - then).total_seconds()) <= same_firing_seconds_max
            for a, at in one.fired
            for b, then in first.fired
        )
    names = {word for name, _ in first.fired for word in telling(name)[:1]}
    if names & one.words and (one.is_document or _beside(one, first)):
        return True
    if not one.is_document:
        return False
    if any(alike(a, b) for a in one.causes for b in first.causes):
        return True
    both = one.words & first.words & rare
    named = sum(map(is_identifier, both))
    return named > 0 and len(both) + named >= rare_shared_min


def _beside(one: _Told, first: _Told) -> bool:
    if one.window is None or first.window is None:
        return False
    apart = max((one.window[0] - first.window[1]).total_seconds(), (first.window[0] - one.window[1]).total_seconds())
    return apart <= beside_seconds_max
