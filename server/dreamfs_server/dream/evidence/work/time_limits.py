"""What got past a time limit that cut a command off, in most sessions that tried it.

Runs that were given more: k finished of n, over all of the command's runs with more than the limit that struck. Or, after a cut, the same command
in the background or another one of its family (a part of the work). Each session counts once, by its first run of the kind.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dreamfs_server.dream.evidence.work.waits import Wait

ways_worked_min = 2
ways_share_min = 0.6
after_cut_steps_max = 30


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


def way_past(runs: Sequence[Wait], family: Sequence[Wait], cut: Sequence[Wait]) -> Way:
    """What got past the limit in most sessions that tried it.

    Args:
        runs: of the command.
        family: of all commands with the same broad name, in order.
        cut: the runs that the limit ended; one at least.
    """
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


def told_way(way: Way) -> str:
    """What got past the limit, in words that follow on "it was cut off in k of n runs"."""
    held = f"{way.worked} of {way.tried} sessions"
    ways: Mapping[str, str] = {
        "longer": f"; given a longer `timeout` (most often {way.given * 1000:.0f}) it finished in {held}",
        "background": f"; after that it was started in the background, which worked in {held}",
        "part": f"; after that `{way.name}` finished in {held}",
    }
    return ways.get(way.what, "")
