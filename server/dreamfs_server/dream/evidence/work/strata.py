"""An exact test of whether two things are done in the same sessions more often than chance would have it.

Sessions differ in how much they do: a long one has nearly everything in it, and any two things would seem to go together. And a
project has phases: what was worked on in the same month would too. So only sessions of like size and about the same
time are compared with each other. Within such a stratum of n sessions, a of them with the one and b with the other, the number with both is
hypergeometric under the null; the sum over strata is their convolution, and the p-value its upper tail.
"""

from collections.abc import Sequence
from math import comb


def together_by_chance(first: int, second: int, strata: Sequence[int]) -> float:
    """The chance of at least so many sessions with both.

    Args:
        first: the sessions with the one, as bits.
        second: those with the other.
        strata: the sessions of each stratum.
    """
    chances = [1.0]
    seen = 0
    for stratum in strata:
        n, a, b = stratum.bit_count(), (first & stratum).bit_count(), (second & stratum).bit_count()
        least, most = max(0, a + b - n), min(a, b)
        seen += (first & second & stratum).bit_count() - least
        if most > least:
            ways = comb(n, b)
            here = [comb(a, x) * comb(n - a, b - x) / ways for x in range(least, most + 1)]
            chances = _convolved(chances, here)
    return min(1.0, sum(chances[seen:]))


def _convolved(a: Sequence[float], b: Sequence[float]) -> list[float]:
    result = [0.0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] += x * y
    return result


def q_values(p_values: Sequence[float], tested: int) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values, in the order given; what was tested beyond them counts as p = 1.

    Args:
        p_values: in rising order.
        tested: how many tests there were in all.
    """
    result = [1.0] * len(p_values)
    least = 1.0
    for rank in range(len(p_values), 0, -1):
        least = min(least, p_values[rank - 1] * tested / rank)
        result[rank - 1] = least
    return result
