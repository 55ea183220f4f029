"""What people say in the end: what it was, and what ended it.

A thread guesses before it knows. So only plain sentences count, none with "I think", "maybe" or a question mark; and of several
the last one of a session does, since a later finding takes back an earlier one. It stays what it is, a claim of people.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dreamfs_server.dream.evidence.memories.statements import is_value, telling
from dreamfs_server.dream.evidence.orders import addresses_agents
from dreamfs_server.dream.evidence.said import is_within_quotes, own_sentences
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Evidence
from dreamfs_tools.transcript import Event

Topic = Literal["cause", "fix", "denied"]
value_words_max = 12
alike_min = 0.6
_CLAUSE_WORDS_MIN = 2
"""Telling words of a clause that says something by itself."""
_FILLERS = frozenset(
    [
        "by",
        "of",
        "on",
        "in",
        "to",
        "for",
        "with",
        "from",
        "at",
        "and",
        "or",
        "had",
        "has",
        "have",
        "got",
        "again",
        "all",
        "too",
        "our",
        "their",
        "some",
        "one",
        "when",
        "while",
        "after",
        "s",
    ]
)
_SENTENCE_CHARACTERS_MAX = 400
_TEXT_CHARACTERS_MAX = 20_000
_NOT_A_PERSON = re.compile(r"^\s*<|^Caveat:|^\[Request interrupted|^This session is being continued|system-reminder")
HEDGED = re.compile(
    r"(?i)\b(?:i (?:think|guess|suspect|believe|wonder|bet)|maybe|perhaps|probably|possibly|might|may be|may have|could be|could have|suspect(?:ed|s)?"
    r"|guess(?:ing)?|likely|looks? like|seems?|appears?|not sure|unclear|unless|whether|assum\w+|hypothesis|theory|if it|first thought|initially)\b|\?\s*$"
)
_CAUSE = (
    re.compile(
        r"(?i)\broot cause(?: of [^:]{1,60}?)?(?: (?:was|is|turned out to be|found|confirmed))?\s*[:=-]?\s+(?:that )?(?P<v>.+)"
    ),
    re.compile(
        r"(?i)\b(?:was|is|were|are|been|it's)?\s?(?:actually |really |always |again |in fact )?caused by (?P<v>.+)"
    ),
    re.compile(
        r"(?i)\b(?:the |real |actual )*(?:cause|culprit|reason)(?: (?:of|for|behind) [^:.,;]{1,60}?)? (?:was|is|turned out to be)\s*:?\s+(?P<v>.+)"
    ),
    re.compile(
        r"(?i)(?:^|[.:;,()—–-])\W*(?:(?:the|so|and|ok|okay|final|main|same|real|actual|underlying)\W+)*(?:cause|culprit|ursache|causa)(?: (?:again|as [^:]{1,30}))?\s*[:=]\s*(?P<v>.+)"
    ),
    re.compile(r"(?i)\b(?:ursache|causa|culpable) (?:war|ist|fue|era|es|waren|sind)\s*:?\s+(?P<v>.+)"),
    re.compile(r"(?i)\bturned out (?:to be|it was|that it was)\s+(?P<v>.+)"),
    re.compile(r"(?i)\b(?:it|this|that) (?:was|is) (?:actually|really|in fact|in the end|after all)\s+(?P<v>.+)"),
)
_FIX = (
    re.compile(
        r"(?i)\b(?:fixed|resolved|mitigated|solved|cleared|cured)(?: it| this| that)? (?:by|with|after)\s+(?P<v>.+)"
    ),
    re.compile(r"(?i)^\W*(?:the )?(?:fix|resolution|mitigation|remedy|solution)(?: was)?\s*:?\s+(?P<v>.+)"),
    re.compile(r"(?i)\bwhat (?:helped|fixed it|resolved it)(?: was| is)?\s*:?\s+(?P<v>.+)"),
    re.compile(r"(?i)^(?P<v>[^,;:]{6,90}?) (?:fixed|resolved|solved|cleared|cured) (?:it|this|that)\b"),
    re.compile(
        r"(?i)^(?!.*\b(?:not|no|never|nothing|\w+n['’]?t)\b)(?P<v>[^,;:]{6,90}?) (?:worked|helped|did the trick)(?: again| too)?\W*$"
    ),
)
_HEADING = re.compile(
    r"(?i)^\W*(?:(?P<cause>(?:root )?causes?)|(?P<fix>resolution|mitigation|fix|remedy|solution))\W*$"
)
_CUT = re.compile(r"[;(\n]|, (?:not|and not|so|which|but|nothing)\b|\. |\bnot (?:the|a|because|by)\b| -- | — ")
_ASIDE = re.compile(r",\s+(?!.*(?:\band\b|\bor\b|&))")
"""What follows a finding after a comma; `x, y and z` are three things."""
_MARKS = re.compile(r"[`\"“”*]|(?<!\w)_+|_+(?!\w)")
"""Marks around words. `LOG_LEVEL` is a name."""
_RETRACTED = re.compile(
    r"(?i)\b(?:scratch that|(?:i|we) (?:was|were) wrong|was wrong|red herring|ruled (?:it )?out|was fine after all|nope|retract|turns out not|not it after all|false lead|that wasn't it)\b"
)
CLEARED = re.compile(
    r"(?i)\b(?:unrelated|innocent|a red herring|ruled out|not (?:to blame|the cause|involved|it|related)|was wrong|wasn't it|not at fault)\b"
)
NOT = re.compile(
    r"(?i)\b(?:not|never|wasn't|isn't|weren't)\s+(?:(?:the|a|an|by|because of|due to|caused by|our)\s+)*(?P<v>[^.;,]+)"
)
_DENIED = re.compile(r"(?i)\b(?:not|wasn't|isn't|weren't|never|no)\b[^,;]{0,12}$")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one session says in the end on one topic."""

    place: Place
    topic: Topic
    value: str
    words: frozenset[str]
    quote: Evidence
    at: datetime | None


def findings(gathered: Gathered, place: Place) -> list[Finding]:
    """The last plain sentence of people on what it was, and on what ended it; and each that says what it was not."""
    last: dict[Topic, Finding] = {}
    denied: list[Finding] = []
    pending: Topic | None = None
    for event, start, end, text in people(gathered):
        headed = _HEADING.match(text)
        if headed:
            pending = "cause" if headed["cause"] else "fix"
            continue
        said: list[tuple[Topic, str]] = list(_told(text))
        if pending and not text.startswith("#"):
            said = [(pending, text)]
        pending = None
        if _RETRACTED.search(text):
            last.pop("cause", None)
        if what_not := _denials(text):
            quote = cite(gathered.session.session_id, event, start, end)
            denied += [Finding(place, "denied", "", words, quote, event.at) for words in what_not if quote.quote]
        for topic, named in said:
            value = _value(named)
            words = frozenset(telling(value))
            if not words or HEDGED.search(text):
                continue
            quote = cite(gathered.session.session_id, event, start, end)
            if quote.quote:
                last[topic] = Finding(place, topic, value, words, quote, event.at)
    return [*(last[topic] for topic in ("cause", "fix") if topic in last), *denied]


def people(gathered: Gathered) -> Iterator[tuple[Event, int, int, str]]:
    """The sentences that people say in their own words, with the event and their place in its text."""
    for event in gathered.events:
        if (
            event.role != "user"
            or event.kind != "text"
            or event.origin == "self"
            or len(event.text) > _TEXT_CHARACTERS_MAX
        ):
            continue
        if _NOT_A_PERSON.search(event.text) or addresses_agents(event.text):
            continue
        for start, end, text in own_sentences(event.text):
            if len(text) <= _SENTENCE_CHARACTERS_MAX:
                yield event, start, end, text


def takes_back(denied: frozenset[str], value: frozenset[str]) -> bool:
    """Whether what a sentence denies is this: most of its telling words are in it."""
    value = value - _FILLERS
    return bool(value) and len(value & denied) >= 0.6 * len(value)


def _denials(text: str) -> list[frozenset[str]]:
    found = [frozenset(telling(one["v"])) for one in NOT.finditer(text)]
    return [*found, frozenset(telling(text))] if CLEARED.search(text) else found


def alike(a: frozenset[str], b: frozenset[str]) -> bool:
    """Whether two short phrases say the same: the shorter one's telling words are all in the longer one, and are most of it.

    Similar is not the same: `script 12 has no owner` and `script 13 has no owner` are two causes.
    """
    a, b = a - _FILLERS, b - _FILLERS
    small, large = sorted((a, b), key=len)
    if len(small) < 2:
        return small == large and bool(small)
    return small <= large and len(small) >= alike_min * len(large) and not any(map(is_value, large - small))


def grouped(found: Sequence[Finding]) -> list[list[Finding]]:
    """Findings that say the same, the largest group first; in any order of the sessions the same."""
    groups: list[list[Finding]] = []
    for one in sorted(found, key=lambda f: (len(f.words), f.value, f.place)):
        home = next((group for group in groups if alike(group[0].words, one.words)), None)
        if home is None:
            groups.append([one])
        else:
            home.append(one)
    return sorted(groups, key=lambda group: (-len({f.place.root for f in group}), group[0].value))


def _told(text: str) -> Iterator[tuple[Topic, str]]:
    topics: tuple[tuple[Topic, tuple[re.Pattern[str], ...]], ...] = (("cause", _CAUSE), ("fix", _FIX))
    for topic, patterns in topics:
        for pattern in patterns:
            found = pattern.search(text)
            if (
                found
                and not _DENIED.search(text[: found.start()])
                and not re.match(r"(?i)\s*not\b", found["v"])
                and not is_within_quotes(text, found.start("v"))
            ):
                yield topic, found["v"]
                break


def _value(text: str) -> str:
    """The first clause, without quotes and code marks."""
    text = _CUT.split(text.strip(), maxsplit=1)[0]
    first = _ASIDE.split(text, maxsplit=1)[0]
    if len(frozenset(telling(first)) - _FILLERS) >= _CLAUSE_WORDS_MIN:
        text = first
    return " ".join(_MARKS.sub("", text).strip(" .,:!-").split()[:value_words_max])
