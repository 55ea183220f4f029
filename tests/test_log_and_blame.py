"""At a terminal a person sees who changed what, when and why, narrowed as asked, and who wrote each line."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dreamfs_server.commands.times import read_time
from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, ChangeFilter, Filesystem, Planned, Put
from dreamfs_tools.history import log
from dreamfs_tools.rename import rename
from terminal import Terminal
from writing_world import noon

NOW = datetime(2026, 11, 22, 11, 3, tzinfo=UTC)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path / "memory.db")
    terminal.put("/memories/a.md", "one\ntwo\nthree\n", "s-1", "the start")
    terminal.put("/memories/a.md", "one\nzwei\nthree\nfour\n", "s-2", "in German")
    terminal.run("mv", "/memories/a.md", "/memories/b.md", "--session", "s-3")
    return terminal


def versions(rows: Sequence[Any]) -> list[int]:
    return [row["version"] for row in rows]


def test_blame_names_the_version_that_wrote_each_line_through_a_rename(terminal: Terminal) -> None:
    rows = terminal.json("blame", "/memories/b.md")
    assert [(row["line"], row["text"], row["version"], row["session_id"], row["message"]) for row in rows] == [
        (1, "one", 1, "s-1", "the start"),
        (2, "zwei", 2, "s-2", "in German"),
        (3, "three", 1, "s-1", "the start"),
        (4, "four", 2, "s-2", "in German"),
    ]
    assert {row["path"] for row in rows} == {"/memories/a.md"}
    assert all(row["actor"].startswith("user:") and row["created_at"].endswith("Z") for row in rows)


def test_blame_for_people_has_a_row_a_line_and_then_who_and_why(terminal: Terminal) -> None:
    lines = terminal.says("blame", "/memories/b.md").splitlines()
    assert lines[0].split() == ["version", "when", "who", "line", "text"]
    assert [line.split()[0] for line in lines[1:5]] == ["1", "2", "1", "2"]
    assert lines[6].startswith("version 1 (1st change): created by session s-1 (user:")
    assert lines[7].endswith(': "in German"')


def test_blame_looks_at_the_past_too(terminal: Terminal) -> None:
    assert versions(terminal.json("blame", "/memories/b.md", "--version", "1")) == [1, 1, 1]
    terminal.put("/memories/b.md", "none\n", "s-4")
    assert versions(terminal.json("blame", "/memories/b.md", "--version", "-1")) == [1, 2, 1, 2]
    terminal.run("restore", "/memories/b.md", "-1")
    assert versions(terminal.json("blame", "/memories/b.md")) == [1, 2, 1, 2]


def test_blame_is_of_a_file(terminal: Terminal) -> None:
    assert terminal.refuses("blame", "/memories") == "dreamfs: /memories is a folder; only a file has lines.\n"
    assert "has no versions" in terminal.refuses("blame", "/")
    assert "was renamed to /memories/b.md" in terminal.refuses("blame", "/memories/a.md")


def test_log_can_be_narrowed_by_session_operation_and_time(terminal: Terminal) -> None:
    assert versions(terminal.json("log")) == [3, 2, 1]
    assert versions(terminal.json("log", "--session", "s-2")) == [2]
    assert versions(terminal.json("log", "/memories/b.md", "--operation", "renamed")) == [3]
    assert versions(terminal.json("log", "--since", "1h", "--actor", terminal.json("log")[0]["actor"])) == [3, 2, 1]
    assert versions(terminal.json("log", "--until", "2020-01-01")) == []
    assert terminal.run("log", "--dream", "drm_1").stderr == "No changes fit.\n"


def test_log_says_that_it_shows_the_newest_only(terminal: Terminal) -> None:
    result = terminal.run("log", "-n", "2")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["version", "3", "2"]
    assert result.stderr == "The newest 2; --limit 0 shows all.\n"


@pytest.mark.parametrize(
    ("text", "end", "at"),
    [
        ("", False, None),
        ("2026-11-20", False, datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20", True, datetime(2026, 11, 20, 23, 59, 59, 999_000, tzinfo=UTC)),
        ("2026-11-20T09:30:00+02:00", True, datetime(2026, 11, 20, 7, 30, tzinfo=UTC)),
        ("2026-11-20 09:30", False, datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("90m", False, NOW - timedelta(minutes=90)),
        ("2w", False, NOW - timedelta(days=14)),
    ],
)
def test_a_time_is_a_date_a_moment_or_how_long_ago(text: str, end: bool, at: datetime | None) -> None:
    assert read_time("--since", text, NOW, end=end) == at


@pytest.mark.parametrize("text", ["yesterday", "7", "d7", "2026-13-01", "999999w"])
def test_what_is_no_time_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(Refusal, match=f"^--since {text} is not a time. Write a date"):
        read_time("--since", text, NOW)


async def narrowed(call: Call, path: str, which: ChangeFilter, limit: int = 10) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    cursor = ""
    while True:
        document = json.loads((await log(call, path, which, limit, cursor, "json")).text)
        found += [(row["version"], row["path"]) for row in document["revisions"]]
        cursor = document["next_cursor"]
        if not cursor:
            return found


async def test_a_history_narrowed_by_actor_follows_a_file_through_stores(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/team/a.md", "one\n")
    put = Put("team", "a.md", "two\n", "modified")
    await filesystem.write(lambda _: Planned(None, [put], dream_id="drm_1"), Author(actor="dream:drm_1"))
    await rename(ada, "/team/a.md", "/memories/b.md")
    assert await narrowed(ada, "/memories/b.md", ChangeFilter(actor="dream:drm_1")) == [(2, "/team/a.md")]
    assert await narrowed(ada, "/memories/b.md", ChangeFilter(dream_id="drm_1")) == [(2, "/team/a.md")]
    assert await narrowed(ada, "/memories/b.md", ChangeFilter(operation="created")) == [(1, "/team/a.md")]
    everything = [(1, "/memories/b.md"), (2, "/team/a.md"), (1, "/team/a.md")]
    found = await narrowed(ada, "/memories/b.md", ChangeFilter(until=noon()), limit=1)
    assert [row for row in found if row != (3, "/team/a.md")] == everything
    assert await narrowed(ada, "/memories/b.md", ChangeFilter(until=noon() - timedelta(seconds=1))) == []
    assert await narrowed(ada, "/memories/b.md", ChangeFilter(since=noon() + timedelta(seconds=1))) == []


async def test_a_cursor_belongs_to_what_it_was_narrowed_by(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/team/a.md", "one\n")
    await create(ada, "/team/b.md", "two\n")
    page = json.loads((await log(ada, "/team", ChangeFilter(actor="user:ada"), 1, "", "json")).text)
    with pytest.raises(Refusal, match="cursor"):
        await log(ada, "/team", ChangeFilter(), 1, page["next_cursor"])
    assert (await log(ada, "/team", ChangeFilter(actor="user:x"), 1)).text.startswith("No changes in /team fit")
