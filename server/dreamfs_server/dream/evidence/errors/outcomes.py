"""Errors that go with failure, where logs know how their sessions ended.

An error that many failed sessions had may be why they failed, or may only come in tasks that fail anyhow. So each error is
told with three shares of failed sessions: with it, without it in the same tasks, and in all others. Whether it goes with failure beyond
its tasks is tested within each task, exactly; where a task always fails that test can say nothing, and the words say so. Sessions of
one task are repetitions of one experiment: an error needs three tasks where tasks are known, and three sessions in any case.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dreamfs_server.dream.evidence.chance import at_least_within, q_values
from dreamfs_server.dream.evidence.errors.errors import Finding
from dreamfs_server.dream.evidence.support import Place, rule_sessions_min, rule_tasks_min, spread, support, told
from dreamfs_tools.dream_pages import OUTCOMES
from dreamfs_tools.dreaming import Card, Claim, Evidence

q_max = 0.05
lift_min = 1.1
"""Of the share of failed sessions, against all others, below which an error is not told."""
shown_max = 10
evidence_max = 4


@dataclass(frozen=True, slots=True)
class Ending:
    """How sessions with one error ended, and others."""

    error: str
    places: frozenset[Place]
    """Sessions with it whose end is known."""
    failed: int
    same: int
    """Sessions without it in the same tasks."""
    same_failed: int
    others: int
    others_failed: int
    p_value: float
    quotes: Sequence[Evidence]


def outcome_cards(findings: Sequence[Finding], places: Sequence[Place]) -> list[Card]:
    """One card for all errors that go with failure; none where no outcomes are known.

    Args:
        findings: recurring errors.
        places: all sessions looked at.
    """
    known = sorted({place for place in places if place.outcome})
    endings = [one for finding in findings if (one := _ending(finding, known)) is not None]
    endings.sort(key=lambda one: (one.p_value, -one.failed, one.error))
    adjusted = q_values([one.p_value for one in endings], len(endings))
    told_ones = [(one, q) for one, q in zip(endings, adjusted, strict=True) if _is_worse(one)][:shown_max]
    if not told_ones:
        return []
    claims = [_claim(one, q) for one, q in told_ones]
    failed = sum(place.outcome != "success" for place in known)
    head = f"{failed} of {len(known)} sessions whose end is known failed. Which errors go with that (an association, no cause):"
    return [
        Card(
            number=0,
            miner=OUTCOMES,
            title=f"Errors that go with failure: {told_ones[0][0].error}",
            body="\n".join([head, *(f"- {claim.text}" for claim in claims)]),
            claims=claims,
            weight=float(sum(one.failed for one, q in told_ones if q <= q_max)),
        )
    ]


def _ending(finding: Finding, known: Sequence[Place]) -> Ending | None:
    had = finding.places
    touched = frozenset(place for place in known if place in had)
    rests = support(touched)
    if rests.sessions < rule_sessions_min or 0 < rests.tasks < rule_tasks_min:
        return None
    tasks = {place.task for place in touched}
    same = [place for place in known if place.task in tasks and place not in had] if rests.tasks else []
    others = [place for place in known if place not in had]
    first: dict[Place, Evidence] = {}
    for failure in sorted(finding.failures, key=lambda failure: (failure.place, failure.quote.lines)):
        if failure.place in touched:
            first.setdefault(failure.place, failure.quote)
    return Ending(
        finding.signature,
        touched,
        _failed(touched),
        len(same),
        _failed(same),
        len(others),
        _failed(others),
        at_least_within(_strata(touched, same if rests.tasks else others)),
        [first[place] for place in spread(first, evidence_max)],
    )


def _failed(places: Sequence[Place] | frozenset[Place]) -> int:
    return sum(place.outcome != "success" for place in places)


def _strata(touched: frozenset[Place], compared: Sequence[Place]) -> list[tuple[int, int, int, int]]:
    """Of each task: its sessions, those that failed, those with the error, and those that failed with it."""
    tasks: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for place in (*touched, *compared):
        row = tasks[place.task]
        row[0] += 1
        row[1] += place.outcome != "success"
        row[2] += place in touched
        row[3] += place in touched and place.outcome != "success"
    return [(row[0], row[1], row[2], row[3]) for _, row in sorted(tasks.items())]


def _is_worse(one: Ending) -> bool:
    if not one.others:
        return False
    return one.failed / len(one.places) >= lift_min * one.others_failed / one.others and one.failed > 0


def _claim(one: Ending, q: float) -> Claim:
    rests = support(one.places)
    text = (
        f"`{one.error}`: {one.failed} of {len(one.places)} sessions with it failed ({told(rests)}), {one.others_failed} of "
        f"{one.others} without it"
    )
    if rests.tasks and one.same:
        text += f", {one.same_failed} of {one.same} without it in the same tasks"
    elif rests.tasks:
        text += ", and no session of the same tasks was without it"
    beyond = q <= q_max
    text += f". It goes with failure beyond what its tasks do (q = {q:.2g})." if beyond and rests.tasks else (
        f" (q = {q:.2g})." if beyond else ". Perhaps its tasks are what fails: within them chance explains the difference." if rests.tasks
        else ". Chance explains the difference."
    )  # fmt: skip
    statistics: dict[str, Any] = {
        "failing": one.error,
        "with_it": len(one.places),
        "with_it_failed": one.failed,
        "same_tasks": one.same,
        "same_tasks_failed": one.same_failed,
        "others": one.others,
        "others_failed": one.others_failed,
        "sessions": rests.sessions,
        "tasks": rests.tasks,
        "days": rests.days,
        "q_value": float(f"{q:.3g}"),
    }
    return Claim(text=text, kind="observed", evidence=one.quotes, support=rests, statistics=statistics)
