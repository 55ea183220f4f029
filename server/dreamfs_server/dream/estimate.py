"""About what a dream that asks a model would send and cost. Pure: nothing is asked, so nothing leaves the machine."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """What to expect of a dream before it begins."""

    curator: str
    model: str
    reading_model: str
    sessions: int
    """In scope."""
    cards: int
    read: int
    """Transcripts that a first reading would send whole, or their beginning and end."""
    read_bytes: int
    tokens: int
    microusd: int
    tokens_max: int
    microusd_max: int
    leaves: Sequence[str] = ()
    """What would leave the machine, a sentence each."""
