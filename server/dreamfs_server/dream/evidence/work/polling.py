"""What sessions wait for with `sleep`: a command asked again and again until something elsewhere is through.

A *wait* is a run of calls of one session that sleep `sleep_seconds_min` or longer and ask the same (`command_names.py`), with at most
`between_max` other calls between two of them. It lasts from the first call to the last result. A time that a client spent asking a
person cannot be told from it; so a wait longer than `sure_factor` times what was slept in it, and a minute, is left out.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from dreamfs_server.dream.evidence.steps import Step, first_line_span
from dreamfs_server.dream.evidence.support import Place, is_rule, spread, support, told
from dreamfs_server.dream.evidence.work.command_names import names
from dreamfs_server.dream.evidence.work.duration_cards import told_seconds
from dreamfs_server.dream.evidence.work.durations import latest_since, slow_seconds
from dreamfs_server.dream.evidence.work.waits import SLEEPS
from dreamfs_server.dream.material import UNDATED, Gathered, cite
from dreamfs_tools.dreaming import Card, Claim, Evidence

sleep_seconds_min = 5.0
between_max = 3
sure_factor = 4.0
spare_seconds = 60.0
evidence_max = 4
_LOOP = re.compile(r"(?:^|[;&|\n]\s*)(?:until|while)\b")


@dataclass(frozen=True, slots=True)
class Poll:
    """One wait."""

    place: Place
    key: tuple[str, str]
    name: str
    seconds: float
    calls: int
    quotes: Sequence[Evidence]


@dataclass(frozen=True, slots=True)
class Polled:
    """What is waited for again and again."""

    name: str
    waits: Sequence[Poll]
    seconds: float
    """Median."""
    worst: float
    calls: int


def polls(gathered: Gathered, place: Place, all_steps: Sequence[Step]) -> list[Poll]:
    """The waits of one session, in order."""
    open_waits: dict[str, list[tuple[Step, float]]] = {}
    result: list[Poll] = []
    for step in all_steps:
        slept = _slept(step)
        if slept < sleep_seconds_min or not (name := names(step.command).broad):
            continue
        met = open_waits.get(name)
        if met is not None and step.position - met[-1][0].position <= between_max + 1:
            met.append((step, slept))
        else:
            if met is not None:
                result += _poll(gathered, place, name, met)
            open_waits[name] = [(step, slept)]
    for name, met in sorted(open_waits.items()):
        result += _poll(gathered, place, name, met)
    return result


def _slept(step: Step) -> float:
    """Seconds that a call slept, at least; of a loop all its time."""
    if step.refused or step.failed or step.call is None or step.result is None:
        return 0.0
    if step.call.at is None or step.result.at is None or step.given.get("run_in_background") is True:
        return 0.0
    found = [float(n) * (60 if m else 1) for n, m in SLEEPS.findall(step.command[:2_000])]
    lasted = (step.result.at - step.call.at).total_seconds()
    if not found or lasted < max(found):
        return 0.0
    return lasted if _LOOP.search(step.command[:2_000]) else sum(found)


def _poll(gathered: Gathered, place: Place, name: str, met: Sequence[tuple[Step, float]]) -> list[Poll]:
    first, last = met[0][0].call, met[-1][0].result
    if first is None or last is None or first.at is None or last.at is None:
        return []
    seconds = (last.at - first.at).total_seconds()
    if seconds > sure_factor * sum(slept for _, slept in met) + spare_seconds:
        return []
    session_id = gathered.session.session_id
    quotes = [cite(session_id, event, *first_line_span(event.text)) for event in (first, last)]
    return [Poll(place, (first.at.isoformat(), name), name, seconds, len(met), [one for one in quotes if one.quote])]


def polled(waits: Iterable[Poll], days: Iterable[str]) -> list[Polled]:
    """What three sessions on two days waited for, `slow_seconds` and more in the median, and still do in the latest week."""
    since = latest_since(days)
    owner: dict[tuple[str, str], str] = {}
    groups: dict[str, list[Poll]] = defaultdict(list)
    for one in sorted(waits, key=lambda one: (one.place, one.key)):
        if owner.setdefault(one.key, one.place.session_id) == one.place.session_id:
            groups[one.name].append(one)
    found: list[Polled] = []
    for name, members in sorted(groups.items()):
        seconds = median(one.seconds for one in members)
        latest = [one for one in members if since <= one.place.day != UNDATED]
        if latest and seconds >= slow_seconds and is_rule(one.place for one in members):
            worst = max(one.seconds for one in members)
            found.append(Polled(name, members, seconds, worst, sum(one.calls for one in members)))
    return found


def polling_cards(found: Sequence[Polled], repeats_order: Callable[[str], bool]) -> list[Card]:
    """One card for each thing waited for; lines that say something of an order to agents are not quoted."""
    return [_card(one, repeats_order) for one in found]


def _card(one: Polled, repeats_order: Callable[[str], bool]) -> Card:
    places = {wait.place for wait in one.waits}
    rests = support(places)
    total = sum(wait.seconds for wait in one.waits)
    text = (
        f"`{one.name}` was waited for with `sleep` {len(one.waits)} times in {told(rests)}: {told_seconds(one.seconds)} in the median, "
        f"{told_seconds(one.worst)} at most, {told_seconds(total)} and {one.calls} calls in all."
    )
    statistics: dict[str, Any] = {
        "awaits": one.name,
        "count": len(one.waits),
        "median_seconds": round(one.seconds, 1),
        "worst_seconds": round(one.worst, 1),
        "total_seconds": round(total, 1),
        "calls": one.calls,
        "sessions": rests.sessions,
        "tasks": rests.tasks,
        "days": rests.days,
    }
    first: dict[Place, Poll] = {}
    for wait in one.waits:
        first.setdefault(wait.place, wait)
    quotes = [
        quote
        for place in spread(first, evidence_max)
        for quote in first[place].quotes
        if not repeats_order(quote.quote)
    ]
    claim = Claim(text=text, kind="observed", evidence=quotes, support=rests, statistics=statistics)
    return Card(
        number=0,
        miner="durations",
        title=f"Waited for: {one.name}",
        body=text,
        claims=[claim],
        weight=float(one.calls - len(one.waits)) + total / 240,
        data={"polled": one, "days": sorted({place.day for place in places} - {UNDATED}), "sure": True},
    )
