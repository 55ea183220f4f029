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

A time limit that cut a command off in three sessions on two days is told whatever the median, with what got past it
(`time_limits.py`), or where it cut off a tenth of the runs.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median, quantiles

from dreamfs_server.dream.evidence.support import Place, is_rule
from dreamfs_server.dream.evidence.work.time_limits import Way, way_past
from dreamfs_server.dream.evidence.work.waits import Wait
from dreamfs_server.dream.material import UNDATED

slow_seconds = 20.0
latest_days = 7
sure_runs_min = 3
unsure_sessions_min = 5
unsure_spread_max = 4.0
part_runs_min = 3
cut_sessions_min = 2
"""A limit that struck in a single session is not worth a word."""
cut_share_min = 0.1
"""Of the runs, that a limit has to cut off where nothing is known to get past it."""
cut_share_with_way_min = 0.03
"""The same where something is: of six hundred quick runs six say nothing of the command."""
part_ratio_max = 1 / 3
slower_ratio_min = 1.5
_WAITS = re.compile(r"(?:^|[\s-])(?:watch|wait|await|follow|sleep|tail)\b")
"""In a command's name, that waiting is what it is for."""
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
    def waited(self) -> float:
        """Seconds of the runs that took long."""
        return sum(run.seconds for run in self.runs if run.cut or run.seconds >= slow_seconds)

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
    way = way_past(runs, family, cut) if cut else Way("")
    is_cut = (
        is_rule(run.place for run in cut)
        and any(run.cut or run.seconds >= slow_seconds for run in latest)
        and len(cut) >= (cut_share_with_way_min if way.what else cut_share_min) * len(waited)
    )
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
        way=way,
    )


def _is_slow(name: str, timed: Sequence[Wait], latest: Sequence[Wait]) -> bool:
    if _WAITS.search(name):
        return False
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
