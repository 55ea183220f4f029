"""A worker killed at any step of a dream: another goes on, pays for no finished call again, and proposes nothing twice."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dreamfs_server.dream.curators.ledger import Model, request_hash
from dreamfs_tools.dreaming import DreamRequest
from dreamfs_tools.errors import Refusal
from dreamfs_tools.model_call import Allowance, ModelCall, ModelCalls
from model_world import ModelWorld, model_world, proposal, verdict
from scripted_api import Reply, Request, document, message_of, said, text, use

STEPS = 17
"""One more than a whole run has: the last worker lives."""


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """Counts the steps of a worker and kills it at one of them."""

    def __init__(self, last: int) -> None:
        self.left = last

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


class MortalBooks:
    def __init__(self, inner: ModelCalls, life: Mortal) -> None:
        self._inner = inner
        self._life = life

    async def of(self, dream_id: str) -> Sequence[ModelCall]:
        return await self._inner.of(dream_id)

    async def begin(self, dream_id: str, provider: str, call: ModelCall) -> ModelCall:
        self._life.step()
        begun = await self._inner.begin(dream_id, provider, call)
        self._life.step()
        return begun

    async def finish(self, dream_id: str, call: ModelCall, spent: Mapping[str, Any]) -> None:
        self._life.step()
        await self._inner.finish(dream_id, call, spent)
        self._life.step()

    async def allowance(self, provider: str) -> Allowance | None:
        return await self._inner.allowance(provider)

    async def allow(self, provider: str, microusd_per_month: int, by: str) -> Allowance | None:
        return await self._inner.allow(provider, microusd_per_month, by)


def by_length(request: Request) -> Reply:
    """An answer that depends on the request alone, as a model's would."""
    if request.purpose == "verify":
        return verdict("supported")
    if request.purpose == "read":
        return said(text('{"notes": []}'))
    match len(request.body["messages"]):
        case 1:
            return said(use("list", path="/memories"), stop="tool_use")
        case 3:
            return said(proposal(), stop="tool_use")
        case _:
            return said(text("Done."))


async def run_on(world: ModelWorld) -> None:
    dream = await world.service(me="here/2/2").resume("d-1")
    assert (dream.status, dream.error) == ("completed", "")


@pytest.mark.parametrize("last", range(1, STEPS + 1))
async def test_a_worker_killed_at_any_step_is_followed_by_one_that_pays_for_nothing_twice(
    tmp_path: Path, last: int
) -> None:
    async with model_world(tmp_path, by_length) as world:
        books = MortalBooks(world.books, Mortal(last))
        try:
            await world.service(books).start(DreamRequest("memories", curator="anthropic"))
        except Killed:
            answered = {call.request_hash for call in await world.books.of("d-1") if call.is_answered}
            before = len(world.api.sent)
            await run_on(world)
            again = [request_hash(without(request.body)) for request in world.api.sent[before:]]
            assert not answered & set(again)
        [saved] = await world.proposals()
        assert saved.claims[0].kind == "rule"
        calls = await world.books.of("d-1")
        assert len([call for call in calls if call.is_answered]) == 4
        assert len({call.request_hash for call in calls if call.is_answered}) == 4


async def test_a_batch_is_waited_for_by_the_worker_that_comes_next(tmp_path: Path) -> None:
    batches: dict[str, Any] = {}
    state = {"processing_status": "in_progress"}

    def answer(request: Request) -> Reply:
        if request.method == "POST" and request.path.startswith("/v1/messages/batches"):
            batches["b-1"] = request.body["requests"]
            return document(batch("in_progress"))
        if request.path.endswith("/results"):
            rows = [
                {
                    "custom_id": one["custom_id"],
                    "result": {"type": "succeeded", "message": message_of([text('{"notes": []}')], "end_turn")},
                }
                for one in batches["b-1"]
            ]
            import json

            body = "\n".join(map(json.dumps, rows)).encode()
            return Reply(200, {"content-type": "application/x-jsonl"}, body)
        if "/batches/" in request.path:
            return document(batch(state["processing_status"], world.api.url))
        return by_length(request)

    async with model_world(tmp_path, answer) as world:
        world.settings = replace(world.settings, reading_model="claude-haiku-5-5", batch=True)

        async def pause(_: float) -> None:
            raise Killed

        with pytest.raises(Killed):
            await world.service(model=world.model(pause)).start(DreamRequest("memories", curator="anthropic"))
        state["processing_status"] = "ended"
        await run_on(world)
        sent = [request for request in world.api.sent if request.method == "POST" and "batches" in request.path]
        assert (len(sent), len(batches["b-1"])) == (1, 5)
        reads = [call for call in await world.books.of("d-1") if call.purpose == "read"]
        assert [(call.batch_id, call.cost_microusd) for call in reads] == [("b-1", 75)] * 5


async def test_a_dream_that_is_canceled_asks_nothing_more(tmp_path: Path) -> None:
    async with model_world(tmp_path, by_length) as world:

        class Canceling:
            async def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
                await world.service().cancel("d-1")
                return await world.model().answer(request)

            async def submit(self, requests: Mapping[str, Mapping[str, Any]]) -> str:
                raise AssertionError

            async def collect(self, batch_id: str) -> Mapping[str, Any]:
                raise AssertionError

        model: Model = Canceling()
        await world.service(model=model).start(DreamRequest("memories", curator="anthropic"))
        dream = await world.service().show("d-1")
        assert (dream.status, len(world.api.sent), dream.usage["usd"]) == ("canceled", 1, 0.006)


async def test_an_allowance_is_never_passed_by_dreams_together(tmp_path: Path) -> None:
    async with model_world(tmp_path, by_length) as world:
        await world.allow(0.5)
        books = world.books
        dream = await world.dream()
        assert dream.status == "completed"
        left = (await books.allowance("anthropic") or pytest.fail("there is one")).left_microusd
        assert left == 500_000 - 4 * 6_000
        call = replace((await books.of("d-1"))[0], cost_microusd=left + 1)
        await world.service().job.begin(DreamRequest("memories", curator="anthropic"), "d-9", "here/1/1")
        with pytest.raises(Refusal, match=r"is left of the USD 0\.50 that user:ada allowed for a month"):
            await books.begin("d-9", "anthropic", call)
        await books.allow("anthropic", 0, "user:ada")
        with pytest.raises(Refusal, match="Nobody allowed anthropic to be asked"):
            await books.begin("d-9", "anthropic", call)


def without(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "stream"}


def batch(status: str, url: str = "") -> dict[str, Any]:
    counts = {"processing": 0, "succeeded": 5, "errored": 0, "canceled": 0, "expired": 0}
    return {
        "id": "b-1",
        "type": "message_batch",
        "processing_status": status,
        "request_counts": counts,
        "created_at": "2026-11-22T11:03:00Z",
        "expires_at": "2026-11-23T11:03:00Z",
        "ended_at": None,
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": f"{url}/v1/messages/batches/b-1/results" if url else None,
    }
