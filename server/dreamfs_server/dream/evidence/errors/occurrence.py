"""How an error occurs over the sessions: since when, until when, and whether sub-agents have it more than others.

Each is said only where chance does not explain it: if sessions had the error at random, how often would so many of the first
ones, or the last ones, be without it?
"""

from collections.abc import Collection
from dataclasses import dataclass

from dreamfs_server.dream.evidence.chance import at_least
from dreamfs_server.dream.evidence.support import Place
from dreamfs_server.dream.material import UNDATED

p_max = 0.01
beside_min = 5
"""Sessions before, after or of the other kind, below which nothing is said."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What can be said of when and where an error occurs."""

    sessions: int
    """All that were looked at."""
    since: str = ""
    """The day before which chance would have shown it, "" where it would not."""
    before: int = 0
    """Sessions before that day, none with it."""
    until: str = ""
    """The day after which chance would have shown it."""
    after: int = 0
    """Sessions after that day, none with it."""
    agents: tuple[int, int, int, int] | None = None
    """Sub-agents with it, of all; other sessions with it, of all: where sub-agents have it more often."""


def occurrence_of(with_error: Collection[Place], places: Collection[Place]) -> Occurrence:
    """How one error occurs.

    Args:
        with_error: where it occurred.
        places: all sessions looked at.
    """
    roots = {place.root for place in places}
    day: dict[str, str] = {}
    for place in places:
        if place.day != UNDATED:
            day[place.root] = min(place.day, day.get(place.root, place.day))
    hit = sorted(day[root] for root in {place.root for place in with_error} if root in day)
    since = until = ""
    before = after = 0
    if hit:
        before = sum(one < hit[0] for one in day.values())
        after = sum(one > hit[-1] for one in day.values())
        since = hit[0] if _is_unlikely(before, len(day), len(hit)) else ""
        until = hit[-1] if _is_unlikely(after, len(day), len(hit)) else ""
    return Occurrence(
        len(roots), since, before if since else 0, until, after if until else 0, _agents(with_error, places)
    )


def _is_unlikely(without: int, sessions: int, hits: int) -> bool:
    return without >= beside_min and at_least(sessions - without, hits, without, 0) <= p_max


def _agents(with_error: Collection[Place], places: Collection[Place]) -> tuple[int, int, int, int] | None:
    subs = {place for place in places if place.session_id != place.root}
    others = set(places) - subs
    if min(len(subs), len(others)) < beside_min:
        return None
    found = (len(subs & set(with_error)), len(subs), len(others & set(with_error)), len(others))
    return found if at_least(found[1], found[0], found[3], found[2]) <= p_max else None
