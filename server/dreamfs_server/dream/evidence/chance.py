"""How often chance alone would give what was counted."""

from collections.abc import Iterable, Sequence
from math import comb


def at_least(first: int, first_with: int, second: int, second_with: int) -> float:
    """Fisher's exact test, one-sided: how often chance gives the first group this many or more.

    Args:
        first: how many there are in the first group.
        first_with: how many of them have it.
        second: how many there are in the second group.
        second_with: how many of them have it.
    """
    total, with_it = first + second, first_with + second_with
    ways = sum(comb(first, n) * comb(second, with_it - n) for n in range(first_with, min(first, with_it) + 1))
    return ways / comb(total, with_it)


def at_least_within(strata: Iterable[tuple[int, int, int, int]]) -> float:
    """The same where only what belongs together is compared, such as the sessions of one task: exact, conditional on each stratum.

    Args:
        strata: of each, how many there are, how many of them have it, how many are in the first group, and how many in both.
    """
    chances: Sequence[float] = [1.0]
    seen = 0
    for n, with_it, first, both in strata:
        least, most = max(0, with_it + first - n), min(with_it, first)
        seen += both - least
        if most > least:
            ways = [comb(with_it, x) * comb(n - with_it, first - x) / comb(n, first) for x in range(least, most + 1)]
            chances = _convolved(chances, ways)
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
