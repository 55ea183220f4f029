"""Stored sessions: appending once, numbering for good, and finding the event of a cited line."""

import sqlite3
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.sqlite.transcripts import SqliteArchive
from dreamfs_tools.errors import Refusal
from dreamfs_tools.transcript import Event, Session, TranscriptReader, render
from memory_archive import MemoryArchive

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SESSION = Session("memories", "s-1", "openai")
TOKEN = "ghp_" + "aB3dE5fG7h" * 3 + "J9kL1m"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    engine = await Engine.open(tmp_path / "dreamfs.db", lambda: NOON)
    yield engine
    await engine.close()


def said(text: str, key: str = "", minutes: int | None = None) -> Event:
    at = None if minutes is None else NOON + timedelta(minutes=minutes)
    return Event(0, "user", "text", text, at, raw_key=key)


async def stored(engine: Engine, lines: tuple[int, int] | None = None) -> list[Event]:
    return await engine.read(lambda snapshot: list(snapshot.transcripts.events("memories", "s-1", lines=lines)))


async def about(engine: Engine) -> Session:
    session = await engine.read(lambda snapshot: snapshot.transcripts.session("memories", "s-1"))
    assert session is not None
    return session


async def test_events_are_numbered_in_the_order_they_came(engine: Engine) -> None:
    archive = SqliteArchive(engine.database)
    await archive.add(SESSION, [said("one", "a"), said("two\nlines", "b")])
    added = await archive.add(SESSION, [said("three", "c")])
    assert (added.events, added.skipped, added.total) == (1, 0, 3)
    assert [(event.n, event.line, event.lines) for event in await stored(engine)] == [(1, 1, 3), (2, 4, 4), (3, 8, 3)]
    session = await about(engine)
    assert (session.events, session.lines) == (3, 10)


async def test_adding_again_adds_nothing(engine: Engine) -> None:
    archive = SqliteArchive(engine.database)
    events = [said("one", "a"), said("two", "b"), said("two", "b")]
    assert (await archive.add(SESSION, events)).skipped == 1
    before = await stored(engine)
    again = await archive.add(SESSION, events)
    assert (again.events, again.skipped, again.total) == (0, 3, 2)
    assert await stored(engine) == before


async def test_events_without_a_key_are_never_repeats(engine: Engine) -> None:
    archive = SqliteArchive(engine.database)
    await archive.add(SESSION, [said("yes"), said("yes")])
    assert len(await stored(engine)) == 2


async def test_two_imports_at_once_store_each_event_once(tmp_path: Path) -> None:
    engines = [await Engine.open(tmp_path / "dreamfs.db", lambda: NOON) for _ in range(2)]
    events = [said(f"text {number}", str(number)) for number in range(50)]
    async with anyio.create_task_group() as group:
        for engine in engines:
            group.start_soon(SqliteArchive(engine.database).add, SESSION, events)
    found = await stored(engines[0])
    assert [event.text for event in found] == [event.text for event in events]
    assert [event.n for event in found] == list(range(1, 51))
    for engine in engines:
        await engine.close()


async def test_what_is_known_of_a_session_grows_and_is_not_overwritten(engine: Engine) -> None:
    archive = SqliteArchive(engine.database)
    await archive.add(SESSION, [said("one", "a", 5)])
    more = Session("memories", "s-1", "openai", task="book a flight", outcome="success", title="A flight", parent="s-0")
    await archive.add(more, [said("two", "b", 90), said("three", "c")])
    await archive.add(Session("memories", "s-1", "openai", task="another"), [])
    session = await about(engine)
    assert (session.task, session.outcome, session.title, session.parent) == (
        *("book a flight", "success", "A flight", "s-0"),
    )
    assert session.started_at == NOON + timedelta(minutes=5)
    assert session.ended_at == NOON + timedelta(minutes=90)


async def test_an_unexpected_number_of_events_is_a_conflict_and_stores_nothing(engine: Engine) -> None:
    archive = SqliteArchive(engine.database)
    await archive.add(SESSION, [said("one", "a")], expected_events=0)
    with pytest.raises(Refusal) as refused:
        await archive.add(SESSION, [said("two", "b")], expected_events=0)
    assert refused.value.code == "conflict"
    assert refused.value.data["current"] == 1
    assert len(await stored(engine)) == 1
    repeated = await archive.add(SESSION, [said("one", "a")], expected_events=0)
    assert repeated.skipped == 1, "a retry of what is stored is no conflict"


async def test_an_unknown_store_is_refused(engine: Engine) -> None:
    with pytest.raises(Refusal) as refused:
        await SqliteArchive(engine.database).add(Session("nowhere", "s-1", "openai"), [said("one")])
    assert refused.value.code == "not_found"


async def test_sessions_since_a_time_include_undated_ones(engine: Engine) -> None:
    archive = SqliteArchive(engine.database)
    for name, minutes in (("old", 1), ("new", 100), ("undated", None)):
        await archive.add(Session("memories", name, "openai"), [said("text", "a", minutes)])

    async def names(since: datetime | None, after: str = "") -> list[str]:
        return await engine.read(
            lambda s: [session.session_id for session in s.transcripts.sessions("memories", since=since, after=after)]
        )

    assert await names(None) == ["new", "old", "undated"]
    assert await names(NOON + timedelta(minutes=50)) == ["new", "undated"]
    assert await names(None, after="new") == ["old", "undated"]


async def test_a_removed_session_is_gone_with_its_events(engine: Engine) -> None:
    archive = SqliteArchive(engine.database)
    await archive.add(SESSION, [said("one", "a")])
    assert await archive.remove("memories", "s-1")
    assert not await archive.remove("memories", "s-1")
    assert await stored(engine) == []
    assert (await archive.add(SESSION, [said("one", "a")])).events == 1


async def test_secrets_never_reach_the_file(tmp_path: Path) -> None:
    path = tmp_path / "dreamfs.db"
    engine = await Engine.open(path, lambda: NOON)
    session = Session("memories", "s-1", "openai", task=f"use {TOKEN}", title=TOKEN)
    event = Event(0, "tool", "tool_result", f"token: {TOKEN}", tool=TOKEN, call_id=TOKEN, raw_key=f"raw {TOKEN}")
    added = await SqliteArchive(engine.database).add(session, [event])
    assert added.redactions >= 1
    # In a child process: reading the file here would drop this process's locks on it.
    count = "import pathlib, sys; print(sum(sys.argv[2].encode() in p.read_bytes() for p in pathlib.Path(sys.argv[1]).iterdir()))"
    done = await anyio.run_process([sys.executable, "-c", count, str(tmp_path), TOKEN])
    assert done.stdout.strip() == b"0"
    assert [event.text for event in await stored(engine)] == ["token: [redacted: github-token]"]
    await engine.close()


async def test_a_cited_line_is_found_through_an_index(engine: Engine) -> None:
    await SqliteArchive(engine.database).add(SESSION, [said("one", "a")])

    def plan(c: sqlite3.Connection) -> str:
        sql = "EXPLAIN QUERY PLAN SELECT max(line) FROM event WHERE transcript_id = 1 AND line <= 7"
        return str(c.execute(sql).fetchall())

    assert "event_by_line (transcript_id=? AND line<?)" in await engine.database.read(plan)


events_drawn = st.lists(
    st.builds(
        Event,
        n=st.just(0),
        role=st.sampled_from(("user", "assistant", "tool", "system")),
        kind=st.sampled_from(("text", "tool_result")),
        text=st.text(st.characters(codec=None), max_size=20)
        | st.sampled_from(["", "\n", "a\r\nb\rc", "── 1 user\nx", "\0"]),
        at=st.none()
        | st.datetimes(timezones=st.just(UTC), min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
        tool=st.sampled_from(["", "Bash", "a\nb"]),
        is_error=st.booleans(),
        raw_key=st.text("ab", max_size=2),
    ),
    max_size=6,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(batches=st.lists(events_drawn, min_size=1, max_size=4), lines=st.tuples(st.integers(1, 40), st.integers(0, 12)))
async def test_lines_stay_where_they_are_and_slices_agree_with_the_whole(
    engine: Engine, batches: Sequence[Sequence[Event]], lines: tuple[int, int]
) -> None:
    archive, model = SqliteArchive(engine.database), MemoryArchive()
    await archive.remove("memories", "s-1")
    before = ""
    for batch in batches:
        first, second = await archive.add(SESSION, batch), await model.add(SESSION, batch)
        assert (first.events, first.skipped, first.total) == (second.events, second.skipped, second.total)
        found = await stored(engine)
        whole = "".join(map(render, found))
        assert whole.startswith(before), "earlier lines never change"
        before = whole
    session = await about(engine)
    assert (session.lines, session.size_bytes) == (before.count("\n"), len(before.encode()))
    a, b = lines[0], lines[0] + lines[1]

    def within(reader: TranscriptReader) -> list[tuple[int, str]]:
        return [(event.line, render(event)) for event in reader.events("memories", "s-1", lines=(a, b))]

    sliced = await engine.read(lambda snapshot: within(snapshot.transcripts))
    assert sliced == within(model)
    numbered = dict(enumerate(before.split("\n")[:-1], 1))
    shown = {
        line + offset: text for line, part in sliced for offset, text in enumerate(part.removesuffix("\n").split("\n"))
    }
    assert shown.items() <= numbered.items()
    assert {line for line in range(a, b + 1) if line in numbered} <= shown.keys()
