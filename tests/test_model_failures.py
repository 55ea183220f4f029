"""What a person reads when the API gives no answer, or one that is no end: kept proposals, a sentence, no stack."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dreamfs_tools.dreaming import Dream
from model_world import ModelWorld, model_world, proposal, script
from scripted_api import USAGE, Reply, Script, refused, said, text

GOOD = said(proposal(), stop="tool_use")
WHOLE = said(text("I am done.")).body
STREAM = {"content-type": "text/event-stream"}
BROKEN = WHOLE[: WHOLE.index(b"event: message_delta")]
ERROR = b'event: error\ndata: {"type":"error","error":{"type":"invalid_request_error","message":"no"}}\n\n'
HALF: Mapping[str, Any] = {"type": "tool_use", "id": "t", "name": "dream_propose", "input": {}, "raw": '{"title": "Cut'}


@asynccontextmanager
async def dreamt(folder: Path, answers: Script) -> AsyncGenerator[tuple[ModelWorld, Dream]]:
    async with model_world(folder, answers) as world:
        before = await world.contents()
        yield world, await world.dream()
        assert await world.contents() == before


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (refused(401, "authentication_error"), "does not accept the key. Set ANTHROPIC_API_KEY"),
        (refused(402), "no credit left"),
        (refused(403), "may not use the model claude-opus-5-5"),
        (refused(404), "knows no model claude-opus-5-5. Choose another: DREAMFS_MODEL"),
        (refused(400), "did not take the request (status 400)"),
        (refused(413), "too large"),
        (refused(500), "a problem of its own (status 500). Run the dream again later."),
        (refused(529, "overloaded_error"), "a problem of its own (status 529)"),
        (refused(429, "rate_limit_error"), "answers no more requests of this key"),
        (Reply(200, STREAM, BROKEN), "broke off or made no sense"),
        (Reply(200, STREAM, b""), "broke off or made no sense"),
        (Reply(200, STREAM, BROKEN + ERROR), "broke an answer off"),
        (Reply(200, {"content-type": "text/html"}, b"<html>hello</html>"), "broke off or made no sense"),
        (said(text("a"), stop=None), "broke off or made no sense"),
        (said(HALF, stop="tool_use"), "broke off or made no sense"),
        (said(text("a"), stop="max_tokens"), "cut off after 8,192 tokens"),
        (
            said(text("a"), stop="refusal", stop_details={"type": "refusal", "category": "cyber"}),
            "refused to go on (cyber)",
        ),
        (said(text("a"), stop="model_context_window_exceeded"), "no longer fits into the model"),
        (said(text("a"), stop="a new reason"), "a reason that is not known here: 'a new reason'"),
    ],
)
async def test_a_dream_that_cannot_go_on_is_incomplete_and_keeps_what_it_proposed(
    tmp_path: Path, reply: Reply, sentence: str
) -> None:
    async with dreamt(tmp_path, script(GOOD, last=reply)) as (world, dream):
        assert dream.status == "incomplete"
        assert sentence in dream.error
        assert "/home/x" not in dream.error
        assert [saved.status for saved in await world.proposals()] == ["pending"]
        assert dream.usage["usd"] > 0


@pytest.mark.parametrize("status", [429, 500, 529])
async def test_a_passing_error_is_tried_again_and_not_paid(tmp_path: Path, status: int) -> None:
    async with dreamt(tmp_path, script(refused(status), GOOD)) as (world, dream):
        assert (dream.status, world.pauses, dream.usage["calls"]) == ("completed", [1.0], 3)


async def test_after_three_attempts_it_gives_up(tmp_path: Path) -> None:
    async with dreamt(tmp_path, script(last=refused(500))) as (world, dream):
        assert (dream.status, world.pauses, len(world.api.sent)) == ("failed", [1.0, 2.0], 3)
        assert dream.error.startswith("The Anthropic API has a problem of its own")


async def test_a_server_that_asks_to_wait_for_days_is_not_waited_for(tmp_path: Path) -> None:
    async with dreamt(tmp_path, script(last=refused(429, **{"retry-after": "259200"}))) as (world, dream):
        assert (dream.status, world.pauses, len(world.api.sent)) == ("failed", [], 1)
        assert "It asks to wait 259,200 seconds. Run the dream again later." in dream.error


async def test_an_overload_in_the_middle_of_an_answer_is_tried_again(tmp_path: Path) -> None:
    error = ERROR.replace(b"invalid_request_error", b"overloaded_error")
    async with dreamt(tmp_path, script(Reply(200, STREAM, BROKEN + error), GOOD)) as (world, dream):
        assert (dream.status, world.pauses) == ("completed", [1.0])


async def test_without_a_network_the_sentence_names_the_curator_that_needs_none(tmp_path: Path) -> None:
    async with model_world(tmp_path, script()) as world:
        world.api.url = "http://127.0.0.1:9"
        dream = await world.dream()
        assert (dream.status, len(world.pauses)) == ("failed", 2)
        assert "cannot be reached" in dream.error
        assert "--curator embedded" in dream.error
        assert [call.cost_microusd for call in await world.books.of("d-1")] == [0]


async def test_a_stream_that_falls_silent_is_given_up_and_counted_at_its_most(tmp_path: Path) -> None:
    async with model_world(tmp_path, script(GOOD, last=Reply(200, STREAM, BROKEN, hold=True))) as world:
        world.read_seconds_max = 0.2
        dream = await world.dream()
        assert dream.status == "incomplete"
        assert dream.usage["calls_without_answer"] == 1
        assert len(await world.proposals()) == 1


async def test_a_deadline_of_our_own_ends_a_call(tmp_path: Path) -> None:
    async with model_world(tmp_path, script(GOOD, last=Reply(200, STREAM, BROKEN, hold=True))) as world:
        world.settings = replace(world.settings, call_seconds_max=0.5)
        dream = await world.dream()
        assert (dream.status, dream.error[:29]) == ("incomplete", "The model did not answer with")


async def test_a_call_that_could_pass_a_ceiling_is_not_made(tmp_path: Path) -> None:
    dear = said(proposal(), stop="tool_use", usage={**USAGE, "input_tokens": 15_000})
    async with model_world(tmp_path, script(dear)) as world:
        world.settings = replace(world.settings, microusd_max=100_000)
        dream = await world.dream()
        assert dream.status == "incomplete"
        assert "stopped before a call that could have passed a ceiling" in dream.error
        calls = await world.books.of("d-1")
        assert sum(call.cost_microusd for call in calls) <= 100_000


async def test_a_ceiling_in_tokens_holds_too(tmp_path: Path) -> None:
    async with model_world(tmp_path, script(GOOD)) as world:
        world.settings = replace(world.settings, tokens_max=100)
        dream = await world.dream()
        assert (dream.status, world.api.sent) == ("failed", [])
        assert "0 of 100 tokens" in dream.error


async def test_a_proposal_that_could_not_be_checked_is_kept_as_a_hypothesis(tmp_path: Path) -> None:
    answers = script(GOOD)
    async with model_world(tmp_path, lambda r: refused(401) if r.purpose == "verify" else answers(r)) as world:
        dream = await world.dream()
        assert dream.status == "incomplete"
        [saved] = await world.proposals()
        assert saved.claims[0].kind == "hypothesis"
        assert "claim 1 was not checked by a second call" in saved.flags


async def test_a_model_that_pauses_goes_on(tmp_path: Path) -> None:
    async with dreamt(tmp_path, script(said(text("wait"), stop="pause_turn"), GOOD)) as (world, dream):
        assert dream.status == "completed"
        assert [message["role"] for message in world.api.sent[1].body["messages"]] == ["user", "assistant"]


async def test_a_model_whose_price_is_not_known_is_not_asked(tmp_path: Path) -> None:
    async with model_world(tmp_path, script(GOOD)) as world:
        world.settings = replace(world.settings, model="claude-unheard-of")
        dream = await world.dream()
        assert (dream.status, world.api.sent) == ("failed", [])
        assert "The price of the model claude-unheard-of is not known" in dream.error
        assert "DREAMFS_MODEL_PRICES" in dream.error


async def test_what_was_asked_is_kept_as_it_was_sent(tmp_path: Path) -> None:
    from dreamfs_tools.model_call import whole_request

    async with dreamt(tmp_path, script(said(proposal(), stop="tool_use"))) as (world, _):
        calls = await world.books.of("d-1")
        kept = [whole_request(calls, call.number) for call in calls]
        sent = [{key: value for key, value in request.body.items() if key != "stream"} for request in world.api.sent]
        assert json.dumps(kept, sort_keys=True) == json.dumps(sent, sort_keys=True)
