"""Stretches of time that sessions looked at.

Several sessions often look at the same hours; what they saw there is one observation, not several. So sessions that saw
one and the same event are one window, and a refiring alert is one episode.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from dreamfs_server.dream.evidence.lags.happenings import Happening

episode_seconds = 120.0
quiet_seconds = 12 * 3600.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What one session saw."""

    session_id: str
    root: str
    day: str
    dated: bool
    events: Sequence[Happening]
    until: float


@dataclass(slots=True)
class Window:
    """A stretch of time that one or more sessions looked at."""

    sessions: list[Seen]
    start: float
    end: float
    at: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """Type → times of its episodes."""


def merged(seen: Sequence[Seen]) -> list[Window]:
    """Sessions as windows; those that saw one and the same event are one window, since they saw the same stretch of time.

    Ages in tables are rounded, so dated sessions share an event when its times differ by up to a minute.
    """
    ordered = sorted((one for one in seen if one.events), key=lambda one: one.session_id)
    parent = list(range(len(ordered)))

    def top(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    exact: dict[tuple[int, str], int] = {}
    near: dict[tuple[int, str], int] = {}
    for i, one in enumerate(ordered):
        for event in one.events:
            parent[top(i)] = top(exact.setdefault((int(event.at), event.type), i))
            if one.dated:
                minute = int(event.at // 60)
                for key in ((minute, event.type), (minute + 1, event.type)):
                    parent[top(i)] = top(near.setdefault(key, i))
    groups: dict[int, list[Seen]] = defaultdict(list)
    for i, one in enumerate(ordered):
        groups[top(i)].append(one)
    return [window for _, sessions in sorted(groups.items()) for window in _windows(sessions)]


def _windows(sessions: list[Seen]) -> list[Window]:
    """What a group of sessions looked at, parted where nothing was seen for `quiet_seconds`."""
    events = sorted({(float(int(event.at)), event.type) for one in sessions for event in one.events})
    until = max(one.until for one in sessions)
    parts: list[list[tuple[float, str]]] = []
    for event in events:
        if not parts or event[0] - parts[-1][-1][0] > quiet_seconds:
            parts.append([])
        parts[-1].append(event)
    result: list[Window] = []
    for part in parts:
        times: dict[str, list[float]] = defaultdict(list)
        for at, name in part:
            times[name].append(at)
        end = max(part[-1][0], until if until - part[-1][0] < quiet_seconds else 0.0)
        result.append(Window(sessions, part[0][0], end, {name: _episodes(at) for name, at in sorted(times.items())}))
    return result


def _episodes(times: Sequence[float]) -> list[float]:
    result: list[float] = []
    last = float("-inf")
    for at in times:
        if at - last > episode_seconds:
            result.append(at)
        last = at
    return result
