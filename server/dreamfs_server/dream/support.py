"""How much a claim rests on: distinct sessions, days and tasks, and statistics that recompute.

The thresholds are DESIGN section 10 step 4: an error in 13 sessions that came from 6 tasks is 6 tasks' worth.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isclose
from typing import Any

from dreamfs_server.dream.citations import Cited
from dreamfs_tools.dreaming import Card, Claim, Evidence, Support

RULE_SESSIONS_MIN = 3
RULE_DAYS_MIN = 2
RULE_TASKS_MIN = 3

_SESSIONS = re.compile(
    r"(?<!of )\b(\d{1,3}(?:,\d{3})+|\d{1,9})(?: of \d[\d,]*)? (?:distinct |different |separate )?sessions?\b"
)
"""Of `3 of 7 sessions` the 3."""


def counted(cited: Sequence[Cited]) -> Support:
    """Count the distinct sessions, days and tasks of what supports; a sub-agent counts as the session it worked for."""
    sessions = [one.session for one in cited if one.session is not None and one.supports]
    return Support(
        sessions=len({session.parent or session.session_id for session in sessions}),
        days=len({session.started_at.date() if session.started_at else None for session in sessions}),
        tasks=len({session.task for session in sessions if session.task}),
    )


def with_statistics(claim: Claim, mined: Sequence[Card]) -> Claim:
    """Give an association the statistics of the card that it comes from: the one that shares a cited line.

    Nothing else gets any: a rule that a model words is worth the sessions that it quotes, not those of a card near by.
    """
    if claim.statistics or claim.kind != "association":
        return claim
    for card in mined:
        for one in card.claims:
            if one.statistics and one.kind == "association" and _share_lines(one.evidence, claim.evidence):
                return replace(claim, statistics=one.statistics)
    return claim


def mined_again(claim: Claim, mined: Sequence[Card]) -> Claim | None:
    """What mining again says of the same finding (`_NAMES`), or, for a claim without statistics, in the same words."""
    for card in mined:
        for one in card.claims:
            if claim.statistics:
                if _subject(one.statistics) == _subject(claim.statistics) != ():
                    return one
            elif (one.kind, one.text) == (claim.kind, claim.text) and _share_lines(one.evidence, claim.evidence):
                return one
    return None


def check(claim: Claim, cited: Sequence[Cited], mined: Sequence[Card]) -> tuple[Claim, list[str]]:
    """Give a claim its counted support, and what is wrong with it.

    Args:
        claim: as proposed. What it states of its statistics and support has to come out again.
        cited: its quotes, found.
        mined: the cards that mining this dream's transcripts again gives.
    """
    failures: list[str] = []
    support = counted(cited)
    again = mined_again(claim, mined)
    if claim.statistics:
        failures = differences(claim.statistics, again.statistics if again is not None else None)
        if again is not None and not failures and again.support.sessions:
            support = again.support
    elif claim.kind == "association":
        failures.append(
            "an association needs statistics that recompute: cite lines of the evidence card it comes from, or call it a "
            "hypothesis."
        )
    elif again is not None and claim.support == again.support != Support():
        support = again.support
    if not failures and claim.support not in {Support(), support}:
        failures.append(f"it says that it rests on {_told(claim.support)}; counted again it is {_told(support)}.")
    if claim.kind == "rule" and not failures and (lacks := _lacking(support, cited)):
        failures.append(
            f"a rule needs at least {RULE_SESSIONS_MIN} sessions on {RULE_DAYS_MIN} days, and {RULE_TASKS_MIN} tasks where "
            f"tasks are known; this one has {lacks}. Cite more, or call it a hypothesis and say its count."
        )
    if not claim.evidence:
        failures.append("it cites nothing; every claim needs at least one quote.")
    elif cited and claim.kind != "hypothesis" and not any(one.supports or one.memory for one in cited):
        failures.append(
            "it rests only on an agent's own words or record; call it a hypothesis and say that an agent claims it."
        )
    return replace(claim, support=support), failures


def says_a_count(claim: Claim) -> bool:
    """Whether a claim's words name a number of sessions."""
    return _SESSIONS.search(claim.text) is not None


def overstated(claim: Claim, cards: Sequence[Card]) -> list[str]:
    """What a claim's words say of sessions that neither its quotes nor a mined card which cites the same lines bears out.

    A claim with statistics is left out: those were recomputed.
    """
    if claim.statistics:
        return []
    mined = [one for card in cards for one in card.claims if _share_lines(one.evidence, claim.evidence)]
    known = [claim.support.sessions, *(one.support.sessions for one in mined)]
    known += [number for one in mined for number in one.statistics.values() if isinstance(number, int)]
    return [
        f"it says {found[0]!r}, but its quotes are of {_count(claim.support.sessions, 'session')}. Cite more, or say that "
        "number."
        for found in _SESSIONS.finditer(claim.text)
        if int(found[1].replace(",", "")) > max(known)
    ]


def with_count(claim: Claim) -> Claim:
    """A hypothesis says in its text how much it rests on; where it does not, the count is added."""
    if claim.kind != "hypothesis" or says_a_count(claim):
        return claim
    seen = f"seen in {_count(claim.support.sessions, 'session')}" if claim.support.sessions else "an agent's claim"
    return replace(claim, text=f"{claim.text.rstrip()} ({seen})")


def differences(stated: Mapping[str, Any], again: Mapping[str, Any] | None) -> list[str]:
    """What a claim's statistics say that recomputing does not."""
    if again is None:
        return ["its statistics do not recompute: mining again finds nothing of the kind."]
    return [
        f"its statistics say {key} is {value!r}; recomputed it is {again.get(key)!r}."
        for key, value in stated.items()
        if not _equal(value, again.get(key))
    ]


def _equal(stated: Any, again: Any) -> bool:
    if isinstance(stated, bool) or isinstance(again, bool):
        return stated is again
    if isinstance(stated, int | float) and isinstance(again, int | float):
        return isclose(stated, again, rel_tol=1e-9, abs_tol=1e-12)
    return bool(stated == again) or json.dumps(stated, default=str) == json.dumps(again, default=str)


def _subject(statistics: Mapping[str, Any]) -> tuple[Any, ...]:
    return next(
        ((key, *(statistics.get(name) for name in (key, *also))) for key, also in _NAMES.items() if key in statistics),
        (),
    )


_NAMES: Mapping[str, Sequence[str]] = {
    "signature": (),
    "lead": ("follow",),
    "error": ("condition",),
    "after": ("did",),
    "failing": (),
    "not_permitted": (),
    "wrong": (),
    "command": (),
    "program": ("folder",),
    "habit": (),
    "sought": ("found",),
    "takes": (),
    "awaits": (),
    "prints": ("kind",),
    "changed": ("with",),
    "reason": (),
    "declined": (),
}
"""What tells one mined finding from others of its kind: the key that only statistics of that kind have, and what else names it."""


def _told(support: Support) -> str:
    words = f"{_count(support.sessions, 'session')} on {_count(support.days, 'day')}"
    return words + (f", of {_count(support.tasks, 'task')}" if support.tasks else "")


def _lacking(support: Support, cited: Sequence[Cited]) -> str:
    sessions = [one.session for one in cited if one.session is not None and one.supports]
    tasks_known = support.tasks > 0 and all(session.task for session in sessions)
    enough = (
        support.sessions >= RULE_SESSIONS_MIN
        and support.days >= RULE_DAYS_MIN
        and (support.tasks >= RULE_TASKS_MIN or not tasks_known)
    )
    if enough:
        return ""
    words = f"{_count(support.sessions, 'session')} on {_count(support.days, 'day')}"
    return words + (f", of {_count(support.tasks, 'task')}" if tasks_known else "")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _share_lines(mined: Sequence[Evidence], cited: Sequence[Evidence]) -> bool:
    return any(
        one.source == other.source and one.lines[0] <= other.lines[1] and other.lines[0] <= one.lines[1]
        for one in mined
        for other in cited
    )
