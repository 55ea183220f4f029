"""How surprising it is that one type of event follows another: the best band of lags, against shifted times.

What is counted again for each shift is most of what mining associations costs. So a pair is given up at the first shift that
does as well as what was seen, one whose chance is beyond all doubt is not shifted to the end, and of a pair with very many lags
some leads stand for all.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, islice
from math import ceil, exp, expm1, log, pi
from random import Random
from statistics import fmean, pstdev

from dreamfs_server.dream.evidence.lags.windows import Window

lag_seconds_min, lag_seconds_max = 20.0, 2400.0
half_seconds_min = 8.0
hits_min, windows_min = 5, 4
shifts_count, shifts_few = 240, 8
"""One that does as well means a chance of 1 in 241, which no finding may have; most pairs meet one within a few."""
shifts_least, sure = 30, 1e-12
"""After so many a chance is not made surer that is far below any that decides something."""
lags_counted_max = 2500
"""In one shift; of leads with more, some stand for all."""
_RATIO = 1.05
_HALF_NARROW, _HALF_WIDE = 0.15, 0.45
furthest_seconds = int(lag_seconds_max * 1.6) - 1

Band = tuple[float, float]
"""Lags from, to, in seconds."""
_Times = Sequence[int]
_Shared = tuple[_Times, _Times, int]
"""The leads and the follows of a window that has both, and how long it is, in seconds since it began."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An ordered pair of types that may go together."""

    lead: str
    follow: str
    excess: float
    """The largest Poisson log-likelihood ratio over bands of lags."""
    band: Band
    shared: Sequence[_Shared] = field(repr=False)
    cells: Sequence[tuple[int, int]] = field(repr=False)
    expected: Sequence[float] = field(repr=False)


class Pairs:
    """The ordered pairs of the types in these windows."""

    def __init__(self, windows: Sequence[Window], names: Sequence[str]) -> None:
        self._lengths = [int(window.end - window.start) for window in windows]
        self._at = {
            name: {n: [int(at - w.start) for at in w.at[name]] for n, w in enumerate(windows) if name in w.at}
            for name in names
        }
        self._count = {name: sum(map(len, times.values())) for name, times in self._at.items()}

    def pair(self, lead: str, follow: str, blur: float) -> Pair | None:
        """A pair with its best band; None where too little is seen for a finding. Its lag may be off by `blur` seconds."""
        at, after = self._at[lead], self._at[follow]
        shared = [(times, after[n], self._lengths[n]) for n, times in at.items() if n in after]
        if len(shared) < windows_min:
            return None
        some, part = _some(shared)
        leads, rate = part * self._count[lead], self._count[follow] / max(1, sum(self._lengths))
        bands, cells = _bands(blur)
        expected = [max(1e-3, leads * -expm1(-rate * (b - a))) for a, b in bands]
        excess, best = _excess(((a, b) for a, b, _ in some), cells, expected)
        return Pair(lead, follow, excess, bands[best], some, cells, expected) if excess else None


def may_surprise(one: Pair, chance_max: float) -> bool:
    """Whether a pair can have so small a p value, by its excess and a few shifts."""
    least = -expm1(-exp(-one.excess))
    return least <= chance_max and all(value < one.excess for value in islice(_shifts(one), shifts_few))


def chance(one: Pair) -> float:
    """The p value of a pair; 1 where a shift does as well, and about right where it is surely below `sure`."""
    null: list[float] = []
    for value in _shifts(one):
        if value >= one.excess:
            return 1.0
        null.append(value)
        if len(null) == shifts_least and _tail(one.excess, null) < sure:
            break
    return _tail(one.excess, null)


def _shifts(one: Pair) -> Iterator[float]:
    """The largest excess after each of `shifts_count` shifts, the same in every run."""
    seed = hashlib.sha256(f"{one.lead}\0{one.follow}".encode()).digest()
    rng = Random(seed)  # noqa: S311 - shifts want to be repeatable, not secret
    for _ in range(shifts_count):
        shifted = ((leads, _shifted(follows, length, rng)) for leads, follows, length in one.shared)
        yield _excess(shifted, one.cells, one.expected)[0]


def _tail(excess: float, null: Sequence[float]) -> float:
    """The chance of more than was ever reached: a Gumbel tail fitted to the shifts, never thinner than theory has it."""
    scale = max(1.0, pstdev(null) * 6**0.5 / pi)
    location = fmean(null) - 0.5772 * scale
    # The mean of a null that is mostly zero (no band reached 5 hits) says little; the scale floor keeps it honest.
    return -expm1(-exp(-(excess - max(location, 0.0)) / scale))


def _some(shared: Sequence[_Shared]) -> tuple[Sequence[_Shared], float]:
    """Leads whose lags one shift can count, evenly chosen, and which part of all they are."""
    lags = sum(len(a) * len(b) * min(1.0, furthest_seconds / max(1, length)) for a, b, length in shared)
    if lags <= lags_counted_max:
        return shared, 1.0
    step, skip, result = ceil(lags / lags_counted_max), 0, list[_Shared]()
    for leads, follows, length in shared:
        if chosen := leads[skip::step]:
            result.append((chosen, follows, length))
        skip = (skip - len(leads)) % step
    return result, sum(len(a) for a, _, _ in result) / sum(len(a) for a, _, _ in shared)


def _shifted(times: _Times, length: int, rng: Random) -> _Times:
    """Times moved around a circle by a random amount, in order."""
    if length <= 0:
        return times
    by = int(rng.random() * length)
    turn = bisect_left(times, length - by)
    back = by - length
    return [at + back for at in times[turn:]] + [at + by for at in times[:turn]]


def _excess(
    shared: Iterable[tuple[_Times, _Times]], cells: Sequence[tuple[int, int]], expected: Sequence[float]
) -> tuple[float, int]:
    """The largest Poisson log-likelihood ratio over bands, and which band."""
    counts = [0] * _CELL_COUNT
    for leads, follows in shared:
        for at in leads:
            for then in follows[bisect_right(follows, at) : bisect_left(follows, at + furthest_seconds)]:
                counts[_CELLS[then - at]] += 1
    sums = [0, *accumulate(counts)]
    best, where = 0.0, 0
    for k, (a, b) in enumerate(cells):
        hits = sums[b] - sums[a]
        mean = expected[k]
        if hits >= hits_min and hits > mean:
            value = hits * log(hits / mean) - (hits - mean)
            if value > best:
                best, where = value, k
    return best, where


def _cells() -> list[int]:
    """Whole seconds → cell of the logarithmic scale of lags."""
    return [
        max(0, int(log(max(second, 1) / (lag_seconds_min / 2)) / log(_RATIO))) for second in range(furthest_seconds + 1)
    ]


_CELLS = _cells()
_CELL_COUNT = _CELLS[-1] + 2


@lru_cache
def _bands(blur: float) -> tuple[Sequence[Band], Sequence[tuple[int, int]]]:
    """Bands of lags between events whose times may be off by so much together, and their cells.

    None is narrower than that, nor so short that it could not be said which of the two comes first.
    """
    centre = lag_seconds_min
    result: list[Band] = []
    while centre <= lag_seconds_max * 1.001:
        for half in (_HALF_NARROW, _HALF_WIDE):
            reach = max(half * centre, half_seconds_min, blur)
            if centre - reach >= blur:
                result.append((max(1.0, centre - reach), centre + reach))
        centre *= 1.12
    return result, [(_CELLS[int(a)], _CELLS[min(int(b), furthest_seconds)] + 1) for a, b in result]
