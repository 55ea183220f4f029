"""Recurring errors as evidence cards: the most costly first, with what was done next and how sessions with it ended."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from dreamfs_server.dream.evidence.errors.errors import Failure, Finding, recurring
from dreamfs_server.dream.evidence.errors.labels import AGAIN
from dreamfs_server.dream.evidence.errors.occurrence import occurrence_of
from dreamfs_server.dream.evidence.errors.recovery import Tally, shape, tallies
from dreamfs_server.dream.evidence.steps import Step
from dreamfs_server.dream.evidence.support import Place, is_rule, rule_sessions_min, spread, support, told
from dreamfs_server.dream.material import UNDATED
from dreamfs_tools.dreaming import Card, Claim, Evidence

cards_max = 60
evidence_max = 8
loop_failures_min = 10
ways_max, way_tried_min, way_evidence_max = 6, 3, 3
"""Of an error, that are claims of their own; what fewer sessions tried stands in the card's text only."""


def error_cards(
    all_failures: Sequence[Failure], places: Sequence[Place], done: Mapping[str, frozenset[str]]
) -> list[Card]:
    """One card a recurring error, most costly first; at most `cards_max`, those of a single session only as far as there is room.

    Args:
        all_failures: of all sessions, in any order.
        places: all sessions looked at, for what sessions without the error did.
        done: shape of a command → the sessions that ran it (`commands_of`).
    """
    cards = [_card(finding, places, done) for finding in recurring(all_failures)]
    cards.sort(key=lambda card: (card.claims[0].support.sessions < 2, -card.weight, card.title))
    return sorted(cards[:cards_max], key=lambda card: (-card.weight, card.title))


def commands_of(all_steps: Sequence[Step]) -> set[str]:
    """The shapes of all commands that a session ran."""
    return {shape(step.command) for step in all_steps if step.command} - {""}


def _card(finding: Finding, places: Sequence[Place], done: Mapping[str, frozenset[str]]) -> Card:
    members = finding.failures
    found = support(finding.places)
    # What another finding tells as well has its way out there.
    trials = ((f.place.root, trial, quote) for f in finding.own for trial, quote in f.trials)
    what_next = tallies(trials, done, len({place.root for place in places}))
    telling = [tally for tally in what_next if tally.tried >= 2 or tally.worked]
    best = next((tally for tally in telling if tally.worked >= 2 and tally.label not in AGAIN), None)
    expected = sum(failure.expected for failure in members) * 2 >= len(members)
    rule = is_rule({failure.place for failure in finding.own})
    statistics: dict[str, Any] = {
        "signature": finding.signature,
        "count": len(members),
        "sessions": found.sessions,
        "tasks": found.tasks,
        "days": found.days,
        "recovery": best.label if best else "",
        "recovered": best.worked if best else 0,
        "tried": best.tried if best else 0,
    }
    contrast = _contrast(finding.places, places)
    text = f"`{finding.signature}` failed {len(members)} call{'s' * (len(members) != 1)} in {told(found)}."
    if best:
        text += f" Next: {best.label}; that worked in {best.worked} of {best.tried} sessions that tried it."
    stuck = _stuck(finding.own)
    if stuck:
        text += f" No later attempt worked; {stuck} sessions tried again."
    claims = [
        Claim(
            text=text,
            kind="rule" if rule and not expected else "hypothesis" if not rule else "observed",
            evidence=[*_quotes(members), *_recovery_quotes(best)],
            support=found,
            statistics=statistics,
        ),
        *_ways(finding.signature, [tally for tally in telling if tally is not best]),
    ]
    body = [text, *_told_tallies(telling), *_told_contrast(contrast)]
    if expected:
        body.append("Perhaps a legitimate step (a check, a reproduction, a search that finds nothing), not a mistake.")
    if not rule:
        body.append("A hypothesis: a rule needs 3 sessions on 2 days, and 3 tasks where tasks are known.")
    return Card(
        number=0,
        miner="errors",
        title=finding.signature,
        body="\n".join(body),
        claims=claims,
        weight=0.2 * _saved(finding.own) if expected else _saved(finding.own),
        data={
            "signature": finding.signature,
            "tools": sorted({failure.tool for failure in members}),
            "programs": [program for program, _ in Counter(f.program for f in members if f.program).most_common(3)],
            "expected": expected,
            "rule": rule,
            "tallies": telling,
            "contrast": contrast,
            "about": Counter(failure.family for failure in members).most_common(1)[0][0],
            "in_any_words": bool(finding.family),
            "example": Counter(" ".join(f.words) for f in sorted(members, key=_order)).most_common(1)[0][0],
            "by_program": Counter(f.program or f.tool for f in sorted(members, key=_order)).most_common(3),
            "occurrence": occurrence_of(finding.places, places),
            "lost": _saved(members),
            "stuck": stuck,
            "days": sorted({place.day for place in finding.places} - {UNDATED}),
            "cost_calls": fmean(f.cost_calls for f in members if f.cost_calls)
            if any(f.cost_calls for f in members)
            else 0.0,
        },
    )


def _ways(signature: str, telling: Sequence[Tally]) -> list[Claim]:
    """What else was tried often enough to be told, each with its own quotes: a rule may name it, for or against."""
    often = [tally for tally in telling if tally.tried >= way_tried_min and tally.evidence][:ways_max]
    return [
        Claim(
            text=f"After `{signature}`: {tally.label}; that worked in {tally.worked} of {tally.tried} sessions that tried it.",
            kind="observed",
            evidence=[quote for _, quote in tally.evidence[:way_evidence_max]],
            statistics={"after": signature, "did": tally.label, "worked": tally.worked, "tried": tally.tried},
        )
        for tally in often
    ]


def _order(failure: Failure) -> tuple[Place, tuple[int, int]]:
    return failure.place, failure.quote.lines


def _quotes(members: Sequence[Failure]) -> list[Evidence]:
    first: dict[Place, Evidence] = {}
    for failure in members:
        first.setdefault(failure.place, failure.quote)
    return [first[place] for place in spread(first, evidence_max)]


def _recovery_quotes(best: Tally | None) -> list[Evidence]:
    return [quote for _, quote in best.evidence[:2]] if best else []


def _saved(members: Sequence[Failure]) -> float:
    """Calls that the error cost: for each known task the mean of its sessions, for sessions without a task their sum."""
    by_task: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for failure in members:
        by_task[failure.place.task or f"session {failure.place.root}"][failure.place.root] += failure.cost_calls
    return sum(fmean(costs.values()) for costs in by_task.values())


def _stuck(members: Sequence[Failure]) -> int:
    """How many sessions tried again, where no attempt ever worked; 0 where one did, or too few tried to say."""
    if any(failure.recovered for failure in members):
        return 0
    of_one = max(Counter(failure.place.root for failure in members).values(), default=0)
    if len(members) >= loop_failures_min and 2 * of_one > len(members):
        return 0  # one session's loop says nothing of what others would find
    again = len({failure.place.root for failure in members if failure.cost_calls > 1})
    return again if again >= rule_sessions_min else 0


def _told_tallies(telling: Sequence[Tally]) -> list[str]:
    return [f"- {tally.label}: worked in {tally.worked} of {tally.tried} sessions" for tally in telling[:5]]


def _contrast(with_error: set[Place], places: Sequence[Place]) -> Mapping[str, int]:
    """Outcomes with the error, without it in the same tasks, and of all; empty where fewer than 3 are known."""
    known = [place for place in set(places) if place.outcome]
    touched = [place for place in known if place in with_error]
    if len(touched) < 3:
        return {}
    tasks = {place.task for place in touched if place.task}
    same = [place for place in known if place.task in tasks and place not in with_error]
    return {
        "with": len(touched),
        "with_success": sum(place.outcome == "success" for place in touched),
        "same_tasks": len(same),
        "same_tasks_success": sum(place.outcome == "success" for place in same),
        "all": len(known),
        "all_success": sum(place.outcome == "success" for place in known),
        "tasks": len(tasks),
    }


def _told_contrast(contrast: Mapping[str, int]) -> list[str]:
    if not contrast:
        return []
    words = f"Of {contrast['with']} sessions with it, {contrast['with_success']} succeeded"
    if contrast["same_tasks"]:
        words += f"; of {contrast['same_tasks']} without it in the same {contrast['tasks']} tasks, {contrast['same_tasks_success']}"
    return [f"{words}; of all {contrast['all']}, {contrast['all_success']}."]
