"""A dream whose process is killed at any step is run on by another one, and nothing is there twice."""

import subprocess
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from dreamfs_server.dream.curators.embedded import curate
from dreamfs_server.dream.evidence import mine
from dreamfs_server.dream.job import Job, embedded
from dreamfs_server.dream.service import DreamService
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.dreaming import DreamRequest
from dreamfs_tools.filesystem import Author, Planned, Put
from recurring_error import recurring_error
from sqlite_world import opened

NOW = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)
WORKER = Path(__file__).with_name("dream_worker.py")
NOTE = "# Notes\n\nDeploys are on Tuesdays, says Ada.\nAsk Bob first.\n"


async def prepared(folder: Path) -> Path:
    async with opened(folder, NOW) as engine:
        for session, events in recurring_error():
            await engine.archive.add(session, events)
        puts = [Put("memories", path, NOTE, "created") for path in ("a.md", "b.md")]
        await engine.write(lambda _: Planned(None, puts), Author(session_id="s-1"))
    return folder / "memory.db"


def service(engine: Engine) -> DreamService:
    job = Job(engine, engine.journal, mine, {"embedded": embedded(curate)})
    numbers = count(2)
    return DreamService(job, lambda: f"d-{next(numbers)}")


def worker(database: Path, after: int) -> "subprocess.Popen[str]":
    words = [sys.executable, str(WORKER), str(database), str(after)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


async def outcome(engine: Engine, dream_id: str) -> list[tuple[str, str]]:
    proposals = await engine.read(lambda snapshot: snapshot.dreams.proposals(dream_id))
    return [(one.title, one.status) for one in proposals]


async def test_killed_at_any_step_it_is_run_on_to_the_same_proposals(tmp_path: Path) -> None:
    await prepared(tmp_path)
    async with opened(tmp_path, NOW) as engine:
        await service(engine).start(DreamRequest("memories"))
        undisturbed = await outcome(engine, "d-2")
    assert len(undisturbed) > 1
    steps: list[str] = []
    for after in count(1):
        folder = tmp_path / str(after)
        folder.mkdir()
        database = await prepared(folder)
        process = worker(database, after)
        assert process.stdout is not None
        said = process.stdout.readline().strip()
        ended(process)
        if said == "completed":
            break
        steps.append(said.removeprefix("halted after "))
        async with opened(folder, NOW) as engine:
            dream = await service(engine).resume("d-1")
            assert dream.status == "completed", said
            assert await outcome(engine, "d-1") == undisturbed, said
    assert steps == ["begin", "update", "save_cards", "update", *["propose"] * len(undisturbed), "update", "update"]


async def test_a_killed_dream_does_not_stand_in_the_way_of_the_next(tmp_path: Path) -> None:
    database = await prepared(tmp_path)
    process = worker(database, 5)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "halted after propose"
    ended(process)
    async with opened(tmp_path, NOW) as engine:
        dreams = service(engine)
        dream = await dreams.start(DreamRequest("memories"))
        assert (await dreams.show("d-1")).status == "failed"
        kept, new = await outcome(engine, "d-1"), await outcome(engine, dream.dream_id)
    assert dream.status == "completed"
    assert len(kept) == 1
    assert not {title for title, _ in kept} & {title for title, _ in new}


async def test_canceled_from_another_process_it_stops_at_its_next_step(tmp_path: Path) -> None:
    database = await prepared(tmp_path)
    process = worker(database, 2)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "halted after update"
        async with opened(tmp_path, NOW) as engine:
            assert (await service(engine).cancel("d-1")).status == "canceled"
        said, _ = process.communicate("go on\n", timeout=60)
        assert said.strip() == "canceled"
    finally:
        ended(process)
    async with opened(tmp_path, NOW) as engine:
        assert await outcome(engine, "d-1") == []
