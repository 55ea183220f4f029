"""What memories hold to be so, and what people said later: causes, ports, hosts, versions, owners.

A memory that blames X stays in it long after a thread has found that it was Y. Such a line is *contradicted* by a session whose
last plain word on the same subject names something else, or says that it was not X. It counts only where that is newer than
what the memory says: by a date in the memory, by the memory's own revision, or because it takes back X itself. What agrees with
a memory is no reason to change it and is not counted for it here: a thread may repeat what the memory says.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from dreamfs_server.dream.evidence.guard import objection, sayable
from dreamfs_server.dream.evidence.memories.relations import Said, first_clause, fits, read, words
from dreamfs_server.dream.evidence.memories.statements import is_identifier, statements, telling
from dreamfs_server.dream.evidence.people.cause_phrases import told as cause_or_fix
from dreamfs_server.dream.evidence.people.findings import CLEARED, HEDGED, NOT, alike, people
from dreamfs_server.dream.evidence.support import Place, is_rule, spread, support, told
from dreamfs_server.dream.material import Gathered, Memory, cite, cite_memory
from dreamfs_tools.dreaming import Card, Claim, Evidence
from dreamfs_tools.transcript import Event

sessions_min = 2
subject_shared_min = 0.7
_NOWHERE: Mapping[str, Place] = {}
_DATE = re.compile(r"\b(\d{4}-\d\d-\d\d)\b")


@dataclass(slots=True)
class Assertion:
    """One line of a memory that says what something is, or what it comes from."""

    memory: Memory
    start: int
    end: int
    relation: str
    subject: frozenset[str]
    value: frozenset[str]
    said_on: datetime | None
    """The day that the line or the file names, else of its revision."""
    against: dict[Place, "Contradiction"] = field(default_factory=dict[Place, "Contradiction"])
    held_at: list[datetime] = field(default_factory=list[datetime])
    """When a session still said what the memory says."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The last word of one session."""

    at: datetime
    value: str
    quote: Evidence
    takes_back: bool
    """It names what the memory says, and denies it."""


def assertions(memories: Sequence[Memory]) -> list[Assertion]:
    """What live memories hold to be so; lines already marked are left alone."""
    result: list[Assertion] = []
    for memory in memories:
        if "/archive/" in memory.path:
            continue
        day = _day(memory.text[:400])
        for statement in statements(memory):
            line = memory.text[statement.start : statement.end]
            if statement.heading or statement.fenced or "(contradicted" in line:
                continue
            for said in read(statement.text):
                said_on = _day(line) or day or memory.revised_at
                result.append(
                    Assertion(memory, statement.start, statement.end, said.relation, said.subject, said.value, said_on)
                )
                break
    return result


def compare(held: Sequence[Assertion], gathered: Gathered, place: Place) -> None:
    """Note what a session says in the end about what memories hold."""
    if not held:
        return
    about: _About | None = None
    last: dict[int, Contradiction | datetime] = {}
    for event, start, end, text in people(gathered):
        if event.at is None or HEDGED.search(text):
            continue
        said = list(read(text))
        bare = next(
            (first_clause(value) for topic, value, _ in cause_or_fix(text, in_thread=False) if topic == "cause"), ""
        )
        denied = [frozenset(telling(found["v"])) for found in NOT.finditer(text)]
        cleared = frozenset(telling(text)) if CLEARED.search(text) else frozenset[str]()
        if not (said or bare or denied or cleared):
            continue
        about = _about(gathered) if about is None else about
        for number, one in enumerate(held):
            takes_back = any(_names(one.value, other) for other in denied) or _names(one.value, cleared)
            value = _other(one, said, bare, about)
            if value is None and not (takes_back and (_is_about(one, about) or _names(one.subject, about.words))):
                continue
            if value is not None and not takes_back and (told_words := frozenset(telling(value))) & one.value:
                if alike(told_words, one.value) or told_words <= one.value:
                    last[number] = event.at
                continue  # else it shares something with what the memory says: neither the same nor another
            quote = _quote(gathered, event, start, end, value or "")
            if quote is not None:
                last[number] = Contradiction(event.at, value or "", quote, takes_back)
    for number, verdict in last.items():
        if isinstance(verdict, Contradiction):
            held[number].against.setdefault(place, verdict)
        else:
            held[number].held_at.append(verdict)


def assertion_cards(
    held: Sequence[Assertion], copies: frozenset[str], rooted: Mapping[str, Place] = _NOWHERE
) -> list[Card]:
    """Lines of memories that later sessions contradict, unless still later ones say the same again.

    Args:
        held: what memories hold, compared with all sessions.
        copies: sessions that count for nothing.
        rooted: session → where another one told of the same incident first.
    """
    cards: list[Card] = []
    for one in held:
        found = {
            _rooted(p, rooted): c
            for p, c in sorted(one.against.items())
            if p.session_id not in copies and _is_newer(one, c)
        }
        if not found or any(at >= max(c.at for c in found.values()) for at in one.held_at):
            continue
        rests = support(found)
        named = any(map(is_identifier, one.subject)) and any(c.takes_back for c in found.values())
        if rests.sessions < sessions_min and not named:
            continue
        days = sorted(f"{c.at:%Y-%m-%d}" for c in found.values())
        newest = max(found.values(), key=lambda c: (c.at, c.quote.source))
        span = f"from {days[0]} to {days[-1]}" if days[0] != days[-1] else f"on {days[0]}"
        line = " ".join(one.memory.text[one.start : one.end].split())
        text = f"`{one.memory.path}` is contradicted by what people said in {told(rests)}, {span}."
        evidence = [cite_memory(one.memory, one.start, one.end), *(found[p].quote for p in spread(found, 6))]
        said = [c.value for c in sorted(found.values(), key=lambda c: c.at) if c.value]
        cards.append(
            Card(
                number=0,
                miner="assertions",
                title=f"Contradicted: {line[:100]}",
                body="\n".join(
                    [text, f"- it says: {line}", *(f"- said instead: “{value}”" for value in dict.fromkeys(said[-3:]))]
                ),
                claims=[Claim(text, "rule" if is_rule(found) else "hypothesis", evidence, rests)],
                weight=1.0 + rests.sessions,
                data={
                    "path": one.memory.path,
                    "end": one.end,
                    "sessions": rests.sessions,
                    "span": span,
                    "newest": newest.quote,
                    "value": (agreed := _agreed(said))[0],
                    "agreed": agreed[1],
                },
            )
        )
    return cards


def _rooted(place: Place, rooted: Mapping[str, Place]) -> Place:
    first = rooted.get(place.session_id)
    return place if first is None else replace(place, root=first.root, day=first.day)


def _quote(gathered: Gathered, event: Event, start: int, end: int, value: str) -> Evidence | None:
    """The sentence as far as it may be told, with the value in it; None where it may not."""
    sentence = event.text[start:end]
    said = sayable(sentence, "value")
    if (
        objection(sentence, "wish")
        or not said
        or (said != sentence and value.split()[-1:] != [] and value.rsplit(maxsplit=1)[-1] not in said)
    ):
        return None
    quote = cite(gathered.session.session_id, event, start, start + len(said))
    return quote if quote.quote else None


def _other(
    one: Assertion,
    said: Sequence[Said],
    bare: str,
    about: "_About",
) -> str | None:
    """What a sentence says of the assertion's subject; None where it speaks of something else, or says nothing that fits."""
    for other in said:
        shared = len(other.subject & one.subject)
        same = shared >= subject_shared_min * min(len(other.subject), len(one.subject))
        if other.relation == one.relation and same and shared >= min(2, len(one.subject)):
            return other.named if fits(one.relation, one.value, other.named) else None
    if one.relation == "cause" and bare and _is_about(one, about) and fits("cause", one.value, bare):
        return bare
    return None


def _is_about(one: Assertion, about: "_About") -> bool:
    """Whether a session speaks of an assertion's subject: it has all its words, or a program posted a name among them."""
    return one.subject <= about.words or any(is_identifier(word) for word in one.subject & about.posted)


@dataclass(frozen=True, slots=True)
class _About:
    """The words that a session uses at its beginning, for what it is about."""

    words: frozenset[str]
    posted: frozenset[str]
    """Those that a program posts."""


def _about(gathered: Gathered) -> _About:
    first = [event for event in gathered.events[:8] if event.role != "assistant"]
    posted = [event.text[:600] for event in first if event.kind == "tool_result" and event.call_id in {"", event.tool}]
    text = " ".join([gathered.session.title, *(event.text[:600] for event in first)])
    return _About(words(text.replace("\n", " ")), words(" ".join(posted).replace("\n", " ")))


def _names(value: frozenset[str], words: frozenset[str]) -> bool:
    return bool(value) and len(value & words) >= 0.6 * len(value)


def _is_newer(one: Assertion, said: Contradiction) -> bool:
    if one.said_on is not None and said.at > one.said_on:
        return True
    return said.takes_back or any(at < said.at for at in one.held_at)


def _agreed(said: Sequence[str]) -> tuple[str, int]:
    """What at least two sessions, and more than half, say instead; and how many do."""
    for value in said:
        same = [other for other in said if alike(frozenset(telling(value)), frozenset(telling(other)))]
        if len(same) >= 2 and 2 * len(same) > len(said):
            return min(same, key=lambda text: (len(text), text)), len(same)
    return "", 0


def _day(text: str) -> datetime | None:
    found = _DATE.search(text)
    try:
        return datetime.fromisoformat(found[1]).replace(tzinfo=UTC) if found else None
    except ValueError:
        return None
