"""How often chance alone would give what was counted."""

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
