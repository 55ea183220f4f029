"""`record`: what an agent writes down of its own session."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.sqlite.transcripts import SqliteArchive
from dreamfs_tools.call import Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Store
from dreamfs_tools.mounts import MountOption, Mounts
from dreamfs_tools.record import record
from dreamfs_tools.transcript import Event, Session

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN = "npm_" + "aB3dE5fG7h" * 3 + "J9kL1m"
HELLO = {"role": "user", "text": "Hello"}


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    engine = await Engine.open(tmp_path / "dreamfs.db", lambda: NOON)
    yield engine
    await engine.close()


@pytest.fixture
def call(engine: Engine) -> Call:
    author = Author(session_id="s-17", connection_id="c-1")
    return Call(engine, Mounts(), author, SqliteArchive(engine.database))


async def stored(call: Call, session: str = "s-17", store: str = "memories") -> list[Event]:
    return await call.filesystem.read(lambda snapshot: list(snapshot.transcripts.events(store, session)))


async def refusal(call: Call, events: list[Any], expected_version: int | None = None) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await record(call, events, expected_version)
    return refused.value


async def test_events_are_appended_and_the_answer_says_where(call: Call) -> None:
    events: list[dict[str, Any]] = [
        HELLO,
        {"role": "assistant", "text": "", "tool": "ls", "input": {"path": "/"}},
        {"role": "tool", "text": "Error: no such folder", "tool": "ls"},
        {"role": "tool", "text": "fine", "tool": "ls", "is_error": True},
    ]
    answer = await record(call, events)
    assert answer.text == ("Recorded 4 events in /transcripts/s-17.\n[version 4 · session s-17 · 2026-11-22 12:00 UTC]")
    assert (answer.data["code"], answer.data["version"], answer.data["previous"]) == ("ok", 4, 0)
    found = await stored(call)
    assert [(event.role, event.kind, event.tool, event.is_error, event.text) for event in found] == [
        ("user", "text", "", False, "Hello"),
        ("assistant", "tool_call", "ls", False, '{"path": "/"}'),
        ("tool", "tool_result", "ls", True, "Error: no such folder"),
        ("tool", "tool_result", "ls", True, "fine"),
    ]
    assert {event.origin for event in found} == {"self"}
    assert {event.at for event in found} == {NOON}


async def test_an_id_makes_a_retry_safe(call: Call) -> None:
    first = [{**HELLO, "id": "a"}, {**HELLO, "id": "b"}]
    await record(call, first, expected_version=0)
    again = await record(call, first, expected_version=0)
    assert again.text.startswith("Recorded 0 events in /transcripts/s-17. 2 events had been recorded before, by id.")
    assert len(await stored(call)) == 2
    await record(call, [HELLO])
    await record(call, [HELLO])
    assert len(await stored(call)) == 4


async def test_an_unexpected_number_of_events_is_a_conflict(call: Call) -> None:
    await record(call, [HELLO], expected_version=0)
    refused = await refusal(call, [HELLO], expected_version=0)
    assert refused.code == "conflict"
    assert refused.sentence == (
        "The transcript of session s-17 has 1 events, not 0. Nothing was recorded. View /transcripts/s-17 "
        "from where you left off, then send expected_version=1."
    )
    assert (refused.data["expected_version"], refused.data["version"], refused.data["current"]) == (0, 1, 1)
    assert len(await stored(call)) == 1


async def test_secrets_are_replaced_and_counted(call: Call) -> None:
    answer = await record(call, [{"role": "user", "text": f"use {TOKEN}", "input": {"token": TOKEN}}])
    assert "2 secrets replaced by [redacted: KIND]." in answer.text
    assert TOKEN not in (await stored(call))[0].text


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("hello", 'it is not an object. Send {"role": …, "text": …}.'),
        ({"text": "x"}, "its role is null; it must be one of user, assistant, tool."),
        ({"role": "system", "text": "x"}, 'its role is "system"; it must be one of user, assistant, tool.'),
        ({"role": "user"}, "it has no text; text is a string, and may be empty."),
        ({"role": "user", "text": 3}, "it has no text; text is a string, and may be empty."),
        ({"role": "user", "text": "x", "is_error": 1}, "its is_error is neither true nor false."),
        ({"role": "user", "text": "x", "id": 7}, "its id is not a string."),
        ({"role": "user", "text": "x", "id": "i" * 201}, "its id has more than 200 characters."),
        ({"role": "user", "text": "x", "id": "good"}, "its id is also that of event 1; each event has its own."),
        (
            {"role": "user", "text": "x", "kind": "text"},
            "it has an unknown field 'kind'; the fields are role, text, id, at, tool, input, is_error.",
        ),
        ({"role": "user", "text": "x" * 102_401}, "it has 102,401 characters; at most 102,400 are allowed."),
    ],
)
async def test_a_bad_event_is_named_and_nothing_is_stored(call: Call, event: Any, why: str) -> None:
    refused = await refusal(call, [{**HELLO, "id": "good"}, event])
    assert refused.sentence == f"Error: Event 2 cannot be recorded: {why} Nothing was recorded."
    assert refused.data["event"] == 2
    assert await stored(call) == []


async def test_no_events_and_too_many_are_refused(call: Call) -> None:
    assert (await refusal(call, [])).code == "invalid_argument"
    assert (await refusal(call, [HELLO] * 1_001)).code == "limit"
    await record(call, [HELLO] * 1_000)
    assert len(await stored(call)) == 1_000


async def test_only_a_recorder_says_when_something_was(call: Call) -> None:
    dated = {**HELLO, "at": "2026-11-20T10:00:00+01:00"}
    await record(call, [dated])
    await record(replace(call, recorder=True), [dated])
    found = await stored(call)
    assert [event.at for event in found] == [NOON, datetime(2026, 11, 20, 9, tzinfo=UTC)]
    assert [event.origin for event in found] == ["self", "host"]
    refused = await refusal(replace(call, recorder=True), [{**HELLO, "at": "yesterday"}])
    assert "its at is not a time as in RFC 3339" in refused.sentence


async def test_only_a_recorder_writes_another_sessions_transcript(call: Call) -> None:
    own = replace(call, own_session="s-1")
    refused = await refusal(own, [HELLO])
    assert refused.code == "not_allowed"
    assert "this connection is session s-1" in refused.sentence
    assert await stored(call) == []
    await record(replace(own, recorder=True), [HELLO])
    assert len(await stored(call)) == 1


async def test_a_claim_does_not_open_an_imported_transcript(call: Call) -> None:
    assert call.archive is not None
    await call.archive.add(Session("memories", "s-17", "claude-code"), [Event(0, "user", "text", "x")])
    refused = await refusal(call, [HELLO])
    assert refused.code == "not_allowed"
    assert "it was imported from a log" in refused.sentence
    await record(replace(call, own_session="s-17"), [HELLO])
    assert [event.origin for event in await stored(call)] == ["imported", "self"]


async def test_a_connection_without_a_session_has_a_transcript_of_its_own(call: Call) -> None:
    await record(replace(call, author=Author(connection_id="c-1")), [HELLO])
    assert len(await stored(call, "c-1")) == 1


async def test_a_transcript_belongs_to_a_store_that_may_be_written(engine: Engine, call: Call) -> None:
    await engine.create_store(Store("team", "Team"))
    await record(replace(call, mounts=Mounts([MountOption("team", "team")])), [HELLO])
    assert len(await stored(call, store="team")) == 1
    reading = replace(call, mounts=Mounts([MountOption("team", "team", access="ro")]))
    assert (await refusal(reading, [HELLO])).code == "read_only"


async def test_a_server_without_an_archive_says_so(call: Call) -> None:
    assert (await refusal(replace(call, archive=None), [HELLO])).code == "unavailable"
