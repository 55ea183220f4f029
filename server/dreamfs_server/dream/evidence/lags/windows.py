"""Stretches of time that sessions looked at.

Several sessions often look at the same hours; what they saw there is one observation, not several. So sessions that saw
one and the same event are one window, and a refiring alert is one episode.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dreamfs_server.dream.evidence.lags.happenings import Happening

episode_seconds = 120.0
quiet_seconds = 12 * 3600.0
dated_apart_seconds_max = 60.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What one session saw."""

    session_id: str
    root: str
    day: str
    dated: bool
    events: Sequence[Happening]
    """In order of time."""
    until: float

    def event(self, name: str, at: float) -> Happening | None:
        """The event of that type and second, if the session saw it."""
        first, last = (bisect(self.events, int(at), key=_second) for bisect in (bisect_left, bisect_right))
        return next((event for event in self.events[first:last] if event.type == name), None)


@dataclass(slots=True)
class Window:
    """A stretch of time that one or more sessions looked at."""

    sessions: list[Seen]
    start: float
    end: float
    at: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """Type → times of its episodes."""
    within: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """Type → by how many seconds each of those times may be off."""


def _second(event: Happening) -> int:
    return int(event.at)


def merged(seen: Sequence[Seen]) -> list[Window]:
    """Sessions as windows; those that saw one and the same event are one window, since they saw the same stretch of time.

    Rounded times are of one event if they can be. What dated sessions saw may differ by another minute: they tell ages from when they
    looked, and tools that sample see a thing one sample late.
    """
    ordered = sorted((one for one in seen if one.events), key=lambda one: one.session_id)
    parent = list(range(len(ordered)))

    def top(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    shown: dict[str, dict[tuple[int, float, bool], int]] = defaultdict(dict)
    for i, one in enumerate(ordered):
        for event in one.events:
            key = (int(event.at), event.within, one.dated)
            parent[top(i)] = top(shown[event.type].setdefault(key, i))
    for sights in shown.values():
        for a, b in _same_event(sorted(sights)):
            parent[top(sights[a])] = top(sights[b])
    groups: dict[int, list[Seen]] = defaultdict(list)
    for i, one in enumerate(ordered):
        groups[top(i)].append(one)
    return [window for _, sessions in sorted(groups.items()) for window in _windows(sessions)]


def blurred(windows: Sequence[Window]) -> dict[str, float]:
    """By how many seconds the times of each type may be off, but for a quarter of them at most."""
    shown: dict[str, list[float]] = defaultdict(list)
    for window in windows:
        for name, within in window.within.items():
            shown[name] += within
    return {name: sorted(within)[len(within) * 3 // 4] for name, within in shown.items()}


_Sight = tuple[int, float, bool]
"""When, by how much that may be off, and whether a dated session saw it."""


def _same_event(sights: Sequence[_Sight]) -> Iterator[tuple[_Sight, _Sight]]:
    """Pairs of sights of one type, in order of time, that can be of one event."""
    furthest = dated_apart_seconds_max + 2 * max((within for _, within, _ in sights), default=0.0)
    for i, a in enumerate(sights):
        for b in sights[i + 1 :]:
            if b[0] - a[0] > furthest:
                break
            if b[0] - a[0] <= a[1] + b[1] + (dated_apart_seconds_max if a[2] and b[2] else 0.0):
                yield a, b


def _windows(sessions: list[Seen]) -> list[Window]:
    """What a group of sessions looked at, parted where nothing was seen for `quiet_seconds`."""
    exact: dict[tuple[float, str], float] = {}
    for one in sessions:
        for event in one.events:
            key = float(int(event.at)), event.type
            exact[key] = min(event.within, exact.get(key, event.within))
    until = max(one.until for one in sessions)
    parts: list[list[tuple[float, str]]] = []
    for key in sorted(exact):
        if not parts or key[0] - parts[-1][-1][0] > quiet_seconds:
            parts.append([])
        parts[-1].append(key)
    result: list[Window] = []
    for part in parts:
        times: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for at, name in part:
            times[name].append((at, exact[at, name]))
        end = max(part[-1][0], until if until - part[-1][0] < quiet_seconds else 0.0)
        window = Window(sessions, part[0][0], end)
        for name in sorted(times):
            episodes = _episodes(times[name])
            window.at[name] = [at for at, _ in episodes]
            window.within[name] = [within for _, within in episodes]
        result.append(window)
    return result


def _episodes(times: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """What comes again within two minutes is one episode, which begins with its first time, as exactly as that was ever shown."""
    result: list[tuple[float, float]] = []
    last = float("-inf")
    for at, within in times:
        if at - last > episode_seconds:
            result.append((at, within))
        elif within < result[-1][1] and at - result[-1][0] <= within + result[-1][1]:
            result[-1] = (at, within)
        last = at
    return result
