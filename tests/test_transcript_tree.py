"""Transcripts as files: what view, list and grep show of stored sessions."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.sqlite.transcripts import SqliteArchive
from dreamfs_tools.call import Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Store
from dreamfs_tools.grep import grep
from dreamfs_tools.list import list_
from dreamfs_tools.mounts import MountOption, Mounts
from dreamfs_tools.text import split_lines
from dreamfs_tools.transcript import Event, Session
from dreamfs_tools.transcript_tree import TranscriptTree
from dreamfs_tools.view import view
from memory_archive import MemoryArchive

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVENTS = [
    Event(0, "user", "text", "Run the tests.", NOON, raw_key="1"),
    Event(0, "assistant", "tool_call", '{"command": "pytest"}', NOON, tool="Bash", raw_key="2"),
    Event(0, "tool", "tool_result", "Exit code 1\nKeyError", NOON, tool="Bash", is_error=True, raw_key="3"),
]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    engine = await Engine.open(tmp_path / "dreamfs.db", lambda: NOON)
    await engine.create_store(Store("team", "Team"))
    archive = SqliteArchive(engine.database)
    await archive.add(Session("memories", "s-1", "openai"), EVENTS)
    await archive.add(Session("memories", "s-2", "openai"), EVENTS[:1])
    await archive.add(Session("team", "s-2", "openai"), EVENTS[:2])
    yield engine
    await engine.close()


@pytest.fixture
def call(engine: Engine) -> Call:
    return Call(engine, Mounts(show=frozenset({"transcripts"})), Author(session_id="s-9"))


async def test_a_session_is_a_file_of_numbered_lines(call: Call) -> None:
    assert (await view(call, "/transcripts/s-1")).text == (
        "Here's the content of /transcripts/s-1 with line numbers:\n"
        "     1\t── 1 user 2026-11-22 12:00:00\n"
        "     2\tRun the tests.\n"
        "     3\t\n"
        "     4\t── 2 assistant tool_call Bash 2026-11-22 12:00:00\n"
        '     5\t{"command": "pytest"}\n'
        "     6\t\n"
        "     7\t── 3 tool tool_result Bash ERROR 2026-11-22 12:00:00\n"
        "     8\tExit code 1\n"
        "     9\tKeyError\n"
        "    10\t\n"
        "[version 3]"
    )


async def test_a_citation_opens_with_view_range(call: Call) -> None:
    text = (await view(call, "/transcripts/s-1", view_range=[8, 9])).text
    assert "     8\tExit code 1\n     9\tKeyError\n" in text
    assert "pytest" not in text


async def test_a_session_that_has_grown_says_by_how_much(engine: Engine, call: Call) -> None:
    assert (await view(call, "/transcripts/s-1", expected_version=3)).text.startswith(
        "/transcripts/s-1 has not changed since version 3."
    )
    more = Event(0, "user", "text", "Again.", NOON, raw_key="4")
    await SqliteArchive(engine.database).add(Session("memories", "s-1", "openai"), [more])
    text = (await view(call, "/transcripts/s-1", expected_version=3)).text
    assert text.startswith("/transcripts/s-1 has grown by 1 event since version 3.")
    assert text.endswith("[version 4]")


async def test_sessions_are_listed_and_a_second_of_one_id_names_its_store(call: Call) -> None:
    rows = (await list_(call, "/transcripts")).text.split("\n")
    assert [row.split(" · ")[0] for row in rows[:-1]] == [
        "/transcripts/s-1",
        "/transcripts/s-2",
        "/transcripts/s-2@team",
    ]
    assert "pytest" in (await view(call, "/transcripts/s-2@team")).text
    assert "pytest" not in (await view(call, "/transcripts/s-2")).text
    folder = (await view(call, "/transcripts")).text
    assert "/transcripts/s-2@team" in folder


async def test_pages_of_a_listing_go_on_where_they_ended(call: Call) -> None:
    first = await list_(call, "/transcripts", limit=2, format="json")
    assert '"/transcripts/s-1"' in first.text
    assert "s-2@team" not in first.text


async def test_grep_finds_lines_of_sessions_only_when_asked_there(call: Call) -> None:
    assert "/transcripts/s-1:9:KeyError" in (await grep(call, "KeyError", "/transcripts")).text
    assert "/transcripts/s-1:9:KeyError" in (await grep(call, "KeyError", "/transcripts/s-1")).text
    assert "KeyError" not in (await grep(call, "Key.rror")).text.split("\n")[0].replace("matches Key.rror", "")


@pytest.mark.parametrize(
    "path", ["/transcripts/none", "/transcripts/s-1/x", "/transcripts/s-1@team", "/transcripts/s-2@x"]
)
async def test_what_is_no_session_does_not_exist(call: Call, path: str) -> None:
    with pytest.raises(Refusal) as refused:
        await view(call, path)
    assert refused.value.code == "not_found"
    assert refused.value.sentence.startswith(f"The path {path} does not exist.")


async def test_sessions_of_stores_that_cannot_be_written_are_not_shown(engine: Engine) -> None:
    options = [MountOption("team", "team"), MountOption("memories", "memories", access="ro")]
    call = Call(engine, Mounts(options, show=frozenset({"transcripts"})), Author())
    rows = (await list_(call, "/transcripts")).text
    assert "s-1" not in rows
    assert "/transcripts/s-2" in rows
    hidden = Call(engine, Mounts(options[1:], show=frozenset({"transcripts"})), Author())
    with pytest.raises(Refusal, match="There is no mount /transcripts"):
        await view(hidden, "/transcripts/s-1")


async def test_walk_and_texts_go_on_after_a_path() -> None:
    archive = MemoryArchive()
    for name in ("a", "b", "c"):
        await archive.add(Session("memories", name, "openai"), EVENTS[:1])
    tree = TranscriptTree(archive, ("memories",))
    assert [entry.path for entry in tree.walk(after="a")] == ["b", "c"]
    assert [entry.path for entry, _ in tree.texts(after="b")] == ["c"]
    assert list(tree.texts(containing="nowhere")) == []
    root = tree.entry("")
    assert root is not None
    assert (root.kind, root.files) == ("folder", 3)


async def test_a_page_of_a_huge_session_is_read_without_the_rest_of_it() -> None:
    archive = CountingArchive()
    events = [
        Event(0, "tool", "tool_result", "\n".join(f"{n}.{line}" for line in range(n % 40)), raw_key=str(n))
        for n in range(900)
    ]
    await archive.add(Session("memories", "s-1", "text"), events)
    tree = TranscriptTree(archive, ["memories"])
    entry = tree.entry("s-1")
    assert entry is not None
    whole = split_lines(tree.text(entry) or "")
    archive.given = 0
    lines = tree.lines(entry)
    assert lines[9_000:9_010] == whole[9_000:9_010]
    assert archive.given < 100
    assert list(lines) == whole
    assert lines[-1] == whole[-1]


class CountingArchive(MemoryArchive):
    """Counts the events that it gives."""

    given = 0

    def events(self, store: str, session_id: str, *, lines: tuple[int, int] | None = None) -> Iterator[Event]:
        for event in super().events(store, session_id, lines=lines):
            self.given += 1
            yield event
