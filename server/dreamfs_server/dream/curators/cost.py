"""What tokens cost, what a request could cost at most, and what is left below a ceiling. Pure.

A request's tokens are not known before it is sent, and asking the API to count them would send it. So they are bounded
by its bytes: text of any language has at most one token for two bytes of UTF-8 on average, JSON and code fewer.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from dreamfs_server.model_settings import (
    BATCH_FACTOR,
    CACHE_READ_FACTOR,
    CACHE_WRITE_FACTOR,
    ModelSettings,
    Price,
)
from dreamfs_tools.model_call import ModelCall

BYTES_PER_TOKEN_MIN = 2.0
"""For the most that a request can cost."""
BYTES_PER_TOKEN = 3.5
"""For an estimate."""
ANSWER_TOKENS_MIN = 1_024
"""A call that may not answer this much is not made."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one call used, as the API counts."""

    input: int = 0
    """Neither read from the cache nor written to it."""
    output: int = 0
    cache_write: int = 0
    cache_read: int = 0

    @property
    def all(self) -> int:
        """The sum: also how long a conversation is after the call."""
        return self.input + self.output + self.cache_write + self.cache_read

    def __add__(self, other: "Tokens") -> "Tokens":
        """Both together."""
        return Tokens(
            self.input + other.input,
            self.output + other.output,
            self.cache_write + other.cache_write,
            self.cache_read + other.cache_read,
        )


def tokens_of(usage: Mapping[str, Any]) -> Tokens:
    """The tokens in a usage as the API gives it; what is missing or null counts as none."""
    names = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return Tokens(*(int(usage.get(name) or 0) for name in names))


def microusd(tokens: Tokens, price: Price, *, batch: bool = False) -> int:
    """What tokens cost, in millionths of a US dollar, rounded up."""
    paid_in = tokens.input + CACHE_WRITE_FACTOR * tokens.cache_write + CACHE_READ_FACTOR * tokens.cache_read
    cost = paid_in * price.input + tokens.output * price.output
    return int((cost * (BATCH_FACTOR if batch else Decimal(1))).to_integral_value(ROUND_CEILING))


def most_tokens(size_bytes: int) -> int:
    """More tokens than a text of this size can have."""
    return math.ceil(size_bytes / BYTES_PER_TOKEN_MIN)


def likely_tokens(size_bytes: int) -> int:
    """About how many tokens a text of this size has."""
    return math.ceil(size_bytes / BYTES_PER_TOKEN)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a dream's calls used so far."""

    calls: int = 0
    answered: int = 0
    lost: int = 0
    """Calls without an answer that may have been charged."""
    tokens: Tokens = Tokens()
    microusd: int = 0


def spent(calls: Iterable[ModelCall]) -> Spent:
    """Add up a dream's calls."""
    total = Spent()
    for call in calls:
        total = Spent(
            total.calls + 1,
            total.answered + call.is_answered,
            total.lost + (not call.is_answered and call.cost_microusd > 0),
            total.tokens + tokens_of(call.usage),
            total.microusd + call.cost_microusd,
        )
    return total


def answer_tokens(settings: ModelSettings, price: Price, so_far: Spent, input_tokens: int, *, batch: bool) -> int:
    """How many tokens the next answer may have, so that the call stays below both ceilings; 0 when too few.

    Args:
        settings: with the ceilings.
        price: of the model.
        so_far: what was used.
        input_tokens: the most that the request can have.
        batch: whether it goes through the batch interface.
    """
    by_tokens = settings.tokens_max - so_far.tokens.all - input_tokens
    left = settings.microusd_max - so_far.microusd - microusd(Tokens(cache_write=input_tokens), price, batch=batch)
    one = price.output * (BATCH_FACTOR if batch else 1)
    by_money = int(left / one) if one else by_tokens
    fits = min(settings.answer_tokens_max, by_tokens, by_money)
    return fits if fits >= min(ANSWER_TOKENS_MIN, settings.answer_tokens_max) else 0
