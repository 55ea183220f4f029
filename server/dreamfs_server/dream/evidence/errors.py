"""Recurring tool errors: what fails again and again, what was done next, and how often that then worked.

Every failed call gives one signature line (`signature.py`); masked lines are grouped into templates (`templates.py`). Words
that a mask hid but that never vary are put back, and a value that recurs often enough on its own (one wrong directory,
one missing module) becomes a finding of its own. Errors are counted over distinct sessions, days and tasks; the weight is
the number of calls that the error cost, per task where tasks are known, because four runs of one task are one experiment.

Where outcomes are known, a finding says how sessions with the error ended against sessions of the same tasks
without it: a task that is hard anyway has both its errors and its failures.

A recurring error can be a legitimate step (a failing test while fixing a bug, `grep` that finds nothing). Such findings say
so and are not made into rules.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from dreamfs_server.dream.evidence.labels import REPEAT
from dreamfs_server.dream.evidence.legitimate import is_legitimate
from dreamfs_server.dream.evidence.recovery import Tally, Trial, episode, shape, tallies
from dreamfs_server.dream.evidence.signature import (
    Signature,
    exit_code,
    is_masked,
    mask,
    rule_of,
    signature,
)
from dreamfs_server.dream.evidence.steps import Step, first_line_span
from dreamfs_server.dream.evidence.support import (
    Place,
    is_rule,
    rule_sessions_min,
    rule_tasks_min,
    spread,
    support,
    told,
)
from dreamfs_server.dream.evidence.templates import WILDCARD, templates
from dreamfs_server.dream.material import UNDATED, Gathered, cite
from dreamfs_tools.dreaming import Card, Claim, Evidence

cards_max = 60
evidence_max = 8
split_sessions_min = 3


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed call."""

    place: Place
    tool: str
    program: str
    words: tuple[str, ...]
    masked: tuple[str, ...]
    quote: Evidence
    trials: Sequence[tuple[Trial, Evidence | None]]
    cost_calls: int
    """0 for a failure that is a further attempt after one already counted."""
    recovered: bool
    expected: bool
    """Perhaps a legitimate step."""
    key: tuple[str, str]
    """The same event copied into another session (a resumed or forked conversation) has the same key; "" when undated."""


def failures(gathered: Gathered, place: Place, all_steps: Sequence[Step]) -> list[Failure]:
    """The failed calls of one session."""
    result: list[Failure] = []
    counted: dict[int, tuple[str, ...]] = {}
    for step in all_steps:
        if not step.failed or step.result is None:
            continue
        found = signature(step.result.text)
        if found is None:
            continue
        words, masked = mask(_told_signature(found, step))
        quote = cite(gathered.session.session_id, step.result, found.start, found.end)
        if not masked or not quote.quote:
            continue
        after = episode(all_steps, step)
        again = counted.get(step.position) == masked
        for position in after.attempts:
            counted[position] = masked
        result.append(
            Failure(
                place=place,
                tool=step.tool,
                program=step.program,
                words=words,
                masked=masked,
                quote=quote,
                trials=[(trial, _quote_of(gathered.session.session_id, trial.step)) for trial in after.trials],
                cost_calls=0 if again else after.cost_calls,
                recovered=after.recovered_by is not None,
                expected=is_legitimate(found, step),
                key=(step.result.at.isoformat(), found.line) if step.result.at is not None else ("", ""),
            )
        )
    return result


def _told_signature(found: Signature, step: Step) -> str:
    """The signature line; where there is nothing but an exit code, with the program, since a bare code names nothing."""
    if found.bare:
        text = step.result.text if step.result is not None else ""
        code = exit_code(text)
        said = f"exit code {code} and no message" if code else "an error without a message"
        return f"{said} from {step.program or step.tool}"
    return rule_of(found.line) or found.line


def _quote_of(session_id: str, step: Step) -> Evidence | None:
    if step.call is None:
        return None
    text = step.call.text
    at = -1
    for value in (step.given.get("command"), step.file):
        if isinstance(value, str) and value:
            at = text.find(value.split("\n", 1)[0])
            if at >= 0:
                end = text.find("\n", at)
                quote = cite(session_id, step.call, at, len(text) if end < 0 else end)
                return quote if quote.quote else None
    quote = cite(session_id, step.call, *first_line_span(text))
    return quote if quote.quote else None


@dataclass(slots=True)
class Finding:
    """One recurring error."""

    words: Sequence[str]
    """Of its signature; a mask or a wildcard where it leaves something open."""
    failures: list[Failure] = field(default_factory=list[Failure])

    @property
    def signature(self) -> str:
        """The line that tells it."""
        return " ".join(self.words)

    @property
    def places(self) -> set[Place]:
        return {failure.place for failure in self.failures}


def recurring(all_failures: Sequence[Failure]) -> list[Finding]:
    """Failures in at least two sessions, grouped by what is the same in them."""
    unique = _once(all_failures)
    template_of = templates(failure.masked for failure in unique)
    groups: dict[tuple[str, ...], list[Failure]] = defaultdict(list)
    for failure in unique:
        groups[template_of[failure.masked]].append(failure)
    result: list[Finding] = []
    for words, members in groups.items():
        result.extend(_split(words, members))
    return [finding for finding in result if support(finding.places).sessions >= 2]


def _once(all_failures: Sequence[Failure]) -> list[Failure]:
    """Drops copies of one event: a resumed conversation repeats the log of the one it goes on from."""
    ordered = sorted(all_failures, key=lambda failure: (failure.place, failure.quote.lines))
    seen: dict[tuple[str, str], str] = {}
    result: list[Failure] = []
    for failure in ordered:
        if failure.key[0] and seen.setdefault(failure.key, failure.place.session_id) != failure.place.session_id:
            continue
        result.append(failure)
    return result


def _split(words: tuple[str, ...], members: list[Failure]) -> list[Finding]:
    """Puts back what never varies, and takes out values that recur often enough on their own."""
    varying = [i for i, word in enumerate(words) if is_masked(word)]
    result: list[Finding] = []
    rest = members
    while True:
        best: tuple[int, int, str] | None = None
        for i in varying:
            if words[i] in ("<n>", "<time>"):
                continue
            values = Counter((value, root) for value, root in {(f.words[i], f.place.root) for f in rest})
            roots = Counter(value for value, _ in values)
            if len(roots) < 2:
                continue
            for value, count in roots.items():
                chosen = {f.place for f in rest if f.words[i] == value}
                if count >= split_sessions_min and _often(chosen):
                    candidate = (count, -i, value)
                    best = max(best, candidate) if best is not None else candidate
        if best is None:
            break
        _, minus_i, value = best
        taken = [f for f in rest if f.words[-minus_i] == value]
        rest = [f for f in rest if f.words[-minus_i] != value]
        result.append(Finding(_text(words, taken), taken))
        if not rest:
            break
    if rest:
        result.append(Finding(_text(words, rest), rest))
    return result


def _often(places: set[Place]) -> bool:
    found = support(places)
    tasks = found.tasks + len({place.root for place in places if not place.task})
    return found.sessions >= rule_sessions_min and tasks >= rule_tasks_min


def _text(words: tuple[str, ...], members: Sequence[Failure]) -> list[str]:
    several = len({failure.place.root for failure in members}) > 1
    return [_word(i, members, several=several) if is_masked(word) else word for i, word in enumerate(words)]


def _word(i: int, members: Sequence[Failure], *, several: bool) -> str:
    """What a mask stands for, where several sessions agree on it; else the mask."""
    values = {failure.words[i] for failure in members}
    masks = {failure.masked[i] for failure in members}
    if len(values) == 1 and several:
        return values.pop()
    return masks.pop() if len(masks) == 1 else WILDCARD


def error_cards(
    all_failures: Sequence[Failure], places: Sequence[Place], done: Mapping[str, frozenset[str]]
) -> list[Card]:
    """One card a recurring error, most costly first; at most `cards_max`.

    Args:
        all_failures: of all sessions, in any order.
        places: all sessions looked at, for what sessions without the error did.
        done: shape of a command → the sessions that ran it (`commands_of`).
    """
    cards = [_card(finding, places, done) for finding in recurring(all_failures)]
    cards.sort(key=lambda card: (-card.weight, card.title))
    return cards[:cards_max]


def commands_of(all_steps: Sequence[Step]) -> set[str]:
    """The shapes of all commands that a session ran."""
    return {shape(step.command) for step in all_steps if step.command} - {""}


def _card(finding: Finding, places: Sequence[Place], done: Mapping[str, frozenset[str]]) -> Card:
    members = finding.failures
    found = support(finding.places)
    trials = ((f.place.root, trial, quote) for f in members for trial, quote in f.trials)
    what_next = tallies(trials, done, len({place.root for place in places}))
    telling = [tally for tally in what_next if tally.tried >= 2 or tally.worked]
    best = next((tally for tally in telling if tally.worked >= 2 and tally.label != REPEAT), None)
    expected = sum(failure.expected for failure in members) * 2 >= len(members)
    rule = is_rule(finding.places)
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
    stuck = _stuck(members)
    if stuck:
        text += f" No later attempt worked; {stuck} sessions tried again."
    claims = [
        Claim(
            text=text,
            kind="rule" if rule and not expected else "hypothesis" if not rule else "observed",
            evidence=[*_quotes(members), *_recovery_quotes(best)],
            support=found,
            statistics=statistics,
        )
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
        weight=0.2 * _saved(members) if expected else _saved(members),
        data={
            "signature": finding.signature,
            "tools": sorted({failure.tool for failure in members}),
            "programs": [program for program, _ in Counter(f.program for f in members if f.program).most_common(3)],
            "expected": expected,
            "rule": rule,
            "tallies": telling,
            "contrast": contrast,
            "stuck": stuck,
            "days": sorted({place.day for place in finding.places} - {UNDATED}),
            "cost_calls": fmean(f.cost_calls for f in members if f.cost_calls)
            if any(f.cost_calls for f in members)
            else 0.0,
        },
    )


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
