"""What people say in the end: what it was, and what ended it.

A thread guesses before it knows. So only plain sentences count, none with "I think", "maybe" or a question mark; and of several
the last one of a session does, since a later finding takes back an earlier one. It stays what it is, a claim of people.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dreamfs_server.dream.evidence.guard import may_tell, objection
from dreamfs_server.dream.evidence.memories.statements import is_value, telling
from dreamfs_server.dream.evidence.orders import Site, addresses_agents
from dreamfs_server.dream.evidence.people.cause_phrases import FILLERS, Topic, before_our_task, heading, told, value_of
from dreamfs_server.dream.evidence.said import is_a_clients, own_sentences
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.material import Gathered, cite
from dreamfs_tools.dreaming import Evidence
from dreamfs_tools.transcript import Event

alike_min = 0.6
_SENTENCE_CHARACTERS_MAX = 400
_TEXT_CHARACTERS_MAX = 20_000
HEDGED = re.compile(
    r"(?i)\b(?:i (?:think|guess|suspect|believe|wonder|bet)|maybe|perhaps|probably|possibly|might|may be|may have|could be|could have|suspect(?:ed|s)?"
    r"|guess(?:ing)?|likely|looks? like|seems?|appears?|not sure|unclear|unless|whether|assum\w+|hypothesis|theory|if it|first thought|initially)\b|\?\s*$"
)
_RETRACTED = re.compile(
    r"(?i)\b(?:scratch that|(?:i|we) (?:was|were) wrong|was wrong|red herring|ruled (?:it )?out|was fine after all|nope|retract|turns out not|not it after all|false lead|that wasn't it)\b"
)
_ENDING = re.compile(r"(?:ing|ed|es|s|e)$")
CLEARED = re.compile(
    r"(?i)\b(?:unrelated|innocent|a red herring|ruled out|not (?:to blame|the cause|involved|it|related)|was wrong|wasn't it|not at fault)\b"
)
NOT = re.compile(
    r"(?i)\b(?:not|never|wasn't|isn't|weren't)\s+(?:(?:the|a|an|by|because of|due to|caused by|our)\s+)*(?P<v>[^.;,]+)"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one session says in the end on one topic."""

    place: Place
    topic: Literal["cause", "fix", "denied"]
    value: str
    words: frozenset[str]
    quote: Evidence
    at: datetime | None


def findings(gathered: Gathered, place: Place, withheld: list[Site]) -> list[Finding]:
    """The last plain sentence of people on what it was, and on what ended it; and each that says what it was not.

    What may not be told is no finding and takes none back; where it stands is added to `withheld`.
    """
    last: dict[Topic, tuple[Finding, bool]] = {}
    denied: list[Finding] = []
    pending: Topic | None = None
    for event, start, end, text in people(gathered):
        headed = heading(text)
        if headed:
            pending = headed
            continue
        said: list[tuple[Topic, str, bool]] = list(told(text, in_thread=bool(event.speaker)))
        if pending and not text.startswith("#") and not any(topic == pending for topic, _, _ in said):
            said = [(pending, text, True)]
        pending = None
        if _RETRACTED.search(text):
            last.pop("cause", None)
        what_not = _denials(text)
        quote = cite(gathered.session.session_id, event, start, end) if said or what_not else None
        if quote is None or not quote.quote:
            continue
        denied += [Finding(place, "denied", "", words, quote, event.at) for words in what_not]
        for topic, named, sure in said:
            value = value_of(named)
            words = frozenset(telling(value))
            if not words or HEDGED.search(text):
                continue
            sentence = event.text[start:end]
            said_of_it = before_our_task(sentence)
            hard = objection(sentence, "wish")
            if hard or not (may_tell(value, topic, said_of_it) and may_tell(before_our_task(named), topic)):
                # What a person tells an agent to fix is no finding, and nothing that had to be held back.
                withheld += [(place.session_id, quote.lines[0])] if hard or event.speaker else []
                continue
            quote = cite(gathered.session.session_id, event, start, start + len(said_of_it))
            if sure or topic not in last or not last[topic][1]:
                last[topic] = Finding(place, topic, value, words, quote, event.at), sure
    return [*(last[topic][0] for topic in ("cause", "fix") if topic in last), *denied]


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
        if is_a_clients(event.text) or addresses_agents(event.text):
            continue
        for start, end, text in own_sentences(event.text):
            if len(text) <= _SENTENCE_CHARACTERS_MAX:
                yield event, start, end, text


def takes_back(denied: frozenset[str], value: frozenset[str]) -> bool:
    """Whether what a sentence denies is this: most of its telling words are in it."""
    value = _stems(value - FILLERS)
    return bool(value) and len(value & _stems(denied)) >= 0.6 * len(value)


def _denials(text: str) -> list[frozenset[str]]:
    found = [frozenset(telling(one["v"])) for one in NOT.finditer(text)]
    return [*found, frozenset(telling(text))] if CLEARED.search(text) else found


def alike(a: frozenset[str], b: frozenset[str]) -> bool:
    """Whether two short phrases say the same: the shorter one's telling words are all in the longer one, and are most of it.

    Similar is not the same: `script 12 has no owner` and `script 13 has no owner` are two causes.
    """
    if any(map(is_value, (a - FILLERS) ^ (b - FILLERS))):
        return False
    a, b = _stems(a - FILLERS), _stems(b - FILLERS)
    small, large = sorted((a, b), key=len)
    if len(small) < 2:
        return small == large and bool(small)
    return small <= large and len(small) >= alike_min * len(large)


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


def _stems(words: frozenset[str]) -> frozenset[str]:
    """Ordinary words without their endings: "saturates" and "saturating" say the same."""
    return frozenset(
        _ENDING.sub("", word) if word.isalpha() and word.islower() and len(word) > 5 else word for word in words
    )
