"""Commands that take long here, and what gets past the time limit that cuts them off: no single session sees either.

A command is *slow* where the median of its runs is `slow_seconds` or more: shorter ones are over before an agent could have done anything
else in that time, so that knowing of them saves nothing. Each of at least three sessions on two days, of three tasks where they are
known, has to have waited so long for it. It is told by the broadest of its names (`command_names.py`) that is slow; where runs of a part take
a third of the time or less, the whole and the part are told apart. A run that a limit cut off counts as long as it was let run.

Runs whose own time is known (`waits.py`) are believed as they are, and used alone where a name has enough of them. Others may
hold the time that a person took to permit the command. So there the lower quartile has to be slow, over five sessions, at times that
do not vary more than fourfold between the quartiles, and commands that are over at once by their nature are left out.

It has to hold still: in the last `latest_days` days of all that was read, somebody ran it, and the median of those runs was slow too. What
became faster, and what nobody runs any more, is left out; what became clearly slower is told with both medians.

A time limit that cut a command off in three sessions on two days is told whatever the median. What worked: runs that were given
more (k finished of n, over all runs with that much, a session each), or, after a cut, the background or a part of the work.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median, quantiles
from typing import Any

from dreamfs_server.dream.evidence.support import Place, is_rule, spread, support, told
from dreamfs_server.dream.evidence.waits import Wait
from dreamfs_server.dream.material import UNDATED
from dreamfs_tools.dreaming import Card, Claim, Evidence

slow_seconds = 20.0
latest_days = 7
sure_runs_min = 3
unsure_sessions_min = 5
unsure_spread_max = 4.0
part_runs_min = 3
cut_sessions_min = 2
"""A limit that struck in a single session is not worth a word."""
part_ratio_max = 1 / 3
slower_ratio_min = 1.5
ways_worked_min = 2
ways_share_min = 0.6
after_cut_steps_max = 30
evidence_places_max = 4
cards_max = 20
minutes_a_call = 4.0
"""Minutes of waiting that are put equal to a call: a forewarned agent still waits for most of them."""
_AT_ONCE = frozenset(
    (
        "git",
        "gh",
        "glab",
        "mkdir",
        "cp",
        "mv",
        "touch",
        "ln",
        "dir",
        "where",
        "open",
        "code",
        "op",
        "claude",
        "systemctl",
        "launchctl",
    )
)
"""What usually answers at once, or asks a person itself: without the client's notes a long time is a person's."""

Name = Callable[[Wait], str]


@dataclass(frozen=True, slots=True)
class Way:
    """What got past a time limit."""

    what: str
    """`longer`, `background`, `part`, or "" where nothing did."""
    given: float = 0.0
    """Seconds, of `longer`."""
    name: str = ""
    """Of `part`."""
    worked: int = 0
    tried: int = 0
    run: Wait | None = None


@dataclass(frozen=True, slots=True)
class Slow:
    """A command that takes long, or that a limit cuts off."""

    name: str
    runs: Sequence[Wait]
    cut: Sequence[Wait]
    seconds: float
    """Median of the runs."""
    worst: float
    total: float
    before: float
    """Median of the runs before the latest week, where they took clearly less; else 0."""
    latest: float
    """Median of the runs of the latest week, where it is clearly more; else 0."""
    since: str
    """The first day of the latest week."""
    part: str
    """A name that runs a part of it, much faster; "" where none does."""
    part_seconds: float
    part_runs: int
    way: Way

    @property
    def places(self) -> set[Place]:
        """The sessions that waited long for it or were cut off."""
        return {run.place for run in self.runs if run.cut or run.seconds >= slow_seconds}


def slow_commands(runs: Iterable[Wait], days: Iterable[str]) -> list[Slow]:
    """The commands worth knowing of.

    Args:
        runs: of all sessions, in any order.
        days: on which sessions began.
    """
    known = once(runs)
    since = latest_since(days)
    groups: dict[str, list[Wait]] = defaultdict(list)
    for run in known:
        groups[run.names.broad].append(run)
    found: list[Slow] = []
    for name, members in sorted(groups.items()):
        found += _of_group(name, members, since)
    return found


def once(runs: Iterable[Wait]) -> list[Wait]:
    """Runs in one order, without copies of one event in resumed conversations."""
    owner: dict[tuple[str, str], str] = {}
    ordered = sorted(runs, key=lambda run: (run.place, run.position))
    return [run for run in ordered if owner.setdefault(run.key, run.place.session_id) == run.place.session_id]


def latest_since(days: Iterable[str]) -> str:
    """The first of the last `latest_days` days."""
    last = max((day for day in days if day != UNDATED), default="")
    return (date.fromisoformat(last) - timedelta(days=latest_days - 1)).isoformat() if last else ""


def _of_group(name: str, members: Sequence[Wait], since: str) -> list[Slow]:
    """The command by its broad name; by its targets where these differ, or with its flags where only some are slow."""
    targets = _by(members, lambda run: run.names.target)
    medians = [median(run.seconds for run in found) for found in targets.values() if len(found) >= part_runs_min]
    alike = not medians or min(medians) > part_ratio_max * max(medians)
    if alike and (whole := _slow(name, members, members, since)) is not None:
        return [whole]
    found: list[Slow] = []
    for target, runs in sorted(targets.items()):
        one = _slow(target, runs, members, since)
        if one is not None:
            found.append(one)
        else:
            narrow = _by(runs, lambda run: run.names.narrow)
            each = (_slow(full, some, members, since) for full, some in sorted(narrow.items()))
            found += [one for one in each if one is not None]
    return found


def _by(runs: Sequence[Wait], name: Name) -> dict[str, list[Wait]]:
    result: dict[str, list[Wait]] = defaultdict(list)
    for run in runs:
        result[name(run)].append(run)
    return result


def _slow(name: str, runs: Sequence[Wait], family: Sequence[Wait], since: str) -> Slow | None:
    waited = [run for run in runs if not run.background]
    cut = [run for run in waited if run.cut]
    sure = [run for run in waited if run.sure]
    known = len(sure) >= sure_runs_min and is_rule(run.place for run in sure)
    timed = [run for run in waited if run.sure or run.cut] if known else waited
    latest = [run for run in timed if run.place.day >= since and run.place.day != UNDATED]
    if len({run.place.root for run in cut}) < cut_sessions_min:
        cut = []
    is_cut = is_rule(run.place for run in cut) and any(run.cut or run.seconds >= slow_seconds for run in latest)
    if not is_cut and not _is_slow(name, timed, latest):
        return None
    seconds = median(run.seconds for run in timed)
    earlier = [run for run in timed if run.place.day < since]
    before, now = _slower(earlier, latest)
    part, part_runs = _part(name, now or seconds, family)
    return Slow(
        name=name,
        runs=timed,
        cut=cut,
        seconds=seconds,
        worst=max(run.seconds for run in timed),
        total=sum(run.seconds for run in timed),
        before=before,
        latest=now,
        since=since,
        part=part,
        part_seconds=median(run.seconds for run in part_runs) if part_runs else 0.0,
        part_runs=len(part_runs),
        way=_way(runs, family, cut) if cut else Way(""),
    )


def _is_slow(name: str, timed: Sequence[Wait], latest: Sequence[Wait]) -> bool:
    long = [run for run in timed if run.seconds >= slow_seconds]
    if not latest or not is_rule(run.place for run in long):
        return False
    if min(median(run.seconds for run in some) for some in (timed, latest)) < slow_seconds:
        return False
    if all(run.sure or run.cut for run in timed):
        return True
    low, _, high = quantiles((run.seconds for run in timed), n=4, method="inclusive")
    return (
        low >= slow_seconds
        and high <= unsure_spread_max * low
        and len({run.place.root for run in long}) >= unsure_sessions_min
        and not any(part.split()[0] in _AT_ONCE for part in name.split(" && "))
    )


def _slower(earlier: Sequence[Wait], latest: Sequence[Wait]) -> tuple[float, float]:
    """The medians before and in the latest week, where three quarters of the later runs took longer than three quarters of the earlier.

    Both have to come from three sessions, and the later be half as long again: then it is no chance, and worth a word.
    """
    if min(len({run.place.root for run in some}) for some in (earlier, latest)) < part_runs_min:
        return 0.0, 0.0
    (_, then, high), (low, now, _) = (
        quantiles((run.seconds for run in some), n=4, method="inclusive") for some in (earlier, latest)
    )
    return (then, now) if low > high and now >= slower_ratio_min * then else (0.0, 0.0)


def _part(name: str, seconds: float, family: Sequence[Wait]) -> tuple[str, Sequence[Wait]]:
    """The runs of a part of the work that take a third of the time or less; the name with most of them."""
    best: tuple[str, Sequence[Wait]] = ("", ())
    for target, runs in sorted(_by(family, lambda run: run.names.target).items()):
        waited = [run for run in runs if not run.background and not run.cut]
        if target in (name, runs[0].names.broad) or name.startswith(f"{target} ") or len(waited) < part_runs_min:
            continue
        if len({run.place.root for run in waited}) < part_runs_min or len(waited) <= len(best[1]):
            continue
        if median(run.seconds for run in waited) <= part_ratio_max * seconds:
            best = target, waited
    return best


def _way(runs: Sequence[Wait], family: Sequence[Wait], cut: Sequence[Wait]) -> Way:
    """What got past the limit in most sessions that tried it."""
    struck = Counter(run.limit for run in cut).most_common(1)[0][0]
    struck = max(limit for limit, n in Counter(run.limit for run in cut).items() if n >= 2 or limit == struck)
    longer = [run for run in runs if run.given > struck and not run.background]
    ways = [_tally("longer", longer)]
    background: list[Wait] = []
    part: list[Wait] = []
    later: dict[str, list[Wait]] = defaultdict(list)
    for run in family:
        later[run.place.session_id].append(run)
    for run in cut:
        for other in later[run.place.session_id]:
            if 0 < other.position - run.position <= after_cut_steps_max:
                if other.background:
                    background.append(other)
                elif other.names.target != run.names.target:
                    part.append(other)
                else:
                    continue
                break
    ways.append(_tally("background", background))
    ways.append(_tally("part", part))
    good = [way for way in ways if way.worked >= ways_worked_min and way.worked >= ways_share_min * way.tried]
    return max(good, key=lambda way: (way.worked / way.tried, way.worked), default=Way(""))


def _tally(what: str, runs: Sequence[Wait]) -> Way:
    """Each session once, by its first run of the kind."""
    first: dict[str, Wait] = {}
    for run in runs:
        first.setdefault(run.place.root, run)
    worked = [run for run in first.values() if run.finished]
    if not worked:
        return Way("")
    given = Counter(run.given for run in worked).most_common(1)[0][0] if what == "longer" else 0.0
    name = Counter(run.names.target for run in worked).most_common(1)[0][0] if what == "part" else ""
    return Way(what, given, name, len(worked), len(first), worked[0])


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
        weight=2.0 * len(one.cut) + one.total / 60 / minutes_a_call,
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


def told_way(way: Way) -> str:
    """What got past the limit, in words that follow on "it was cut off in k of n runs"."""
    held = f"{way.worked} of {way.tried} sessions"
    ways: Mapping[str, str] = {
        "longer": f"; given a longer `timeout` (most often {way.given * 1000:.0f}) it finished in {held}",
        "background": f"; after that it was started in the background, which worked in {held}",
        "part": f"; after that `{way.name}` finished in {held}",
    }
    return ways.get(way.what, "")


def told_seconds(seconds: float) -> str:
    """A time in words: `3 min 20 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s" if seconds % 1 >= 0.05 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes and rest else f"{minutes} min" if minutes else f"{rest} s"
