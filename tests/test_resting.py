"""When a server rests. Pauses are events that the tests set; nothing waits for a clock."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
from anyio.lowlevel import checkpoint
from mcp_types import JSONRPCRequest, JSONRPCResponse

from dreamfs_server.resting import rest_when_idle
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.wire import Requests
from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author
from dreamfs_tools.mounts import Mounts
from dreamfs_tools.str_replace import str_replace


class Quiet:
    """A resting server whose pauses end when told."""

    def __init__(self) -> None:
        self.requests = Requests()
        self.told: list[str] = []
        self._end_of_pause = anyio.Event()
        self.rest_may_end = anyio.Event()
        self.refusal: Refusal | None = None

    async def pause(self) -> None:
        self.told.append("quiet")
        await self._end_of_pause.wait()

    async def rest(self) -> None:
        self.told.append("resting")
        try:
            if self.refusal:
                raise self.refusal
            await self.rest_may_end.wait()
            self.told.append("rested")
        except anyio.get_cancelled_exc_class():
            self.told.append("called")
            raise

    async def ask(self, number: int) -> None:
        self.requests.read(JSONRPCRequest(jsonrpc="2.0", id=number, method="tools/call"))
        await settled()

    async def answer(self, number: int) -> None:
        self.requests.written(JSONRPCResponse(jsonrpc="2.0", id=number, result={}))
        await settled()

    async def time_passes(self) -> None:
        self._end_of_pause.set()
        self._end_of_pause = anyio.Event()
        await settled()


async def settled() -> None:
    for _ in range(20):
        await checkpoint()


@asynccontextmanager
async def quiet() -> AsyncGenerator[Quiet]:
    server = Quiet()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(rest_when_idle, server.requests, server.rest, server.pause)
        await settled()
        yield server
        tasks.cancel_scope.cancel()


async def test_a_server_rests_once_after_it_answered_and_nobody_asked_for_a_while() -> None:
    async with quiet() as server:
        await server.time_passes()
        assert server.told == [], "nothing was asked, so there is nothing to do"

        await server.ask(1)
        await server.time_passes()
        assert server.told == [], "the call is not answered"

        await server.answer(1)
        server.rest_may_end.set()
        await server.time_passes()
        await server.time_passes()

        assert server.told == ["quiet", "resting", "rested"]


async def test_a_call_ends_the_rest_at_once_and_the_server_rests_again_after_it() -> None:
    async with quiet() as server:
        await server.ask(1)
        await server.answer(1)
        await server.time_passes()
        await server.ask(2)
        assert server.told == ["quiet", "resting", "called"]

        await server.answer(2)
        server.rest_may_end.set()
        await server.time_passes()

        assert server.told[3:] == ["quiet", "resting", "rested"]


async def test_a_call_while_it_is_quiet_begins_the_wait_anew() -> None:
    async with quiet() as server:
        await server.ask(1)
        await server.answer(1)
        await server.ask(2)
        await server.answer(2)
        await server.time_passes()
        assert server.told == ["quiet", "quiet"], "somebody asked in the first pause"

        await server.time_passes()

        assert server.told == ["quiet", "quiet", "resting"]


async def test_a_call_that_is_not_answered_when_the_pause_ends_is_waited_for() -> None:
    async with quiet() as server:
        await server.ask(1)
        await server.answer(1)
        await server.ask(2)
        await server.time_passes()
        await server.time_passes()
        assert server.told == ["quiet"]

        await server.answer(2)
        await server.time_passes()

        assert server.told == ["quiet", "quiet", "resting"]


async def test_a_rest_that_is_refused_is_not_tried_again_until_somebody_asked() -> None:
    async with quiet() as server:
        server.refusal = Refusal("locked", "Another process holds the file.")
        await server.ask(1)
        await server.answer(1)
        await server.time_passes()
        await server.time_passes()
        assert server.told == ["quiet", "resting"]

        server.refusal = None
        server.rest_may_end.set()
        await server.ask(2)
        await server.answer(2)
        await server.time_passes()

        assert server.told[2:] == ["quiet", "resting", "rested"]


async def test_an_engine_that_rests_keeps_every_version_and_needs_less_room(tmp_path: Path) -> None:
    engine = await Engine.open(tmp_path / "dreamfs.db", lambda: datetime.now(UTC))
    call = Call(engine, Mounts(), Author(session_id="s", actor="user:x"))
    await create(call, "/memories/a.md", "line\n" * 300 + "0\n")
    for number in range(5):
        await str_replace(call, "/memories/a.md", f"{number}\n", f"{number + 1}\n")

    await engine.rest()

    assert await engine.pack() == 0, "all that could be made small was"
    tree_texts = await engine.read(
        lambda snapshot: [
            snapshot.tree("memories", number).text(entry)
            for number in range(1, 7)
            if (entry := snapshot.tree("memories", number).entry("a.md"))
        ]
    )
    assert tree_texts == ["line\n" * 300 + f"{number}\n" for number in range(6)]
    await engine.close()
