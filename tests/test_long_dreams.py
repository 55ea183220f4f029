"""Dreams that outlast the call that began them: what the client hears meanwhile, and what happens when processes die."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
from anyio.abc import TaskGroup
from mcp_types import TextContent

from conftest import Connect
from dreamfs_server.app import build_app
from dreamfs_server.dream import owner
from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.job import Job, embedded
from dreamfs_server.dream.material import Material
from dreamfs_server.dream.service import DreamService
from dreamfs_server.identity import Callers
from dreamfs_tools.dreaming import Card, DreamRequest
from dreamfs_tools.errors import Refusal
from dreamfs_tools.mounts import Mounts
from memory_filesystem import MemoryFilesystem
from memory_journal import MemoryJournal
from recurring_error import recurring_error
from sqlite_world import opened
from stdio_process import ERAS, Era, StdioProcess

NOW = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)
EMBEDDED = DreamRequest("memories", curator="embedded")


class Barrier:
    """Mining that begins, and goes on when it is told to."""

    def __init__(self) -> None:
        self.begun = anyio.Event()
        self.go_on = anyio.Event()

    def mine(self, _: Material) -> list[Card]:
        anyio.from_thread.run_sync(self.begun.set)
        anyio.from_thread.run(self.go_on.wait)
        return []


def nothing(_: Material) -> list[Card]:
    return []


def service(
    mining: Callable[[Material], list[Card]] = nothing,
    *,
    filesystem: MemoryFilesystem | None = None,
    tasks: TaskGroup | None = None,
    **more: Any,
) -> DreamService:
    filesystem = filesystem or MemoryFilesystem(clock=lambda: NOW)
    job = Job(filesystem, MemoryJournal(filesystem), mining, {"embedded": embedded(curate)})
    return DreamService(job, lambda: "d-1", tasks, **more)


def everybody(_: str) -> bool:
    return True


def all_but(dead: str) -> Callable[[str], bool]:
    return lambda name: dead not in name


def text_of(result: Any) -> str:
    [block] = result.content
    assert isinstance(block, TextContent)
    return block.text


async def test_a_client_hears_each_step_of_a_dream_that_it_waits_for(connect: Connect) -> None:
    barrier = Barrier()
    heard: list[tuple[float, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, message))
        if message is not None and message.endswith("mining"):
            barrier.go_on.set()  # so the dream ends only once the client has heard of it

    async with anyio.create_task_group() as tasks:
        dreams = service(barrier.mine, tasks=tasks)
        server = build_app(
            dreams.job.filesystem, Mounts(), Callers("user:ada", lambda: "c-1"), version="1.0", dreams=dreams
        )
        async with connect(server) as client:
            result = await client.call_tool("dream", {"wait_seconds": 25}, progress_callback=hear)
            assert "Dream d-1 of /memories is completed" in text_of(result)

    assert heard[-1][1] == "Dream d-1 of /memories: mining"
    assert [progress for progress, _ in heard] == sorted({progress for progress, _ in heard})


async def test_a_dream_goes_on_after_the_call_that_began_it_was_answered(connect: Connect) -> None:
    barrier = Barrier()
    async with anyio.create_task_group() as tasks:
        dreams = service(barrier.mine, tasks=tasks)
        server = build_app(
            dreams.job.filesystem, Mounts(), Callers("user:ada", lambda: "c-1"), version="1.0", dreams=dreams
        )
        async with connect(server) as client:
            begun = text_of(await client.call_tool("dream", {"wait_seconds": 0}))
            await barrier.begun.wait()
            asked = text_of(await client.call_tool("dream_status", {"dream_id": "d-1"}))
            barrier.go_on.set()
            ended = text_of(await client.call_tool("dream_status", {"dream_id": "d-1", "action": "wait"}))
            assert "It goes on without you. Ask again with dream_status, dream_id d-1" in begun
            assert "is running, mining" in asked
            assert "is completed" in ended


async def test_a_process_that_was_launched_for_a_dream_owns_it_from_then_on() -> None:
    launched: list[str] = []

    async def launch(dream_id: str) -> str:
        launched.append(dream_id)
        return "here/child"

    server = service(launch=launch, me="here/server")
    begun = await server.start(EMBEDDED)
    child = service(filesystem=_filesystem(server), me="here/child", parent="here/server", is_alive=everybody)
    ended = await child.resume("d-1")

    assert (launched, begun.owner, ended.status) == (["d-1"], "here/child", "completed")


async def test_a_launched_process_waits_until_the_dream_is_handed_over() -> None:
    class Watched(MemoryFilesystem):
        asked_for = anyio.Event()

        async def read(self, query: Any) -> Any:
            self.asked_for.set()
            return await super().read(query)

    filesystem = Watched(clock=lambda: NOW)
    server = service(filesystem=filesystem, me="here/server")
    await server.job.begin(EMBEDDED, "d-1", "here/server")
    filesystem.asked_for = asked_for = anyio.Event()
    child = service(filesystem=filesystem, me="here/child", parent="here/server", is_alive=everybody)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(child.resume, "d-1")
        await asked_for.wait()
        await server.job.journal.take_over("d-1", "here/child", "here/server")

    assert (await server.show("d-1")).status == "completed"


async def test_a_dream_that_a_living_process_runs_is_left_to_it() -> None:
    server = service(me="here/server")
    await server.job.begin(EMBEDDED, "d-1", "here/other")
    stranger = service(filesystem=_filesystem(server), me="here/me", parent="here/shell", is_alive=everybody)
    with pytest.raises(Refusal, match="is being run by another process") as refused:
        await stranger.resume("d-1")
    assert refused.value.code == "locked"


async def test_a_server_that_starts_runs_on_the_dreams_whose_process_died() -> None:
    dead = service(me="here/dead")
    await dead.job.begin(EMBEDDED, "d-1", "here/dead")
    server = service(filesystem=_filesystem(dead), me="here/server", is_alive=all_but("dead"))
    await server.pick_up()
    dream = await server.show("d-1")
    assert (dream.status, dream.usage["restarts"]) == ("completed", 1)


async def test_a_dream_that_ends_its_process_every_time_is_given_up() -> None:
    launched: list[str] = []

    async def launch(dream_id: str) -> str:
        launched.append(dream_id)
        return f"here/child-{len(launched)}"

    server = service(launch=launch, me="here/server", is_alive=all_but("child"))
    await server.start(EMBEDDED)
    dream = await server.wait("d-1", 60)
    assert (dream.status, dream.error) == ("failed", "Its process ended before it did, 4 times.")
    assert len(launched) == 4


async def test_a_dream_for_which_no_process_can_be_started_ends_with_a_sentence() -> None:
    async def launch(dream_id: str) -> str:
        raise OSError("no more processes")

    dream = await service(launch=launch, me="here/server").start(EMBEDDED)
    assert (dream.status, dream.error) == ("failed", "No process could be started for it.")


def test_a_process_is_told_from_one_that_ended_also_before_anybody_waited_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    name = owner.name_of(process.pid)
    assert owner.is_alive(name)
    process.stdin.close()
    process.stdout.read()  # until it ends
    process.stdout.close()
    while owner.is_alive(name) and process.poll() is None:
        pass
    process.wait()
    assert not owner.is_alive(name)


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    async with opened(tmp_path, datetime.now(UTC)) as engine:
        for session, events in recurring_error():
            await engine.archive.add(session, events)
    return tmp_path / "memory.db"


@pytest.mark.parametrize("era", ERAS)
async def test_a_dream_outlives_the_server_that_began_it(era: Era, database: Path) -> None:
    arguments = ["-m", "dreamfs_server", "--db", str(database)]
    with StdioProcess(arguments, era=era) as first:
        first.open()
        begun = await anyio.to_thread.run_sync(lambda: first.call("dream", {"wait_seconds": 0}))
        first.process.kill()
        first.process.wait()
    with StdioProcess(arguments, era=era) as second:
        second.open()
        facts = begun["_meta"]["dreamfs/result"]
        ended = await anyio.to_thread.run_sync(
            lambda: second.call("dream_status", {"dream_id": facts["dream_id"], "action": "wait", "wait_seconds": 60})
        )

    assert facts["status"] == "running"
    assert ended["_meta"]["dreamfs/result"]["status"] == "completed"
    assert ended["_meta"]["dreamfs/result"]["proposals"] == 1


async def test_a_dream_whose_process_was_killed_is_run_on_and_canceled_from_any_process(database: Path) -> None:
    async with await anyio.open_process([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        name = owner.name_of(process.pid)
        process.kill()
    async with opened(database.parent, datetime.now(UTC)) as engine:
        job = Job(engine, engine.journal, nothing)
        await job.begin(DreamRequest("memories", curator="embedded"), "d-killed", name)

    arguments = ["-m", "dreamfs_server", "--db", str(database)]
    with StdioProcess(arguments) as server:
        server.open()
        ended = await anyio.to_thread.run_sync(
            lambda: server.call("dream_status", {"dream_id": "d-killed", "action": "wait", "wait_seconds": 60})
        )
        begun = await anyio.to_thread.run_sync(lambda: server.call("dream", {"curator": "client", "wait_seconds": 60}))
        dream_id = begun["_meta"]["dreamfs/result"]["dream_id"]
        with StdioProcess(arguments) as other:
            other.open()
            other.call("dream_status", {"dream_id": dream_id, "action": "cancel"})
        canceled = server.call("dream_status", {"dream_id": dream_id})

    assert ended["_meta"]["dreamfs/result"]["status"] == "completed"
    assert canceled["_meta"]["dreamfs/result"]["status"] == "canceled"


def _filesystem(service: DreamService) -> MemoryFilesystem:
    assert isinstance(service.job.filesystem, MemoryFilesystem)
    return service.job.filesystem
