"""Calls of a model that a dream makes: what was asked, what came back, what it cost, and how much a person allowed.

Every call is written down before it is sent, with the most that it can cost, and again when it is answered. So a run
goes on after a crash without paying twice, no two processes together spend more than was allowed, and what a model saw
can be read back as it saw it. Money is counted in millionths of a US dollar (`microusd`), rounded up for each call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Purpose = Literal["read", "curate", "verify"]
MICROUSD = 1_000_000


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call."""

    number: int
    """From 1 within its dream; 0 before it is stored."""
    purpose: Purpose
    model: str
    request_hash: str
    """SHA-256 of the whole request as canonical JSON, lower-case hex."""
    request: Mapping[str, Any]
    """As sent; of a call that continues another one, its `messages` are only those that are new."""
    continues: int = 0
    """The call whose messages and answer come before; 0 for none."""
    response: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """As received; empty while there is none."""
    usage: Mapping[str, Any] = field(default_factory=dict[str, Any])
    cost_microusd: int = 0
    """What it cost; without an answer, the most that it can have cost."""
    batch_id: str = ""
    """Where it waits in a batch."""
    error: str = ""
    """Why there is no answer, a sentence."""
    created_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer, which is then never paid for again."""
        return bool(self.response)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a person lets a provider's models cost in a calendar month (UTC), and what they cost so far."""

    provider: str
    microusd_per_month: int
    allowed_by: str
    allowed_at: datetime
    spent_microusd: int = 0
    """This month, calls without an answer at the most that they can have cost."""

    @property
    def left_microusd(self) -> int:
        """What may still be spent this month."""
        return max(0, self.microusd_per_month - self.spent_microusd)


class ModelCalls(Protocol):
    """Keeps calls and allowances. Every call of it is one durable transaction."""

    async def of(self, dream_id: str) -> Sequence[ModelCall]:
        """A dream's calls, in order."""
        ...

    async def begin(self, dream_id: str, provider: str, call: ModelCall) -> ModelCall:
        """Write down a call that is about to be made, at the most that it can cost.

        Raises:
            Refusal: `conflict` when the dream has ended; `not_allowed` when nobody allowed the provider; `limit` when it
                could cost more than is left of the month's allowance.
        """
        ...

    async def finish(self, dream_id: str, call: ModelCall, spent: Mapping[str, Any]) -> None:
        """Write down how a call ended, and beside it what the dream used so far, also of a dream that has ended."""
        ...

    async def allowance(self, provider: str) -> Allowance | None:
        """What is allowed now; None where nobody allowed anything or took it back."""
        ...

    async def allow(self, provider: str, microusd_per_month: int, by: str) -> Allowance | None:
        """Allow an amount a month from now on; 0 takes it back."""
        ...


def whole_request(calls: Sequence[ModelCall], number: int) -> dict[str, Any]:
    """A call's request exactly as the model saw it.

    Args:
        calls: of one dream.
        number: of the call.
    """
    by_number = {call.number: call for call in calls}
    call = by_number[number]
    messages: list[Any] = list(call.request.get("messages", ()))
    while call.continues:
        call = by_number[call.continues]
        if call.response:
            messages = [{"role": "assistant", "content": call.response["content"]}, *messages]
        messages = [*call.request.get("messages", ()), *messages]
    return {**by_number[number].request, "messages": messages}
