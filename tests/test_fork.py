"""A fork starts as another store is or was, with its numbers, ids and history, and goes its own way."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, ChangeFilter, Entry, Filesystem, Move, Put, Remove, Snapshot, Store
from dreamfs_tools.stores import StoreKeeper
from engine_contract import write
from writing_world import noon

FORK = Store("fork", "Fork")


@dataclass(frozen=True)
class Seen:
    """Everything that can be seen of a store after a revision."""

    entries: list[Entry]
    texts: list[str]


def seen(snapshot: Snapshot, store: str, at: int | None = None) -> Seen:
    tree = snapshot.tree(store, at)
    root = tree.entry("")
    assert root is not None
    entries = [replace(entry, store="") for entry in (root, *tree.walk(depth=20))]
    return Seen(entries, [text for _, text in tree.texts()])


def changes(snapshot: Snapshot, store: str, **which: Any) -> list[Change]:
    return [replace(change, store="") for change in snapshot.changes(store, ChangeFilter(**which), 100)]


def keeper(filesystem: Filesystem) -> StoreKeeper:
    return cast("StoreKeeper", filesystem)


async def fill(filesystem: Filesystem) -> None:
    """Give `memories` four revisions."""
    await write(filesystem, Put("memories", "a", "1\n", "created"), Put("memories", "f/b", "2\n", "created"))
    await write(filesystem, Put("memories", "a", "1\n1\n", "modified"))
    await write(filesystem, Move("memories", "f/b", "memories", "g/h/b"))
    await write(filesystem, Remove("memories", "a"), Put("memories", "f/c", "3\n", "created"))


@pytest.fixture
async def base(filesystem: Filesystem) -> Filesystem:
    await fill(filesystem)
    return filesystem


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    engine = await Engine.open(tmp_path / "dreamfs.db", noon)
    await fill(engine)
    yield engine
    await engine.close()


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, None])
async def test_a_fork_shows_what_its_base_showed_then_and_before(base: Filesystem, at: int | None) -> None:
    await keeper(base).fork_store("memories", FORK, at)
    head = 4 if at is None else at

    def query(snapshot: Snapshot) -> None:
        store = snapshot.store("fork")
        assert store is not None
        assert (store.head, store.forked_from, store.forked_at) == (head, "memories", head)
        for then in range(head + 1):
            assert seen(snapshot, "fork", then) == seen(snapshot, "memories", then), then
        assert seen(snapshot, "fork") == seen(snapshot, "memories", head)
        assert changes(snapshot, "fork") == changes(snapshot, "memories", up_to_version=head)
        for path in ("a", "f", "f/b", "g"):
            assert changes(snapshot, "fork", path=path) == changes(snapshot, "memories", path=path, up_to_version=head)
        assert snapshot.revision("fork", head) == snapshot.revision("memories", head)
        assert snapshot.revision("fork", head + 1) is None

    await base.read(query)


@pytest.mark.parametrize("at", [2, 4])
async def test_a_fork_counts_on_from_its_base_and_neither_sees_the_other(base: Filesystem, at: int) -> None:
    await keeper(base).fork_store("memories", FORK, at)
    before = await base.read(lambda snapshot: seen(snapshot, "fork"))
    made = await write(base, Put("fork", "new", "x", "created"))
    assert made.revisions["fork"].number == at + 1
    await write(base, Put("memories", "only/here", "y", "created"))

    def query(snapshot: Snapshot) -> None:
        assert snapshot.tree("fork").entry("only") is None
        assert snapshot.tree("memories").entry("new") is None
        assert seen(snapshot, "fork", at) == before
        assert [change.version for change in changes(snapshot, "fork", path="new")] == [at + 1]

    await base.read(query)


async def test_a_fork_of_a_fork_of_the_past_has_the_history_of_both(base: Filesystem) -> None:
    await keeper(base).fork_store("memories", FORK, 3)
    await write(base, Put("fork", "own", "x", "created"))
    await write(base, Move("fork", "a", "fork", "moved/a"))
    for at in (1, 3, 4, 5):
        await keeper(base).fork_store("fork", Store(f"fork-{at}", "Fork"), at)

    def query(snapshot: Snapshot) -> None:
        for at in (1, 3, 4, 5):
            for then in range(at + 1):
                assert seen(snapshot, f"fork-{at}", then) == seen(snapshot, "fork", then)
            assert changes(snapshot, f"fork-{at}") == changes(snapshot, "fork", up_to_version=at)

    await base.read(query)
    for at in (1, 3, 4, 5):
        made = await write(base, Put(f"fork-{at}", "a2", "1", "created"))
        assert made.revisions[f"fork-{at}"].number == at + 1


async def test_a_fork_copies_no_content_and_needs_a_version_that_is_there(engine: Engine) -> None:
    async def contents() -> int:
        counted = await engine.database.read(lambda c: c.execute("SELECT count(*) FROM content").fetchone())
        return int(counted[0])

    before = await contents()
    await engine.fork_store("memories", FORK, 1)
    assert await contents() == before
    for at in (5, -1):
        with pytest.raises(Refusal, match=f"There is no version {at} of memories; its versions go from 0 to 4"):
            await engine.fork_store("memories", replace(FORK, slug="other"), at)
    with pytest.raises(Refusal, match="There is already a store fork"):
        await engine.fork_store("memories", FORK, 1)


async def test_a_fork_outlives_its_base(engine: Engine) -> None:
    def everything(snapshot: Snapshot) -> list[Seen]:
        return [seen(snapshot, "fork", at) for at in range(5)]

    await engine.fork_store("memories", FORK)
    then = await engine.read(everything)
    await engine.delete_store("memories")
    assert await engine.read(everything) == then


async def test_what_comes_to_a_fork_that_has_the_same_file_is_another_memory(base: Filesystem) -> None:
    await keeper(base).fork_store("memories", FORK)
    await write(base, Move("memories", "g/h/b", "fork", "moved"))

    def query(snapshot: Snapshot) -> None:
        tree = snapshot.tree("fork")
        own, moved = tree.entry("g/h/b"), tree.entry("moved")
        assert own is not None
        assert moved is not None
        assert own.memory_id != moved.memory_id
        assert (own.change_number, moved.change_number) == (2, 1)

    await base.read(query)
