"""The database file: which SQLite, whose file, which schema, and what happens to a write that does not get through."""

import asyncio
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import anyio
import pytest

from dreamfs_server.sqlite import location, schema
from dreamfs_server.sqlite.connection import Database
from dreamfs_server.sqlite.driver import LINKED, driver, is_busy, is_sound, journal_mode
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.sqlite.location import file_system_of, trust_of
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Planned, Put

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "memory.db"


@pytest.fixture
async def engine(path: Path) -> AsyncIterator[Engine]:
    engine = await Engine.open(path, lambda: NOON, deadline_seconds=0.3)
    yield engine
    await engine.close()


def raw(path: Path) -> sqlite3.Connection:
    """Another connection of the same library to the same file."""
    connected: sqlite3.Connection = driver.connect(str(path), isolation_level=None, timeout=0)
    return connected


def put(path: str) -> Planned[None]:
    return Planned(None, [Put("memories", path, "text\n", "created")])


@pytest.mark.parametrize(
    ("version", "sound"),
    [
        ((3, 6, 23), True),
        ((3, 7, 0), False),
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
    ],
)
def test_a_version_with_the_wal_reset_bug_keeps_a_rollback_journal(version: tuple[int, ...], sound: bool) -> None:
    assert is_sound(version) is sound
    assert journal_mode(version) == ("wal" if sound else "truncate")


async def test_the_journal_is_the_one_that_the_linked_version_allows(engine: Engine) -> None:
    found = await engine.database.read(lambda c: c.execute("PRAGMA journal_mode").fetchone()[0])
    assert found == journal_mode(LINKED)


async def test_a_rollback_journal_does_the_same_work(path: Path) -> None:
    database = await Database.open(path, lambda _: None, mode="truncate")
    await database.write(lambda c: c.execute("CREATE TABLE extra (a)"))
    assert await database.read(lambda c: c.execute("SELECT count(*) FROM extra").fetchone()[0]) == 0
    assert not path.with_name("memory.db-wal").exists()
    await database.close()


async def test_files_are_the_owners_alone(engine: Engine, path: Path) -> None:
    await engine.write(lambda _: put("a"), Author())
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


async def test_closing_leaves_one_file(engine: Engine, path: Path) -> None:
    await engine.write(lambda _: put("a"), Author())
    await engine.close()
    assert [file.name for file in path.parent.iterdir()] == ["memory.db"]


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("my notes\n" * 1000)
    with pytest.raises(Refusal) as refused:
        await Engine.open(path, lambda: NOON)
    assert refused.value.code == "unavailable"
    assert path.read_text() == "my notes\n" * 1000


async def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = raw(path)
    other.execute("CREATE TABLE theirs (a)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(Refusal) as refused:
        await Engine.open(path, lambda: NOON)
    assert refused.value.sentence == "The file given as the memory's storage is not a dreamfs database."
    assert path.read_bytes() == before


async def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        await Engine.open(tmp_path, lambda: NOON)
    assert refused.value.code == "unavailable"


async def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    engine = await Engine.open(path, lambda: NOON)
    assert await engine.read(lambda s: [store.slug for store in s.stores()]) == ["memories"]
    await engine.close()


async def test_a_process_stops_when_another_has_upgraded_the_database(engine: Engine, path: Path) -> None:
    await engine.write(lambda _: put("a"), Author())
    other = raw(path)
    other.execute(f"PRAGMA user_version = {schema.newest() + 1}")
    for attempt in (engine.write(lambda _: put("b"), Author()), engine.read(lambda s: s.stores())):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code == "unavailable"
        assert "upgraded by a newer dreamfs" in refused.value.sentence
    with pytest.raises(Refusal):
        await Engine.open(path, lambda: NOON)
    other.execute(f"PRAGMA user_version = {schema.newest()}")
    other.close()
    assert await engine.read(lambda s: [e.path for e in s.tree("memories").walk()]) == ["a"]


def test_upgrading_from_any_version_gives_the_schema_of_a_new_database(tmp_path: Path) -> None:
    scripts = schema.migrations()

    def built(*steps: int) -> list[tuple[str, str, str]]:
        c = sqlite3.connect(tmp_path / f"{steps}.db", isolation_level=None)
        for step in steps:
            chosen = {number: script for number, script in scripts.items() if number <= step}
            schema.migrate(c, chosen, lambda: c.execute("BEGIN IMMEDIATE"))  # type: ignore[arg-type]
            c.execute("COMMIT")
        rows = c.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").fetchall()
        rows += c.execute("PRAGMA user_version").fetchall()
        c.close()
        return rows

    fresh = built(max(scripts))
    for start in range(1, max(scripts)):
        assert built(start, max(scripts)) == fresh
    assert built(*scripts) == fresh


async def test_a_write_that_never_gets_its_turn_is_refused_as_locked(engine: Engine, path: Path) -> None:
    await engine.write(lambda _: put("a"), Author())
    other = raw(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Refusal) as refused:
        await engine.write(lambda _: put("b"), Author())
    assert refused.value.code == "locked"
    other.execute("ROLLBACK")
    other.close()
    await engine.write(lambda _: put("c"), Author())
    assert await engine.read(lambda s: [e.path for e in s.tree("memories").walk()]) == ["a", "c"]


@pytest.mark.parametrize("by", ["anyio", "task"])
async def test_a_write_cancelled_on_its_way_is_undone_and_leaves_nothing_open(
    engine: Engine, path: Path, by: str
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(c: sqlite3.Connection) -> None:
        c.execute("INSERT INTO author VALUES (99, '', '', '', '', '', '', '', 'x')")
        entered.set()
        leave.wait()

    async def cancelled_by_scope() -> None:
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            await engine.database.write(slow)

    scopes: list[anyio.CancelScope] = []
    task = asyncio.create_task(cancelled_by_scope() if by == "anyio" else engine.database.write(slow))
    await anyio.to_thread.run_sync(entered.wait)
    if by == "anyio":
        scopes[0].cancel()
    else:
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # impatience changes nothing
    await asyncio.sleep(0)
    leave.set()
    await asyncio.wait([task])
    assert task.cancelled() is (by == "task")
    other = raw(path)
    other.execute("BEGIN IMMEDIATE")
    assert other.execute("SELECT count(*) FROM author WHERE author_id = 99").fetchone() == (0,)
    other.execute("ROLLBACK")
    other.close()
    await engine.write(lambda _: put("after"), Author())


async def test_an_error_at_the_commit_itself_is_an_unknown_outcome(engine: Engine) -> None:
    def late(c: sqlite3.Connection) -> None:
        c.execute("PRAGMA defer_foreign_keys = ON")
        c.execute("INSERT INTO access VALUES (1, 99, '', 'view', 0, '', '', 0)")

    with pytest.raises(Refusal) as refused:
        await engine.database.write(late)
    assert refused.value.code == "unknown_outcome"
    await engine.write(lambda _: put("after"), Author())


async def test_a_disk_that_is_full_at_the_commit_is_named_and_nothing_was_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk(driver.Connection):  # type: ignore[name-defined,misc]  # the driver is chosen at run time
        def execute(self, sql: str, *parameters: object) -> object:
            if sql == "COMMIT" and is_full:
                error = driver.OperationalError("database or disk is full")
                error.sqlite_errorcode = 13
                raise error
            return super().execute(sql, *parameters)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

    is_full = False
    monkeypatch.setattr(driver, "connect", partial(driver.connect, factory=FullDisk))
    engine = await Engine.open(path, lambda: NOON)
    await engine.write(lambda _: put("before"), Author())
    is_full = True
    with pytest.raises(Refusal) as refused:
        await engine.write(lambda _: put("lost"), Author())
    is_full = False
    await engine.write(lambda _: put("after"), Author())
    files = await engine.read(lambda snapshot: [entry.path for entry in snapshot.tree("memories").walk()])
    await engine.close()
    assert refused.value.code == "unavailable"
    assert refused.value.sentence.startswith("The disk of the memory's storage is full. Nothing was changed.")
    assert files == ["after", "before"]


async def test_our_own_mistakes_are_not_dressed_up_as_refusals(engine: Engine) -> None:
    with pytest.raises(driver.Error):
        await engine.database.read(lambda c: c.execute("SELECT nothing"))


async def test_a_reader_cannot_write(engine: Engine) -> None:
    with pytest.raises(Refusal) as refused:
        await engine.database.read(lambda c: c.execute("DELETE FROM store"))
    assert refused.value.code == "unavailable"


async def test_a_read_keeps_its_snapshot_while_others_write(engine: Engine, path: Path) -> None:
    other = raw(path)

    def query(c: sqlite3.Connection) -> tuple[int, int]:
        (before,) = c.execute("SELECT count(*) FROM author").fetchone()
        other.execute("INSERT INTO author VALUES (99, '', '', '', '', '', '', '', 'x')")
        (after,) = c.execute("SELECT count(*) FROM author").fetchone()
        return before, after

    other.close()
    other = driver.connect(str(path), isolation_level=None, check_same_thread=False)
    assert await engine.database.read(query) == (1, 1), "who made the first store"
    other.close()
    assert await engine.database.read(lambda c: c.execute("SELECT count(*) FROM author").fetchone()[0]) == 2


async def test_noted_reads_are_stored_when_idle(engine: Engine) -> None:
    from dreamfs_tools.filesystem import AccessNote

    engine.note(AccessNote("memories", "a", "miss", 0, "s-1", "query"))
    engine.note(AccessNote("gone", "a", "view", 1, "s-1"))
    await engine.rest()
    rows = await engine.database.read(lambda c: c.execute("SELECT path, kind, session, query FROM access").fetchall())
    assert rows == [("a", "miss", "s-1", "query")]


def test_the_file_system_is_the_one_with_the_longest_mount_point() -> None:
    mounts = ["/dev/a / ext4 rw 0 0", "server:/x /home nfs4 rw 0 0", "tmp /home/me/my\\040disk fuse.sshfs rw 0 0", "?"]
    assert file_system_of(Path("/var/db"), mounts) == "ext4"
    assert file_system_of(Path("/home/me/x"), mounts) == "nfs4"
    assert file_system_of(Path("/home/me/my disk/x"), mounts) == "fuse.sshfs"
    assert [trust_of(kind) for kind in ("ext4", "nfs4", "fuse.sshfs", "9p")] == [
        "local",
        "remote",
        "doubtful",
        "doubtful",
    ]


async def test_a_network_file_system_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def remote(_: Path) -> location.Trust:
        return "remote"

    monkeypatch.setattr(location, "trust", remote)
    with pytest.raises(Refusal) as refused:
        await Engine.open(path, lambda: NOON)
    assert refused.value.code == "unavailable"
    assert "network file system" in refused.value.sentence


async def test_opening_waits_while_another_has_the_file_to_itself(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await (await Engine.open(path, lambda: NOON)).close()
    met = threading.Event()

    def seen(error: BaseException) -> bool:
        met.set()
        return is_busy(error)

    monkeypatch.setattr("dreamfs_server.sqlite.connection.is_busy", seen)
    other = raw(path)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    opening = asyncio.create_task(Engine.open(path, lambda: NOON))
    await anyio.to_thread.run_sync(met.wait)
    other.close()
    engine = await opening
    await engine.write(lambda _: put("a"), Author())
    await engine.close()
