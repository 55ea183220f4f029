"""Series of measured values, as a monitoring system's range query answers: when one leaves its usual level.

A spike is not written anywhere in such an answer; it is seen. The usual level is the median of the values, and what is
usual around it comes from the median distance to it, so a spike does not hide itself.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite
from statistics import median

samples_min = 20
distances_min = 9.0
"""Six standard deviations where values scatter normally, in median distances."""
share_of_level_min = 0.2
"""A step of less than a fifth of the usual level is nothing that an operator would see."""
share_outside_max = 0.25
"""A series that is outside more often has no usual level."""

Sample = tuple[float, float]
"""Seconds since 1970, value."""


def departures(samples: Sequence[Sample]) -> list[tuple[float, str]]:
    """When a series left its usual level, and whether it "rises" or "falls" then; each stay outside counts once."""
    samples = [(at, value) for at, value in samples if isfinite(value)]
    values = [value for _, value in samples]
    if len(values) < samples_min or _counts(values):
        return []
    level = median(values)
    reach = max(distances_min * median(abs(value - level) for value in values), share_of_level_min * abs(level))
    side = [(value > level + reach) - (value < level - reach) for value in values]
    if sum(one != 0 for one in side) > share_outside_max * len(side):
        return []
    return [
        (samples[n + 1][0], "rises" if now > 0 else "falls")
        for n, (before, now) in enumerate(pairwise(side))
        if now not in {0, before}
    ]


def _counts(values: Sequence[float]) -> bool:
    """Whether it only ever grows: a counter, whose height says nothing."""
    grown = sum(b > a for a, b in pairwise(values))
    return grown > 0.5 * len(values) and all(b >= a for a, b in pairwise(values))
