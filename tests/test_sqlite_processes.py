"""Several processes on one database: nothing acknowledged is lost, however they end."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.filesystem import Author, Planned, Put, Snapshot

PROGRAM = Path(__file__).parent / "sqlite_process.py"
ROOT = PROGRAM.parent.parent


@contextmanager
def process(path: Path, verb: str, name: str) -> Generator[subprocess.Popen[str]]:
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'server'}{os.pathsep}{ROOT / 'tools'}"}
    command = [sys.executable, str(PROGRAM), str(path), verb, name]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def heard(started: subprocess.Popen[str]) -> str:
    assert started.stdout is not None
    return started.stdout.readline().strip()


def go(started: subprocess.Popen[str]) -> None:
    assert started.stdin is not None
    started.stdin.write("\n")
    started.stdin.flush()


async def shared(engine: Engine) -> list[str]:
    def query(snapshot: Snapshot) -> str:
        tree = snapshot.tree("memories")
        entry = tree.entry("shared")
        return (tree.text(entry) or "") if entry else ""

    return (await engine.read(query)).split()


async def test_many_first_starts_at_one_moment_make_one_database(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with ExitStack() as stack:
        started = [stack.enter_context(process(path, "open", str(number))) for number in range(6)]
        assert [heard(each) for each in started] == ["ready"] * 6
        for each in started:
            go(each)
        assert [heard(each) for each in started] == ["done"] * 6
        assert [each.wait() for each in started] == [0] * 6
    engine = await Engine.open(path, lambda: datetime.now(UTC))
    assert [store.slug for store in await engine.read(lambda s: s.stores())] == ["memories"]
    await engine.close()


async def test_several_processes_change_one_file_and_every_change_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with ExitStack() as stack:
        started = [stack.enter_context(process(path, "25", name)) for name in "abc"]
        assert [heard(each) for each in started] == ["ready"] * 3
        for each in started:
            go(each)
        said = {heard(each) for _ in range(25) for each in started}
        assert [each.wait() for each in started] == [0] * 3
    engine = await Engine.open(path, lambda: datetime.now(UTC))
    lines = await shared(engine)
    assert len(lines) == 75
    assert set(lines) == said
    head = await engine.read(lambda s: s.store("memories"))
    assert head is not None
    assert head.head == 75
    await engine.close()


async def test_a_killed_process_takes_nothing_acknowledged_with_it(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    acknowledged: list[str] = []
    for round_ in range(3):
        with process(path, "1000", f"r{round_}") as started:
            assert heard(started) == "ready"
            go(started)
            acknowledged += [heard(started) for _ in range(20 + round_)]
            started.kill()
            started.wait()
            assert started.stdout is not None
            acknowledged += started.stdout.read().split()
    engine = await Engine.open(path, lambda: datetime.now(UTC))
    assert await engine.database.read(lambda c: c.execute("PRAGMA integrity_check").fetchall()) == [("ok",)]
    lines = await shared(engine)
    assert set(acknowledged) <= set(lines)
    assert len(lines) <= len(acknowledged) + 3, "at most one unacknowledged write a killed process"
    await engine.write(lambda _: Planned(None, [Put("memories", "after", "works\n", "created")]), Author())
    await engine.close()


async def test_a_change_by_another_process_moves_the_data_version(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    engine = await Engine.open(path, lambda: datetime.now(UTC))
    before = await engine.data_version()
    assert await engine.data_version() == before
    with process(path, "1", "a") as started:
        assert heard(started) == "ready"
        go(started)
        assert heard(started) == "a-0"
        started.wait()
    assert await engine.data_version() != before
    await engine.close()
