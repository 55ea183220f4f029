"""An exact test of whether two things are done in the same sessions more often than chance would have it.

Sessions differ in how much they do: a long one has nearly everything in it, and any two things would seem to go together. And a
project has phases: what was worked on in the same month would too. So only sessions of like size and about the same
time are compared with each other. Within such a stratum of n sessions, a of them with the one and b with the other, the number with both is
hypergeometric under the null; the sum over strata is their convolution, and the p-value its upper tail.
"""

from collections.abc import Sequence

from dreamfs_server.dream.evidence.chance import at_least_within


def together_by_chance(first: int, second: int, strata: Sequence[int]) -> float:
    """The chance of at least so many sessions with both.

    Args:
        first: the sessions with the one, as bits.
        second: those with the other.
        strata: the sessions of each stratum.
    """
    return at_least_within(
        (
            stratum.bit_count(),
            (first & stratum).bit_count(),
            (second & stratum).bit_count(),
            (first & second & stratum).bit_count(),
        )
        for stratum in strata
    )
