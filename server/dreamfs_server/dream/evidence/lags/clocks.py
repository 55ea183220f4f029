"""What keeps to the clock: jobs that start at the same minutes of each hour or day follow each other and need not lead to each other.

Two signs are looked for. Most times of both types stand in one small part of a period, some outliers aside. Or the follower
comes as often at the same minutes of other hours, or at the same time of other days, as it does after the lead: then the time
says as much as the lead does, however loosely the follower keeps to it. How much of each hour and day was looked at is taken
into account: what is only looked for at nine comes at nine.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import ceil, exp, log
from statistics import median

from dreamfs_server.dream.evidence.lags.association import Association, lift_min
from dreamfs_server.dream.evidence.lags.shifts import hits_min
from dreamfs_server.dream.evidence.lags.windows import Window, blurred

periods = (86400, 43200, 28800, 21600, 14400, 10800, 7200, 3600, 1800, 900, 600, 300)
kept_share = 0.85
"""Of the times of a type that keeps to the clock, that stand in one place of its period."""
place_seconds_max, place_share_max = 90.0, 1 / 12
"""How wide that place may be, whichever is more; rounded times may be off by as much again as they are rounded."""
chance_max = 1e-3
looks_min, looks_each_min = 60, 3
"""How often the same minutes of other hours or days have to be looked at to say something, in all and for each lead."""
_HALF_SECONDS_MIN = 8.0


class Clocks:
    """Which types keep to the clock in these windows."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._windows = windows
        self._blur = blurred(windows)
        self._looked = {period: _Looked(windows, period) for period in periods}
        self._places: dict[tuple[str, int], list[float]] = {}
        self._told: dict[str, str] = {}

    def schedule(self, one: Association) -> str:
        """How the clock explains an association; "" where it does not."""
        lead, follow = self._keeps(one.lead), self._keeps(one.follow)
        if lead and follow:
            return f"both keep to the clock ({lead} and {follow}), so neither need lead to the other"
        for period in reversed(periods):
            if share := self._anyhow(one, period):
                others = "minutes of other hours" if period <= 3600 else "time of other days"
                return f"at the same {others} {one.follow} comes {share:.0%} of the time as well"
        return ""

    def _keeps(self, name: str) -> str:
        """At which minutes a type of event happens, if it keeps to them; else ""."""
        if name not in self._told:
            self._told[name] = next((told for period in periods if (told := self._place(name, period))), "")
        return self._told[name]

    def _place(self, name: str, period: int) -> str:
        places = self._folded(name, period)
        count = len(places)
        if count < hits_min:
            return ""
        most = ceil(kept_share * count)
        around = [*places, *(place + period for place in places)]
        width, first = min((around[i + most - 1] - around[i], i) for i in range(count))
        widest = max(place_seconds_max, place_share_max * period) + 2 * self._blur[name]
        share = max(width / period, self._looked[period].share(around[first], width))
        if width > widest or share >= kept_share or count * _at_least(most - 1, count - 1, share) > chance_max:
            return ""
        if period < 3600:
            return f"every {period // 60} minutes"
        return f"minute {median(around[first : first + most]) % 3600 / 60:.0f}"

    def _anyhow(self, one: Association, period: int) -> float:
        """How often the follower comes at the same place of other periods, if that is half as often as after the lead or more."""
        half = max((one.lag_high - one.lag_low) / 2, _HALF_SECONDS_MIN, self._blur[one.lead] + self._blur[one.follow])
        low, width = (one.lag_low + one.lag_high) / 2 - half, 2 * half
        if width > period / 2:
            return 0.0
        places, looked = self._folded(one.follow, period), self._looked[period]
        came = looks = 0.0
        hits = trials = 0
        for window in self._windows:
            follows = window.at.get(one.follow, ())
            for at in window.at.get(one.lead, ()):
                own = bisect_right(follows, at + low + width) - bisect_left(follows, at + low)
                if not own and at + low + width > window.end:
                    continue
                trials += 1
                hits += own > 0
                place = (at + low) % period
                came += _between(places, place, width, period) - own
                looks += looked.seconds(place, width) / width - 1
        if looks < max(looks_min, looks_each_min * trials):
            return 0.0
        share = min(1.0, came / looks)
        chance = len(places) / max(1.0, looked.total) * width
        return share if share > lift_min * chance and hits < lift_min * share * trials else 0.0

    def _folded(self, name: str, period: int) -> list[float]:
        """Where in the period its times stand, in order."""
        key = (name, period)
        if key not in self._places:
            self._places[key] = sorted(at % period for window in self._windows for at in window.at.get(name, ()))
        return self._places[key]


class _Looked:
    """How long each part of a period was looked at, over all windows."""

    def __init__(self, windows: Sequence[Window], period: int) -> None:
        self._period = period
        self.total = sum(window.end - window.start for window in windows)
        whole = 0
        starts: list[float] = []
        ends: list[float] = []
        for window in windows:
            times, rest = divmod(window.end - window.start, period)
            whole += int(times)
            start = window.start % period
            starts.append(start)
            ends.append(min(period, start + rest))
            if start + rest > period:
                starts.append(0.0)
                ends.append(start + rest - period)
        self._whole = whole
        self._edges = [_summed(starts), _summed(ends)]

    def seconds(self, place: float, width: float) -> float:
        """For how long the part of that width after `place` was looked at."""
        place %= self._period
        beyond = place + width - self._period
        if beyond > 0:
            return self._until(self._period) - self._until(place) + self._until(beyond)
        return self._until(place + width) - self._until(place)

    def share(self, place: float, width: float) -> float:
        """Which part of all looking that was."""
        return self.seconds(place, width) / max(1.0, self.total)

    def _until(self, place: float) -> float:
        since = [bisect_left(edges, place) * place - sums[bisect_left(edges, place)] for edges, sums in self._edges]
        return self._whole * place + since[0] - since[1]


def _summed(edges: Sequence[float]) -> tuple[list[float], list[float]]:
    ordered = sorted(edges)
    return ordered, [0.0, *accumulate(ordered)]


def _between(places: Sequence[float], place: float, width: float, period: int) -> int:
    """How many places stand in the part of that width after `place`."""
    end = place + width
    count = bisect_right(places, end) - bisect_left(places, place)
    return count + bisect_right(places, end - period) if end >= period else count


def _at_least(hits: int, trials: int, chance: float) -> float:
    """An upper bound of how often chance gives so many hits (Chernoff), for more hits than it gives on average."""
    share = hits / trials
    if share <= chance:
        return 1.0
    divergence = share * log(share / chance) if chance else float("inf")
    if share < 1:
        divergence += (1 - share) * log((1 - share) / (1 - chance))
    return exp(-trials * divergence)
