"""What else may explain an association: a clock that both keep to, a third event between or before, or how it was looked at."""

from collections.abc import Sequence
from dataclasses import replace
from math import log
from statistics import fmean, pstdev

from dreamfs_server.dream.evidence.lags.association import Association
from dreamfs_server.dream.evidence.lags.clocks import Clocks
from dreamfs_server.dream.evidence.lags.shifts import hits_min
from dreamfs_server.dream.evidence.lags.windows import Window

told_odds_min = 3.0
"""The odds at which cases without the middle of three events decide whether it is the link."""
together_seconds_max = 120.0
"""Longer lags are no burst: an earlier follower within them is one of its own."""


def explained(found: Sequence[Association], windows: Sequence[Window]) -> list[Association]:
    """Associations with their notes."""
    clocks = Clocks(windows)
    return [replace(one, notes=_notes(one, found, windows, clocks)) for one in found]


def _notes(one: Association, others: Sequence[Association], windows: Sequence[Window], clocks: Clocks) -> list[str]:
    """Sentences that a finding has to come with; `Association.explained` looks at how they begin."""
    schedule = clocks.schedule(one)
    found = [f"schedule: {schedule}"] if schedule else []
    by_pair = {(other.lead, other.follow): other for other in others}
    for middle in sorted({other.follow for other in others if other.lead == one.lead} - {one.follow}):
        first, second = by_pair[one.lead, middle], by_pair.get((middle, one.follow))
        if (
            second is not None
            and first.lag_seconds < one.lag_seconds
            and _passes(one, middle, windows)
            and _through(one, first, second, windows)
        ):
            found.append(f"chain: it goes through {middle}")
            break
    for cause in sorted({other.lead for other in others if other.follow == one.lead}):
        to_lead, to_follow = by_pair[cause, one.lead], by_pair.get((cause, one.follow))
        if (
            to_follow is not None
            and to_lead.lag_seconds < to_follow.lag_seconds
            and _depends(one, to_lead, windows)
            and not _through(to_follow, to_lead, one, windows)
        ):
            found.append(f"common cause: both follow {cause}")
            break
    if _in_either_order(one, windows):
        found.append(f"burst: {one.follow} comes shortly before {one.lead} as well, so they come together in no order")
    if (opened := _opened_by(one.follow, windows)) >= 0.5:
        found.append(
            f"sessions were opened because of {one.follow}: {opened:.0%} of the windows end within 6 minutes after it"
        )
    return found


def _passes(one: Association, middle: str, windows: Sequence[Window]) -> bool:
    """Whether most hits have the middle event between their ends."""
    between = sum(any(a < at < b for at in windows[number].at.get(middle, ())) for number, a, b in one.pairs)
    return between >= 0.7 * len(one.pairs)


def _through(one: Association, first: Association, second: Association, windows: Sequence[Window]) -> bool:
    """Of three events that follow each other: whether the last waits for the middle one, not for the first.

    It does if the middle one leads to it without the first as well. Else those firsts tell that no middle one came after: is the
    last there all the same, or no more than by chance? Where they are too few the steadier lag tells, since a lag
    through a third event scatters by both of its parts.
    """
    if not _depends(second, first, windows):
        return True
    hit = {(number, a) for number, a, _ in one.pairs}
    reached: list[bool] = []
    missed: list[bool] = []
    for number, window in enumerate(windows):
        middles = window.at.get(first.follow, ())
        for a in window.at.get(one.lead, ()):
            if a + one.lag_high <= window.end:
                between = any(a < at < a + one.lag_high for at in middles)
                (reached if between else missed).append((number, a) in hit)
    usual = min(0.95, fmean(reached or [False]))
    chance = min(0.95, max(0.02, _rate(one.follow, windows) * (one.lag_high - one.lag_low)))
    if usual > chance:
        direct = sum(log(usual / chance) if told else log((1 - usual) / (1 - chance)) for told in missed)
        if abs(direct) >= log(told_odds_min):
            return direct < 0
    return _scatter(second) <= _scatter(one)


def _rate(name: str, windows: Sequence[Window]) -> float:
    """How often a type of event happens, in a second."""
    seconds = sum(window.end - window.start for window in windows)
    return sum(len(window.at.get(name, ())) for window in windows) / max(1.0, seconds)


def _scatter(one: Association) -> float:
    """The standard deviation of a pair's lags, in seconds."""
    return pstdev(b - a for _, a, b in one.pairs)


def _in_either_order(one: Association, windows: Sequence[Window]) -> bool:
    """Whether a short lag is none: the follower comes within the same seconds before the lead half as often as after it."""
    if one.lag_high > together_seconds_max:
        return False
    before = sum(
        any(a - one.lag_high <= b <= a for b in window.at.get(one.follow, ()))
        for window in windows
        for a in window.at.get(one.lead, ())
    )
    return before >= 0.5 * one.hits


def _depends(one: Association, to_lead: Association, windows: Sequence[Window]) -> bool:
    """Whether the follower comes only after those leads that a common cause precedes."""
    caused = {(number, b) for number, _, b in to_lead.pairs}
    hit = {(number, a) for number, a, _ in one.pairs}
    alone = [
        (number, at)
        for number, window in enumerate(windows)
        for at in window.at.get(one.lead, ())
        if (number, at) not in caused
    ]
    with_cause = len(hit & caused) / max(1, len(caused))
    without = len([key for key in alone if key in hit]) / max(1, len(alone))
    return with_cause > 0 and (without < 0.5 * with_cause or len(alone) < hits_min)


def _opened_by(name: str, windows: Sequence[Window]) -> float:
    """The share of windows with the event that end soon after one of it."""
    ends = [min((w.end - at for at in w.at[name]), default=1e9) for w in windows if name in w.at]
    return sum(gap <= 360 for gap in ends) / len(ends) if len(ends) >= hits_min else 0.0
