"""Lagged association between types of events: B comes some time after A, more often than chance has it.

For every ordered pair of types and for overlapping bands of lags from 20 s to 40 min (evenly spaced on a logarithmic scale,
narrow and wide), it is counted after how many A a B follows within the band. The statistic is the largest excess over
bands, as a Poisson log-likelihood ratio. Its null distribution keeps everything but the relation in time: the B of each
window are shifted around a circle by a random amount, many times, and the largest excess is taken anew; so the choice of the
best band, bursts of B and different rates are all in the null. Its tail is a Gumbel distribution fitted to the shifts,
never thinner than theory has it. Benjamini–Hochberg over all ordered pairs controls false discoveries.

What is counted, and counted once: sessions that saw the same event looked at the same time, so they are one window; a
refiring alert is one episode; an A counts as a trial only if the session looked on until the band had passed. A finding needs 5
hits in 4 windows on 2 days. It is an *association*: a schedule that both follow, a chain through a third event and a
common cause are looked for and named, and so is when sessions were opened because of B.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, expm1, log, pi
from random import Random
from statistics import fmean, median, pstdev

from dreamfs_server.dream.evidence.lags.windows import Seen, Window, blurred, merged

lag_seconds_min, lag_seconds_max = 20.0, 2400.0
hits_min, windows_min, days_min = 5, 4, 2
share_min, lift_min = 0.3, 2.0
q_max = 0.001
shifts_count = 240
exceeded_enough = 5
types_max = 60
_RATIO = 1.05
_HALF_NARROW, _HALF_WIDE, _HALF_SECONDS_MIN = 0.15, 0.45, 8.0


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
    total: dict[str, int] = defaultdict(int)
    present: dict[str, int] = defaultdict(int)
    for window in windows:
        for name, times in window.at.items():
            total[name] += len(times)
            present[name] += 1
    blurs = blurred(windows)
    names = sorted(
        (n for n in total if total[n] >= hits_min and present[n] >= windows_min), key=lambda n: (-present[n], n)
    )[:types_max]
    span = sum(window.end - window.start for window in windows)
    pairs = len(names) * (len(names) - 1)
    tested = [
        (found[0], lead, follow, found[1])
        for lead in names
        for follow in names
        if lead != follow
        and (found := _test(windows, lead, follow, total[follow] / max(span, 1.0), blurs[lead] + blurs[follow]))
        is not None
    ]
    result = [
        association
        for q, lead, follow, band in _discoveries(tested, pairs)
        if (association := _describe(windows, lead, follow, band, q, blurs[lead] + blurs[follow])) is not None
    ]
    return result, windows


def _cells() -> list[int]:
    """Whole seconds → cell of the logarithmic scale of lags."""
    return [
        max(0, int(log(max(second, 1) / (lag_seconds_min / 2)) / log(_RATIO)))
        for second in range(int(lag_seconds_max * 1.6))
    ]


_CELLS = _cells()
_CELL_COUNT = _CELLS[-1] + 2


Band = tuple[float, float]
"""Lags from, to, in seconds."""


@lru_cache
def _bands(blur: float) -> tuple[Sequence[Band], Sequence[tuple[int, int]]]:
    """Bands of lags between events whose times may be off by so much together, and their cells.

    None is narrower than that, nor so short that it could not be said which of the two comes first.
    """
    centre = lag_seconds_min
    result: list[Band] = []
    while centre <= lag_seconds_max * 1.001:
        for half in (_HALF_NARROW, _HALF_WIDE):
            reach = max(half * centre, _HALF_SECONDS_MIN, blur)
            if centre - reach >= blur:
                result.append((max(1.0, centre - reach), centre + reach))
        centre *= 1.12
    last = len(_CELLS) - 1
    return result, [(_CELLS[min(int(a), last)], _CELLS[min(int(b), last)] + 1) for a, b in result]


def _test(windows: Sequence[Window], lead: str, follow: str, rate: float, blur: float) -> tuple[float, Band] | None:
    """The p value of a pair and its best band; None where too little is seen for a finding."""
    shared = [(w.at[lead], w.at[follow], w.start, w.end - w.start) for w in windows if lead in w.at and follow in w.at]
    if len(shared) < windows_min:
        return None
    leads = sum(len(w.at.get(lead, ())) for w in windows)
    bands, cells = _bands(blur)
    expected = [max(1e-3, leads * -expm1(-rate * (b - a))) for a, b in bands]
    observed, best = _excess([(a, b) for a, b, _, _ in shared], cells, expected)
    if observed < 5.0:
        return None
    seed = hashlib.sha256(f"{lead}\0{follow}\0{leads}".encode()).digest()
    rng = Random(seed)  # noqa: S311 - shifts want to be repeatable, not secret
    null: list[float] = []
    for _ in range(shifts_count):
        shifted = [(a, _shift(b, start, length, rng)) for a, b, start, length in shared]
        null.append(_excess(shifted, cells, expected)[0])
        if sum(value >= observed for value in null) >= exceeded_enough:
            break  # The p value is at least 5/240, far from any discovery.
    return _tail(observed, null), bands[best]


def _shift(times: Sequence[float], start: float, length: float, rng: Random) -> list[float]:
    if length <= 0:
        return list(times)
    by = rng.random() * length
    return sorted(start + (at - start + by) % length for at in times)


def _excess(
    shared: Sequence[tuple[Sequence[float], Sequence[float]]],
    cells: Sequence[tuple[int, int]],
    expected: Sequence[float],
) -> tuple[float, int]:
    """The largest Poisson log-likelihood ratio over bands, and which band."""
    counts = [0] * _CELL_COUNT
    furthest = len(_CELLS) - 1
    for leads, follows in shared:
        for at in leads:
            i = bisect_left(follows, at + 1.0)
            while i < len(follows) and (lag := follows[i] - at) < furthest:
                counts[_CELLS[int(lag)]] += 1
                i += 1
    sums = [0]
    for count in counts:
        sums.append(sums[-1] + count)
    best, where = 0.0, 0
    for k, (a, b) in enumerate(cells):
        hits = sums[b] - sums[a]
        mean = expected[k]
        if hits >= hits_min and hits > mean:
            value = hits * log(hits / mean) - (hits - mean)
            if value > best:
                best, where = value, k
    return best, where


def _tail(observed: float, null: Sequence[float]) -> float:
    """The chance of an excess like the observed one: counted where it is frequent, else a Gumbel tail."""
    exceeded = sum(value >= observed for value in null)
    if exceeded >= exceeded_enough:
        return (exceeded + 1) / (len(null) + 1)
    scale = max(1.0, pstdev(null) * 6**0.5 / pi)
    location = fmean(null) - 0.5772 * scale
    # The mean of a null that is mostly zero (no band reached 5 hits) says little; the scale floor keeps it honest.
    fitted = -expm1(-exp(-(observed - max(location, 0.0)) / scale))
    return min(1.0, max(fitted, exceeded / (len(null) + 1)))


def _discoveries(tested: Sequence[tuple[float, str, str, Band]], pairs: int) -> list[tuple[float, str, str, Band]]:
    """Benjamini–Hochberg: those with a q value of at most `q_max`, the untested counted as p = 1."""
    ordered = sorted(tested)
    result: list[tuple[float, str, str, Band]] = []
    q = 1.0
    for rank in range(len(ordered), 0, -1):
        p, lead, follow, band = ordered[rank - 1]
        q = min(q, p * pairs / rank)
        if q <= q_max:
            result.append((q, lead, follow, band))
    return result[::-1]


def _describe(
    windows: Sequence[Window], lead: str, follow: str, band: Band, q: float, blur: float
) -> Association | None:
    centre, low, high = _focus(windows, lead, follow, band, blur)
    trials = preceded = follows = 0
    pairs: list[tuple[int, float, float]] = []
    for number, window in enumerate(windows):
        leads, after = window.at.get(lead, []), window.at.get(follow, [])
        used: set[float] = set()
        for at in leads:
            i, j = bisect_left(after, at + low), bisect_right(after, at + high)
            free = [b for b in after[i:j] if b not in used]
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
    chance = -expm1(-rate * (high - low))
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
        q_value=float(f"{q:.2g}"),
        pairs=pairs,
    )


def _focus(windows: Sequence[Window], lead: str, follow: str, band: Band, blur: float) -> tuple[float, float, float]:
    """The lag at the middle of the band's hits, and how far hits reach around it (the band may sit a little beside)."""
    low, high = band
    centre = (low + high) / 2
    for _ in range(8):
        lags = [
            b - a
            for window in windows
            for a in window.at.get(lead, ())
            for b in window.at.get(follow, ())
            if low <= b - a <= high
        ]
        if not lags:
            break
        centre = median(lags)
        # Lags that scatter normally fill four median distances to 99 %; three would cut more off with each round.
        least = max(_HALF_SECONDS_MIN, blur)
        reach = max(least, 4.0 * median(abs(lag - centre) for lag in lags))
        reach = min(reach, max(least, 0.5 * centre))
        before, (low, high) = (low, high), (max(1.0, blur, centre - reach), centre + reach)
        if before == (low, high):
            break
    return centre, low, high
