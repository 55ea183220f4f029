"""The background pass: old versions become small, and stay what they were."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.sqlite.pack import DEPTH_MAX
from dreamfs_server.sqlite.redaction import SqliteEraser
from dreamfs_tools.filesystem import Author, Edit, Planned, Put, Remove, Snapshot, Store
from dreamfs_tools.redaction import Pruning

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    engine = await Engine.open(tmp_path / "memory.db", lambda: NOON)
    yield engine
    await engine.close()


def version(number: int) -> str:
    return "".join(f"line {line} of {number if line == number % 50 else 0}\n" for line in range(50))


async def write(engine: Engine, edit: Edit) -> None:
    await engine.write(lambda _: Planned(None, [edit]), Author())


async def put(engine: Engine, path: str, text: str) -> None:
    await write(engine, Put("memories", path, text, "modified"))


async def rows(engine: Engine, sql: str) -> list[Any]:
    return await engine.database.read(lambda c: c.execute(sql).fetchall())


async def texts(engine: Engine, path: str, versions: range, store: str = "memories") -> list[str | None]:
    def query(snapshot: Snapshot) -> list[str | None]:
        trees = [snapshot.tree(store, at) for at in versions]
        return [tree.text(entry) if (entry := tree.entry(path)) else None for tree in trees]

    return await engine.read(query)


async def test_every_version_is_read_as_it_was_written(engine: Engine) -> None:
    expected = [version(number) for number in range(1, 101)]
    for text in expected:
        await put(engine, "a", text)
    assert await engine.pack() == 99
    assert await texts(engine, "a", range(1, 101)) == expected
    ((depth, size),) = await rows(engine, "SELECT max(depth), sum(length(data)) FROM content WHERE encoding <> 'raw'")
    assert 1 < depth <= DEPTH_MAX
    assert size < len("".join(expected)) / 20


async def test_the_newest_version_stays_as_it_is(engine: Engine) -> None:
    for number in range(3):
        await put(engine, "a", version(number))
    await engine.pack()
    assert await rows(engine, "SELECT encoding FROM content ORDER BY content_id") == [("zstd",), ("delta",), ("raw",)]


async def test_a_second_pass_finds_nothing_to_do_until_something_changes(engine: Engine) -> None:
    for number in range(5):
        await put(engine, "a", version(number))
    assert [await engine.pack(), await engine.pack()] == [4, 0]
    await put(engine, "a", version(5))
    assert await engine.pack() == 1


async def test_a_deleted_file_is_made_small_whole(engine: Engine) -> None:
    await put(engine, "a", version(0))
    await put(engine, "a", version(1))
    await write(engine, Remove("memories", "a"))
    assert await engine.pack() == 2
    assert await texts(engine, "a", range(1, 3)) == [version(0), version(1)]


async def test_a_text_that_comes_back_is_never_built_on_itself(engine: Engine) -> None:
    order = [0, 1, 0, 2, 1, 0, 3, 0, 2, 1]
    for number in order:
        await put(engine, "a", version(number))
        await engine.pack()
    for number in reversed(order):
        await put(engine, "b", version(number))
        await engine.pack()
    assert await texts(engine, "a", range(1, 11)) == [version(number) for number in order]
    assert await texts(engine, "b", range(11, 21)) == [version(number) for number in reversed(order)]


async def test_two_files_with_the_same_texts_are_not_built_on_each_other(engine: Engine) -> None:
    for path, order in (("a", [0, 1, 0]), ("b", [1, 0, 2])):
        for number in order:
            await put(engine, path, version(number))
        await engine.pack()
    assert await texts(engine, "a", range(1, 4)) == [version(number) for number in (0, 1, 0)]
    assert await texts(engine, "b", range(4, 7)) == [version(number) for number in (1, 0, 2)]


async def test_nothing_is_built_on_a_text_that_went_while_it_was_made_small(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await put(engine, "a", version(number))
    write = engine.database.write

    async def write_after_a_pruning(work: Any) -> Any:
        monkeypatch.setattr(engine.database, "write", write)
        eraser = SqliteEraser(engine.database, lambda: NOON, lambda size: b"\1" * size)
        await eraser.prune([Pruning(keep_versions=2)], Author())
        return await write(work)

    monkeypatch.setattr(engine.database, "write", write_after_a_pruning)
    await engine.pack()
    assert await texts(engine, "a", range(1, 4)) == [None, version(1), version(2)]


async def test_a_fork_reads_what_its_base_made_small(engine: Engine) -> None:
    for number in range(4):
        await put(engine, "a", version(number))
    await engine.fork_store("memories", Store("fork", "Fork"))
    await put(engine, "a", version(9))
    await engine.pack()
    assert await texts(engine, "a", range(1, 5), "fork") == [version(number) for number in range(4)]


async def test_a_short_text_is_neither_packed_nor_built_on(engine: Engine) -> None:
    expected = ["", version(1), "short\n", version(2), version(3)]
    for text in expected:
        await put(engine, "a", text)
    assert await engine.pack() == 2
    assert await texts(engine, "a", range(1, 6)) == expected
