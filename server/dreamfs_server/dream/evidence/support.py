"""What a finding rests on: distinct sessions, days and tasks.

Sessions of one task repeat one experiment, and sessions of one day share a state of the world; so a rule needs several of
each. Undated sessions count as one day. A sub-agent counts as the session that started it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dreamfs_server.dream.material import UNDATED
from dreamfs_tools.dreaming import Support

rule_sessions_min = 3
rule_days_min = 2
rule_tasks_min = 3


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Which session something was seen in, and what that session counts as."""

    session_id: str
    root: str
    day: str
    task: str
    outcome: str = ""


def support(places: Iterable[Place]) -> Support:
    """Distinct sessions, days and known tasks."""
    seen = set(places)
    return Support(
        sessions=len({place.root for place in seen}),
        days=len({place.day for place in seen}),
        tasks=len({place.task for place in seen if place.task}),
    )


def is_rule(places: Iterable[Place]) -> bool:
    """Whether it was seen often enough to be a rule: 3 sessions on 2 days, and 3 tasks where tasks are known.

    A session without a task may have had any task, so it counts as one of its own.
    """
    seen = set(places)
    found = support(seen)
    tasks = found.tasks + len({place.root for place in seen if not place.task})
    return found.sessions >= rule_sessions_min and found.days >= rule_days_min and tasks >= rule_tasks_min


def told(found: Support) -> str:
    """Support in words: `9 sessions on 4 days`."""
    words = f"{found.sessions} session{'s' * (found.sessions != 1)} on {found.days} day{'s' * (found.days != 1)}"
    return f"{words}, {found.tasks} tasks" if found.tasks > 1 else words


def spread(places: Iterable[Place], limit: int) -> list[Place]:
    """At most `limit` places that cover the most sessions, days and tasks."""
    left = sorted(set(places))
    days: set[str] = set()
    tasks: set[str] = set()
    roots: set[str] = set()
    result: list[Place] = []
    while left and len(result) < limit:
        best = max(
            range(len(left)),
            key=lambda i: (
                left[i].root not in roots,
                left[i].day not in days,
                bool(left[i].task) and left[i].task not in tasks,
                left[i].day != UNDATED,
                -i,
            ),
        )
        place = left.pop(best)
        days.add(place.day)
        tasks.add(place.task)
        roots.add(place.root)
        result.append(place)
    return result
