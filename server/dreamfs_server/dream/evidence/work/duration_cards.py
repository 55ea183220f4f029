"""Commands that take long as evidence cards: the one that most was waited for first."""

from collections.abc import Callable, Sequence
from typing import Any

from dreamfs_server.dream.evidence.support import Place, is_rule, spread, support, told
from dreamfs_server.dream.evidence.work.durations import Slow, slow_seconds
from dreamfs_server.dream.evidence.work.time_limits import told_way
from dreamfs_server.dream.evidence.work.waits import Wait
from dreamfs_server.dream.material import UNDATED
from dreamfs_tools.dreaming import Card, Claim, Evidence

evidence_places_max = 4
cards_max = 20
minutes_a_call = 4.0
"""Minutes of waiting that are put equal to a call: a forewarned agent still waits for most of them."""


def duration_cards(found: Sequence[Slow], repeats_order: Callable[[str], bool]) -> list[Card]:
    """One card a command, the one that most was waited for first.

    Args:
        found: commands.
        repeats_order: whether a line says something of an order to agents (`orders.py`); such a line is not quoted.
    """
    cards = [_card(one, repeats_order) for one in found]
    return sorted(cards, key=lambda card: (-card.weight, card.title))[:cards_max]


def _card(one: Slow, repeats_order: Callable[[str], bool]) -> Card:
    runs = {run.place for run in one.runs}
    rests = support(runs)
    statistics: dict[str, Any] = {
        "takes": one.name,
        "count": len(one.runs),
        "median_seconds": round(one.seconds, 1),
        "worst_seconds": round(one.worst, 1),
        "total_seconds": round(one.total, 1),
        "sessions": rests.sessions,
        "tasks": rests.tasks,
        "days": rests.days,
        "cut": len(one.cut),
        "before_seconds": round(one.before, 1),
        "latest_seconds": round(one.latest, 1),
        "way": one.way.what,
        "worked": one.way.worked,
        "tried": one.way.tried,
    }
    sure = sum(run.sure or run.cut for run in one.runs)
    text = (
        f"`{one.name}` takes {told_seconds(one.seconds)} (median of {len(one.runs)} runs in {told(rests)}; the slowest "
        f"{told_seconds(one.worst)}; waited for {told_seconds(one.total)} in all)."
    )
    if one.latest:
        text += f" It became slower: {told_seconds(one.latest)} from {one.since} on, {told_seconds(one.before)} before (medians)."
    if one.cut:
        text += f" A time limit cut it off in {len(one.cut)} of {len(one.runs)} runs{told_way(one.way)}."
    if one.part:
        text += f" `{one.part}` takes {told_seconds(one.part_seconds)} (median of {one.part_runs})."
    whose = (
        "The client noted how long each ran, or asked nobody."
        if sure == len(one.runs)
        else "From call to result, so that somebody's permission may be part of it; short of that, three quarters took "
        f"{told_seconds(slow_seconds)} or longer."
    )
    ruled = bool(one.way.what) and is_rule(run.place for run in one.cut) and is_rule(one.places)
    claim = Claim(
        text=text,
        kind="rule" if ruled else "observed",
        evidence=[quote for quote in _quotes(one) if not repeats_order(quote.quote)],
        support=rests,
        statistics=statistics,
    )
    days = sorted({run.place.day for run in one.runs} - {UNDATED})
    return Card(
        number=0,
        miner="durations",
        title=f"Takes long: {one.name}",
        body=f"{text}\n{whose}",
        claims=[claim],
        weight=2.0 * len(one.cut) + one.waited / 60 / minutes_a_call,
        data={
            "kind": "duration",
            "rule": True,
            "slow": one,
            "days": days,
            "sure": sure == len(one.runs),
            "explains": frozenset(run.answer for run in one.cut),
        },
    )


def _quotes(one: Slow) -> list[Evidence]:
    slowest: dict[Place, Wait] = {}
    for run in sorted(one.runs, key=lambda run: (not run.cut, -run.seconds, run.place, run.position)):
        if run.quotes:
            slowest.setdefault(run.place, run)
    quotes = [quote for place in spread(slowest, evidence_places_max) for quote in slowest[place].quotes]
    return [*quotes, *(one.way.run.quotes if one.way.run is not None else ())]


def told_seconds(seconds: float) -> str:
    """A time in words: `3 min 20 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s" if seconds % 1 >= 0.05 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes and rest else f"{minutes} min" if minutes else f"{rest} s"
