"""Asks a model and keeps the books: every call is written down before it is sent and when it is answered.

An answer that is in the books already, from before a crash, is given again and not asked for. A call that would pass a
ceiling is not made. `Stopped` says in a sentence why a run ends early; what it proposed stays.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import anyio

from dreamfs_server.dream.curators.cost import Spent, Tokens, answer_tokens, microusd, most_tokens, spent, tokens_of
from dreamfs_server.model_settings import ModelSettings
from dreamfs_tools.errors import Refusal
from dreamfs_tools.model_call import MICROUSD, ModelCall, ModelCalls, Purpose


class Stopped(Exception):  # noqa: N818  # a run that ends early is not an error
    """Ends a run early; the text is a sentence for people."""


class Unanswered(Exception):  # noqa: N818  # becomes a `Stopped` or a refusal
    """A model gave no answer.

    Args:
        sentence: why, and what to do.
        charged: whether it may have been charged all the same.
    """

    def __init__(self, sentence: str, *, charged: bool) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.charged = charged


class Model(Protocol):
    """A provider's interface."""

    async def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send one request and give the whole answer, as JSON.

        Raises:
            Unanswered: there is none.
        """
        ...

    async def submit(self, requests: Mapping[str, Mapping[str, Any]]) -> str:
        """Send requests to be answered later, each under a name of ours; gives the batch's id."""
        ...

    async def collect(self, batch_id: str) -> Mapping[str, Mapping[str, Any] | Unanswered]:
        """Wait for a batch and give its answers by name."""
        ...


@dataclass
class Ledger:
    """The calls of one dream.

    Args:
        dream_id: whose calls.
        provider: the name that an allowance is given to.
        model: answers.
        books: where calls are kept.
        settings: with the ceilings.
        calls: those made before, in order.
        told: what the dream's usage says beside the numbers.
    """

    dream_id: str
    provider: str
    model: Model
    books: ModelCalls
    settings: ModelSettings
    calls: list[ModelCall] = field(default_factory=list[ModelCall])
    told: dict[str, Any] = field(default_factory=dict[str, Any])

    async def ask(self, purpose: Purpose, request: Mapping[str, Any], after: ModelCall | None = None) -> ModelCall:
        """Ask, or give the answer that is in the books.

        Args:
            purpose: what for.
            request: all of it but `max_tokens`, which what is left below the ceilings decides.
            after: the answered call that it continues: the request's messages begin with that call's and its answer.

        Raises:
            Stopped: a ceiling, an allowance, a deadline, no answer, or a dream that has ended.
        """
        if known := self.known(request):
            return known
        call = await self._begin(purpose, request, after)
        if call is None:
            raise Stopped(self._ceiling())
        try:
            with anyio.fail_after(self.settings.call_seconds_max):
                response = await self.model.answer({**request, "max_tokens": call.request["max_tokens"]})
        except TimeoutError:
            why = f"The model did not answer within {self.settings.call_seconds_max:,.0f} seconds."
            await self._end(replace(call, error=why))
            raise Stopped(f"{why} Run the dream again later.") from None
        except Unanswered as nothing:
            cost = call.cost_microusd if nothing.charged else 0
            await self._end(replace(call, error=nothing.sentence, cost_microusd=cost))
            raise Stopped(nothing.sentence) from None
        return await self._answered(call, response)

    async def ask_in_batch(self, purpose: Purpose, requests: Mapping[str, Mapping[str, Any]]) -> dict[str, ModelCall]:
        """Ask several things at once, to be answered within a day; goes on waiting for a batch that was sent before.

        Returns:
            The answered calls by name. Those that did not fit below a ceiling, or got no answer, are missing.

        Raises:
            Stopped: as `ask`.
        """
        waiting: dict[str, dict[str, ModelCall]] = {}
        new: dict[str, ModelCall] = {}
        for name, request in requests.items():
            if self.known(request):
                continue
            if sent := self._sent(request):
                waiting.setdefault(sent.batch_id, {})[name] = sent
            elif begun := await self._begin(purpose, request, batch=True):
                new[name] = begun
        try:
            with anyio.fail_after(self.settings.batch_seconds_max):
                if new:
                    batch_id = await self.model.submit({name: call.request for name, call in new.items()})
                    waiting[batch_id] = {
                        name: await self._end(replace(call, batch_id=batch_id)) for name, call in new.items()
                    }
                for batch_id, calls in waiting.items():
                    await self._collect(batch_id, calls)
        except TimeoutError:
            raise Stopped("The batch was not answered in time. Run the dream again later.") from None
        except Unanswered as nothing:
            raise Stopped(nothing.sentence) from None
        return {name: call for name, request in requests.items() if (call := self.known(request))}

    def known(self, request: Mapping[str, Any]) -> ModelCall | None:
        """The answered call for a request."""
        wanted = request_hash(request)
        return next((call for call in self.calls if call.request_hash == wanted and call.is_answered), None)

    @property
    def used(self) -> Spent:
        """What the calls used so far."""
        return spent(self.calls)

    def usage(self) -> dict[str, Any]:
        """What the dream's page and JSON say it used."""
        used = self.used
        return {
            "model": self.settings.model,
            "calls": used.calls,
            "tokens": used.tokens.all,
            "input_tokens": used.tokens.input,
            "output_tokens": used.tokens.output,
            "cache_write_tokens": used.tokens.cache_write,
            "cache_read_tokens": used.tokens.cache_read,
            "usd": round(used.microusd / MICROUSD, 6),
            "tokens_max": self.settings.tokens_max,
            "usd_max": round(self.settings.microusd_max / MICROUSD, 6),
            **({"calls_without_answer": used.lost} if used.lost else {}),
            **self.told,
        }

    async def _begin(
        self, purpose: Purpose, request: Mapping[str, Any], after: ModelCall | None = None, *, batch: bool = False
    ) -> ModelCall | None:
        """Write a call down; None when it could pass a ceiling."""
        model = str(request["model"])
        price = self.settings.price(model)
        known = tokens_of(after.usage).all if after is not None else 0
        new = list(request["messages"])[_messages_until(self.calls, after) :]
        fresh = len(json.dumps(new if after is not None else request, ensure_ascii=False).encode())
        input_tokens = known + most_tokens(fresh)
        may = answer_tokens(self.settings, price, self.used, input_tokens, batch=batch)
        if not may:
            return None
        most = microusd(Tokens(cache_write=input_tokens, output=may), price, batch=batch)
        call = ModelCall(
            number=0,
            purpose=purpose,
            model=model,
            request_hash=request_hash(request),
            request={**request, "max_tokens": may, "messages": new},
            continues=after.number if after is not None else 0,
            cost_microusd=most,
        )
        try:
            begun = await self.books.begin(self.dream_id, self.provider, call)
        except Refusal as refusal:
            raise Stopped(refusal.sentence) from None
        self.calls.append(begun)
        return begun

    def _sent(self, request: Mapping[str, Any]) -> ModelCall | None:
        """The call for a request that waits in a batch."""
        wanted = request_hash(request)
        return next(
            (
                call
                for call in self.calls
                if call.request_hash == wanted and call.batch_id and not call.is_answered and not call.error
            ),
            None,
        )

    async def _collect(self, batch_id: str, calls: Mapping[str, ModelCall]) -> None:
        answers = await self.model.collect(batch_id)
        for name, call in calls.items():
            answer = answers.get(name) or Unanswered("The batch gave no answer.", charged=False)
            if isinstance(answer, Unanswered):
                await self._end(replace(call, error=answer.sentence, cost_microusd=0))
            else:
                await self._answered(call, answer)

    async def _answered(self, call: ModelCall, response: Mapping[str, Any]) -> ModelCall:
        usage: Mapping[str, Any] = response.get("usage") or {}
        cost = microusd(tokens_of(usage), self.settings.price(call.model), batch=bool(call.batch_id))
        return await self._end(replace(call, response=response, usage=usage, cost_microusd=cost))

    async def _end(self, call: ModelCall) -> ModelCall:
        self.calls[:] = [call if one.number == call.number else one for one in self.calls]
        with anyio.CancelScope(shield=True):  # what was paid for is written down
            await self.books.finish(self.dream_id, call, self.usage())
        return call

    def _ceiling(self) -> str:
        used = self.used
        return (
            f"It stopped before a call that could have passed a ceiling: {used.tokens.all:,} of "
            f"{self.settings.tokens_max:,} tokens and USD {used.microusd / MICROUSD:.4f} of "
            f"{self.settings.microusd_max / MICROUSD:.2f} are used."
        )


def request_hash(request: Mapping[str, Any]) -> str:
    """SHA-256 of a request, however much it may answer."""
    asked = {key: value for key, value in request.items() if key != "max_tokens"}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _messages_until(calls: Sequence[ModelCall], after: ModelCall | None) -> int:
    """How many messages a conversation has up to a call's answer, that included."""
    count = 0
    by_number = {call.number: call for call in calls}
    while after is not None:
        count += len(after.request["messages"]) + 1
        after = by_number[after.continues] if after.continues else None
    return count
