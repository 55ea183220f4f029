"""Event tables of Kubernetes, and when their rows happened.

A table has times or ages. An age says when only together with the moment at which the table was printed: what `date` says in
the same output, or else when the log has the answer. And it says so only as exactly as it is printed: kubectl gives seconds below ten
minutes, whole minutes below eight hours, and then hours, which are no time at all for lags of minutes.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from dreamfs_server.dream.evidence.lags.naming import Told, words
from dreamfs_server.dream.evidence.lags.times import Now, clock_shown, seconds_of
from dreamfs_tools.transcript import Event

_WORDS = re.compile(r"LAST SEEN|\b(?:AGE|Age)\b")
_AGE = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_WHEN = (
    "last seen",
    "lastseen",
    "last",
    "lasttimestamp",
    "timestamp",
    "time",
    "age",
    "when",
    "first seen",
    "firstseen",
)
_TOLD = frozenset(("reason", "object", "message", "name", "source", "kind", "event", "msg", "obj"))

Table = tuple[Sequence[int], int, Sequence[int]]
"""Where columns begin, which one has the time, which ones name the event."""


def may_have_ages(text: str) -> bool:
    """Whether there can be a table of ages in a text at all; cheap."""
    return _WORDS.search(text) is not None


def head(line: str) -> Table | None:
    """The columns of an event table, from a line that is its head: names apart by two spaces, or in capitals."""
    if "  " not in line.strip() or len(line) > 400 or any(letter.isdigit() for letter in line):
        return None
    columns = [(found.group().lower(), found.start()) for found in re.finditer(r"\S+(?: \S+)*", line)]
    names = [name for name, _ in columns]
    when = next((names.index(name) for name in _WHEN if name in names), -1)
    if when < 0 or not {"reason", "message"} & set(names):
        return None
    return [at for _, at in columns], when, [i for i, name in enumerate(names) if name in _TOLD]


def row(line: str, start: int, table: Table, printed_at: float | None) -> Told | None:
    """The event of a row; None for one without a time, or with one too coarse to count."""
    starts, when, told = table
    cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], len(line)], strict=True)]
    at, within = seconds_of(cells[when]), 0.0
    if at is None and printed_at is not None and (age := _age(cells[when])) is not None:
        at, within = printed_at - age[0], age[1]
    if at is None:
        return None
    return Told(at, [word for i in told for word in words(cells[i])], start, start + len(line), within)


def _age(text: str) -> tuple[float, float] | None:
    """How long ago, in the middle of what a rounded age can mean, and by how much it may be more or less."""
    found = _AGE.fullmatch(text.split(" ", 1)[0])
    if found is None or not (found[3] or found[4]):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    least = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return (least, 0.0) if found[4] else (least + 30.0, 30.0)


class Printed:
    """When the tables of one output were printed.

    Args:
        event: the output.
        lines: the spans of its lines.
        asked: whether its call asked for the time, so that a time alone on a line is that time.
    """

    def __init__(self, event: Event, lines: Sequence[tuple[int, int]], *, asked: bool) -> None:
        self._row = event.at.timestamp() if event.at is not None else None
        found = list(_clocks(event.text, lines))
        # Where a log has times, a time that stands alone may be that of anything; what looks like `date` is the present.
        self._clocks = [
            (start, self._seconds(now)) for start, now in found if now.of_date or asked or self._row is None
        ]

    def at(self, start: int) -> float | None:
        """When the line at this offset was printed: the nearest clock above it, else the first below, else the log's time."""
        place = bisect_right(self._clocks, start, key=lambda clock: clock[0])
        for _, seconds in [*self._clocks[:place][::-1], *self._clocks[place:]]:
            if seconds is not None:
                return seconds
        return self._row

    def latest(self) -> float:
        """The last moment at which this output says that somebody looked; 0 where it says none."""
        return max((seconds for _, seconds in self._clocks if seconds is not None), default=0.0)

    def _seconds(self, now: Now) -> float | None:
        if not now.zoned and self._row is not None:
            # The clock of a zone that it does not name, or by letters that mean several: whole quarters of an hour apart.
            apart = now.seconds - self._row
            quarters = round(apart / 900) * 900
            if abs(apart) < 15 * 3600 and abs(apart - quarters) < 60:
                return now.seconds - quarters
        return now.seconds if now.zoned or not now.zone else None


def _clocks(text: str, lines: Sequence[tuple[int, int]]) -> Iterator[tuple[int, Now]]:
    for start, end in lines:
        now = clock_shown(text[start:end])
        if now is not None:
            yield start, now
