"""Lagged association between types of events: B comes some time after A, more often than chance has it.

For every ordered pair of types and for overlapping bands of lags from 20 s to 40 min (evenly spaced on a logarithmic scale,
narrow and wide), it is counted after how many A a B follows within the band. The statistic is the largest excess over
bands, as a Poisson log-likelihood ratio. Its null distribution keeps everything but the relation in time: the B of each
window are shifted around a circle by a random amount, many times, and the largest excess is taken anew; so the choice of the
best band, bursts of B and different rates are all in the null. Its tail is a Gumbel distribution fitted to the shifts,
never thinner than theory has it. Benjamini–Hochberg over all ordered pairs controls false discoveries.

What is counted, and counted once: sessions that saw the same event looked at the same time, so they are one window; a
refiring alert is one episode; an A counts as a trial only if the session looked on until the band had passed. A finding needs 5
hits in 4 windows on 2 days, and twice as many as B alone would make, by its rate in all windows and just before the band, since
shifted times do not keep hours in which everything comes more often. It is an *association*: a schedule that both follow, a chain through a third event and a
common cause are looked for and named, and so is when sessions were opened because of B.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import expm1
from statistics import median

from dreamfs_server.dream.evidence.lags.shifts import (
    Pair,
    Pairs,
    chance,
    furthest_seconds,
    half_seconds_min,
    hits_min,
    lag_seconds_max,
    lag_seconds_min,
    may_surprise,
    windows_min,
)
from dreamfs_server.dream.evidence.lags.windows import Seen, Window, blurred, merged

days_min = 2
share_min, lift_min = 0.3, 2.0
q_max = 0.001
types_max = 60


@dataclass(frozen=True, slots=True)
class Association:
    """One ordered pair that goes together more often than chance."""

    lead: str
    follow: str
    lag_seconds: float
    lag_low: float
    lag_high: float
    hits: int
    trials: int
    follows: int
    """All B that could have had an A before them; of these `preceded` had one at that lag."""
    preceded: int
    windows: int
    days: int
    q_value: float
    pairs: Sequence[tuple[int, float, float]]
    """Window, time of A, time of B."""
    notes: Sequence[str] = ()

    @property
    def explained(self) -> bool:
        """Whether something else explains it: a schedule, a chain, a common cause, a burst, or a program's own sequence."""
        return any(note.startswith(("schedule", "chain", "common cause", "burst", "sequence")) for note in self.notes)


def associations(seen: Sequence[Seen]) -> tuple[list[Association], list[Window]]:
    """Significant associations, the surest first, and the windows that their pairs name. Order of `seen` does not matter."""
    windows = merged(seen)
    blurs = blurred(windows)
    names = _names(windows)
    compared = Pairs(windows, names)
    tested = len(names) * (len(names) - 1)
    told: list[tuple[Pair, Association]] = []
    for lead in names:
        for follow in names:
            blur = blurs[lead] + blurs[follow]
            # What cannot be told is not tested further: a description costs what a few shifts do.
            if (
                lead != follow
                and (one := compared.pair(lead, follow, blur)) is not None
                and may_surprise(one, q_max)
                and (described := _describe(windows, one, blur)) is not None
            ):
                told.append((one, described))
    chanced = [(chance(one), described) for one, described in told]
    return [replace(one, q_value=float(f"{q:.2g}")) for q, one in _discoveries(chanced, tested)], windows


def _names(windows: Sequence[Window]) -> list[str]:
    """The types that may be part of a finding, those of most windows first."""
    total: Counter[str] = Counter()
    present: Counter[str] = Counter()
    for window in windows:
        total.update({name: len(times) for name, times in window.at.items()})
        present.update(window.at.keys())
    enough = (name for name in total if total[name] >= hits_min and present[name] >= windows_min)
    return sorted(enough, key=lambda name: (-present[name], name))[:types_max]


def _discoveries(chanced: Sequence[tuple[float, Association]], tested: int) -> list[tuple[float, Association]]:
    """Benjamini–Hochberg: those with a q value of at most `q_max`, the others of all that were tested counted as p = 1."""
    ordered = sorted(chanced, key=lambda one: (one[0], one[1].lead, one[1].follow))
    result: list[tuple[float, Association]] = []
    q = 1.0
    for rank in range(len(ordered), 0, -1):
        p, one = ordered[rank - 1]
        q = min(q, p * tested / rank)
        if q <= q_max:
            result.append((q, one))
    return result[::-1]


def _describe(windows: Sequence[Window], one: Pair, blur: float) -> Association | None:
    lead, follow = one.lead, one.follow
    centre, low, high = _focus(windows, one, blur)
    trials = preceded = follows = 0
    pairs: list[tuple[int, float, float]] = []
    for number, window in enumerate(windows):
        leads, after = window.at.get(lead, []), window.at.get(follow, [])
        used: set[float] = set()
        for at in leads:
            near = after[bisect_left(after, at + low) : bisect_right(after, at + high)]
            free = [b for b in near if b not in used]
            if free:
                hit = min(free, key=lambda b: (abs(b - at - centre), b))
                used.add(hit)
                pairs.append((number, at, hit))
                trials += 1
            elif at + high <= window.end:
                trials += 1
        follows += sum(at - high >= window.start for at in after if at not in used) + len(used)
        preceded += len(used)
    hits = len(pairs)
    days = {int(at // 86400) for _, at, _ in pairs}
    touched = {number for number, _, _ in pairs}
    seconds = sum(window.end - window.start for window in windows)
    rate = sum(len(window.at.get(follow, ())) for window in windows) / max(seconds, 1.0)
    chance = max(-expm1(-rate * (high - low)), _before(windows, one, low, high))
    if (
        hits < hits_min
        or len(touched) < windows_min
        or len(days) < days_min
        or hits / trials < max(share_min, lift_min * chance)
    ):
        return None
    lags = sorted(b - a for _, a, b in pairs)
    if not lag_seconds_min * 0.75 <= centre <= lag_seconds_max * 1.1:
        return None
    return Association(
        lead=lead,
        follow=follow,
        lag_seconds=round(median(lags), 1),
        lag_low=lags[len(lags) // 10],
        lag_high=lags[-1 - len(lags) // 10],
        hits=hits,
        trials=trials,
        follows=follows,
        preceded=preceded,
        windows=len(touched),
        days=len(days),
        q_value=1.0,
        pairs=pairs,
    )


def _before(windows: Sequence[Window], one: Pair, low: float, high: float) -> float:
    """How often the follower comes in as many seconds before these lags: where all is busy for an hour it is there anyhow."""
    looked = came = 0
    for window in windows:
        follows = window.at.get(one.follow, ())
        for at in window.at.get(one.lead, ()):
            if (first := at + low - (high - low)) >= window.start:
                looked += 1
                came += bisect_left(follows, first) < bisect_left(follows, at + low)
    return came / max(1, looked)


def _focus(windows: Sequence[Window], one: Pair, blur: float) -> tuple[float, float, float]:
    """The lag at the middle of the band's hits, and how far hits reach around it (the band may sit a little beside)."""
    low, high = one.band
    centre = (low + high) / 2
    lags = sorted(
        b - a
        for window in windows
        for a in window.at.get(one.lead, ())
        for b in _between(window.at.get(one.follow, ()), a, a + furthest_seconds)
    )
    for _ in range(8):
        near = lags[bisect_left(lags, low) : bisect_right(lags, high)]
        if not near:
            break
        centre = median(near)
        # Lags that scatter normally fill four median distances to 99 %; three would cut more off with each round.
        least = max(half_seconds_min, blur)
        reach = max(least, 4.0 * median(abs(lag - centre) for lag in near))
        reach = min(reach, max(least, 0.5 * centre))
        before, (low, high) = (low, high), (max(1.0, blur, centre - reach), centre + reach)
        if before == (low, high):
            break
    return centre, low, high


def _between(times: Sequence[float], first: float, last: float) -> Sequence[float]:
    return times[bisect_right(times, first) : bisect_right(times, last)]
