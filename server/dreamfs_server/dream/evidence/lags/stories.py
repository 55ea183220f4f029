"""Associations that tell one story: the same two moments under several names.

What happens is often printed on more than one line: a spike and the warning that it set off, an alert for each of three
replicas, a test run whose report has twenty lines. Every pair of such lines is an association of its own with the same times.
Told apart they would be read as so many findings; so they are one, told by its surest pair, with the others beside it.

Where more than `names_max` names tell one story and both ends stand in the same output, they are the steps of one program: its
script has them in this order, and nothing is learnt from the time between.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from dreamfs_server.dream.evidence.lags.association import Association
from dreamfs_server.dream.evidence.lags.windows import Window

near_seconds_min = 5.0
near_share = 0.1
"""Of the lag, that the ends of two hits may differ by to be the same moment."""
shared_min = 0.7
"""Of the hits of the rarer of two pairs, that have to be hits of the other as well."""
names_max = 6
together_share = 0.5


def stories(found: Sequence[Association], windows: Sequence[Window]) -> list[list[Association]]:
    """Associations in groups that tell one story, each group's surest first; the order of the groups is that of `found`."""
    top = list(range(len(found)))

    def root(i: int) -> int:
        while top[i] != i:
            top[i] = top[top[i]]
            i = top[i]
        return i

    for j, other in enumerate(found):
        for i, one in enumerate(found[:j]):
            if root(i) != root(j) and one.explained == other.explained and _same(one, other):
                top[root(j)] = root(i)
    groups: dict[int, list[Association]] = defaultdict(list)
    for i, one in enumerate(found):
        groups[root(i)].append(one)
    return [_noted(sorted(members, key=_surest), windows) for members in groups.values()]


def _surest(one: Association) -> tuple[float, ...]:
    return (-one.hits, one.trials, one.follows, one.q_value)


def _same(one: Association, other: Association) -> bool:
    near = max(near_seconds_min, near_share * min(one.lag_seconds, other.lag_seconds))
    if abs(one.lag_seconds - other.lag_seconds) > 2 * near:
        return False
    few, many = sorted((one.pairs, other.pairs), key=len)
    by_window: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for number, a, b in many:
        by_window[number].append((a, b))
    shared = sum(
        any(abs(a - x) <= near and abs(b - y) <= near for x, y in by_window.get(number, ())) for number, a, b in few
    )
    return shared >= shared_min * len(few)


def _noted(members: Sequence[Association], windows: Sequence[Window]) -> list[Association]:
    names = {name for one in members for name in (one.lead, one.follow)}
    if len(names) <= names_max or not in_one_output(members[0], windows):
        return list(members)
    note = f"sequence: {len(names)} kinds of lines of one output come in this order, as the steps of one program do"
    return [replace(one, notes=[note, *one.notes]) for one in members]


def in_one_output(one: Association, windows: Sequence[Window]) -> bool:
    """Whether most hits have both ends in one tool's answer."""
    together = 0
    for number, a, b in one.pairs:
        together += any(
            (lead := session.event(one.lead, a)) is not None
            and (follow := session.event(one.follow, b)) is not None
            and lead.output == follow.output
            for session in windows[number].sessions
        )
    return together >= together_share * len(one.pairs)
