"""What memories hold to be so, and what people said later: causes, ports, hosts, versions, owners.

A memory that blames X stays in it long after a thread has found that it was Y. Such a line is *contradicted* by a session whose
last plain word on the same subject names something else, or says that it was not X. It counts only where that is newer than
what the memory says: by a date in the memory, by the memory's own revision, or because it takes back X itself. What agrees with
a memory is no reason to change it and is not counted for it here: a thread may repeat what the memory says.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dreamfs_server.dream.evidence.memories.statements import is_identifier, is_value, statements, telling
from dreamfs_server.dream.evidence.people.findings import CLEARED, HEDGED, NOT, alike, people
from dreamfs_server.dream.evidence.support import Place, is_rule, spread, support, told
from dreamfs_server.dream.material import Gathered, Memory, cite, cite_memory
from dreamfs_tools.dreaming import Card, Claim, Evidence

sessions_min = 2
subject_shared_min = 0.7
_BY = r"(?:is|are|was|were|gets?|got|comes?|came)?\s*(?:always |usually |mostly |again |actually |really )?(?:caused by|due to|because of|down to)"
_CAUSE = (
    re.compile(
        r"(?i)^.{0,30}?\b(?:cause|reason) (?:of|for|behind) (?P<s>[^:]+?)(?: (?:is|was|are|were)\b\s*:?|\s*:)\s+(?P<v>.+)$"
    ),
    re.compile(
        r"(?i)^(?P<s>[^:]{3,80}?)\s*(?::|—|–|\s-\s)\s*(?:(?:the|root|real|usual|main|known)\s+)*cause(?:\s+(?:is|was)\b\s*:?|\s*:)\s+(?P<v>.+)$"
    ),
    re.compile(
        r"(?i)^(?P<v>.+?) (?:is|are|was|were) (?:(?:usually|always|mostly|again|actually|really) )?(?:to blame|responsible|at fault|the (?:root |real |usual )?(?:cause|culprit|reason)) (?:for|of|behind) (?P<s>.+)$"
    ),
    re.compile(rf"(?i)^(?P<s>.+?)\s+{_BY}\s+(?P<v>.+)$"),
    re.compile(r"(?i)^(?P<v>.+?) (?:causes|caused|triggers|triggered|broke|breaks) (?P<s>.+)$"),
)
_BARE_CAUSE = re.compile(
    r"(?i)\b(?:root cause|real cause|cause|culprit|ursache|causa)\s*(?:was|is|turned out to be|ist|war|es|fue|:)\s+(?P<v>.+)$|\bturned out to be (?P<w>.+)$|\bit was (?:actually|really|in fact) (?P<x>.+)$"
)
_VALUE = re.compile(
    r"(?i)^(?P<s>.+?)\s+(?:(?:now |still )?(?:listens|runs|lives|sits|is hosted|is reachable|answers|is deployed)\s+(?:on|at|in)|(?:is )?(?:now |still )?(?:owned|maintained) by"
    r"|(?:is )?(?:now |still )?pinned to|belongs to|points to|moved to|was moved to|is now|uses|is|was changed to|changed to|=|:)\s+(?:the )?(?:port |host |version |team |on |at )?(?P<v>\S.*)$"
)
_OWNER = re.compile(r"(?i)\b(?:owned|maintained) by\b|\bbelongs to\b|\bowner\b")
_DATE = re.compile(r"\b(\d{4}-\d\d-\d\d)\b")
_CLAUSE = re.compile(r"[;(]|, (?:not|and|so|which|but)\b|\. | — ")
_COMMON = frozenset(
    [
        "issue",
        "problem",
        "incident",
        "outage",
        "error",
        "alert",
        "failure",
        "failures",
        "incidents",
        "problems",
        "errors",
        "alerts",
        "happens",
        "happened",
        "again",
        "when",
        "every",
    ]
)


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
            for said in _read(statement.text):
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
        said = list(_read(text))
        bare = _BARE_CAUSE.search(text)
        denied = [frozenset(telling(found["v"])) for found in NOT.finditer(text)]
        cleared = frozenset(telling(text)) if CLEARED.search(text) else frozenset[str]()
        if not (said or bare or denied or cleared):
            continue
        about = _about(gathered) if about is None else about
        for number, one in enumerate(held):
            takes_back = any(_names(one.value, words) for words in denied) or _names(one.value, cleared)
            value = _other(one, said, bare, about)
            if value is None and not (takes_back and (_is_about(one, about) or _names(one.subject, about.words))):
                continue
            if value is not None and not takes_back and (words := frozenset(telling(value))) & one.value:
                if alike(words, one.value) or words <= one.value:
                    last[number] = event.at
                continue  # else it shares something with what the memory says: neither the same nor another
            quote = cite(gathered.session.session_id, event, start, end)
            if quote.quote:
                last[number] = Contradiction(event.at, value or "", quote, takes_back)
    for number, verdict in last.items():
        if isinstance(verdict, Contradiction):
            held[number].against.setdefault(place, verdict)
        else:
            held[number].held_at.append(verdict)


def assertion_cards(held: Sequence[Assertion], copies: frozenset[str]) -> list[Card]:
    """Lines of memories that later sessions contradict, unless still later ones say the same again."""
    cards: list[Card] = []
    for one in held:
        found = {p: c for p, c in one.against.items() if p.session_id not in copies and _is_newer(one, c)}
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


@dataclass(frozen=True, slots=True)
class _Said:
    """What a sentence says something is, or what it comes from."""

    relation: str
    subject: frozenset[str]
    value: frozenset[str]
    named: str
    """The value in the sentence's own words."""


def _read(text: str) -> Iterator[_Said]:
    """Relation, subject and value of a sentence."""
    for pattern in _CAUSE:
        if found := pattern.match(text):
            named = _first_clause(found["v"])
            subject, value = _words(found["s"]) - _COMMON or _words(found["s"]), _words(named)
            if subject and value and len(subject) <= 12 and not re.search(r"(?i)\bnot\s*$", found["s"]):
                yield _Said("cause", subject, value, named)
                return
    found = _VALUE.match(text)
    if found:
        owner = _OWNER.search(text) is not None
        named = " ".join(_first_clause(found["v"]).split()[:4])
        subject, value = _words(found["s"]), _words(named)
        hard = frozenset(word for word in value if is_value(word) or is_identifier(word))
        if not owner:
            named = " ".join(word for word in telling(named) if word in hard)
        if subject and len(subject) <= 8 and (hard or (owner and value)):
            yield _Said("owner" if owner else "value", subject, value if owner else hard, named)


def _other(
    one: Assertion,
    said: Sequence[_Said],
    bare: re.Match[str] | None,
    about: "_About",
) -> str | None:
    """What a sentence says of the assertion's subject; None where it speaks of something else."""
    for other in said:
        shared = len(other.subject & one.subject)
        same = shared >= subject_shared_min * min(len(other.subject), len(one.subject))
        if other.relation == one.relation and same and shared >= min(2, len(one.subject)):
            return other.named
    if one.relation == "cause" and bare is not None and _is_about(one, about):
        return _first_clause(str(next(filter(None, bare.groups()))))
    return None


def _is_about(one: Assertion, about: "_About") -> bool:
    """Whether a session speaks of an assertion's subject: it has all its words, or a program posted a name among them."""
    return one.subject <= about.words or any(is_identifier(word) for word in one.subject & about.posted)


def _first_clause(text: str) -> str:
    return _CLAUSE.split(text)[0].strip(' .`"“”')


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
    return _About(_words(text.replace("\n", " ")), _words(" ".join(posted).replace("\n", " ")))


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


def _words(text: str) -> frozenset[str]:
    return frozenset(telling(text))


def _day(text: str) -> datetime | None:
    found = _DATE.search(text)
    try:
        return datetime.fromisoformat(found[1]).replace(tzinfo=UTC) if found else None
    except ValueError:
        return None
