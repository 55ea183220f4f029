"""Answers that come in pages, and what a read leaves in the access log."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Filesystem, Move, Put, Remove, Snapshot
from dreamfs_tools.grep import grep
from dreamfs_tools.history import history
from dreamfs_tools.line_page import choose_lines
from dreamfs_tools.list import list_
from dreamfs_tools.mounts import Mounts
from dreamfs_tools.paging import read_cursor, write_cursor
from dreamfs_tools.view import view
from memory_filesystem import MemoryFilesystem
from reading_world import NOTES, fill, reader, write


async def pages(tool: Any, call: Call, *args: Any, limit: int, **options: Any) -> list[str]:
    """The rows of every page, joined; no page is longer than its limit."""
    rows: list[str] = []
    cursor = ""
    while True:
        answer: Answer = await tool(call, *args, limit=limit, cursor=cursor, format="json", **options)
        page = json.loads(answer.text)
        items: list[Any] = next(iter(page.values()))
        assert len(items) <= limit
        rows += [json.dumps(item) for item in items]
        assert page["complete"] is (page["next_cursor"] is None)
        if page["complete"]:
            return rows
        cursor = page["next_cursor"]


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_pages_joined_are_the_whole(filesystem: Filesystem, limit: int) -> None:
    await fill(filesystem)
    call = reader(filesystem)
    questions: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
        (list_, ("/",), {}),
        (list_, ("/memories",), {}),
        (list_, ("/memories",), {"depth": 2}),
        (list_, ("/",), {"depth": 1}),
        (list_, ("/", "*.md"), {}),
        (grep, ("port|ask|o",), {}),
        (grep, ("s", "/memories"), {"context": 1}),
        (grep, ("s",), {"output": "files"}),
        (grep, ("ask", NOTES), {}),
        (history, ("/",), {}),
        (history, ("/memories",), {}),
        (history, (NOTES,), {}),
        (history, ("/", "s-2"), {}),
    ]
    for tool, args, options in questions:
        whole = await pages(tool, call, *args, limit=1_000, **options)
        assert len(whole) == len(set(whole)) > 0
        assert await pages(tool, call, *args, limit=limit, **options) == whole


async def text_pages(call: Call, pattern: str, context: int, limit: int) -> str:
    rows: list[str] = []
    cursor = ""
    while True:
        text = (await grep(call, pattern, "/memories", context=context, limit=limit, cursor=cursor)).text
        lines = text.split("\n")
        rows += lines[:-2]
        more = re.search(r'cursor="([^"]+)"', lines[-2])
        if more is None:
            return "\n".join(rows)
        cursor = more[1]


LINES = st.lists(st.sampled_from(["x", "xx", "y", ""]), max_size=12)


@given(st.lists(LINES, min_size=1, max_size=3), st.integers(0, 3), st.integers(1, 4))
async def test_grep_with_context_shows_each_line_once_over_all_pages(
    files: list[list[str]], context: int, limit: int
) -> None:
    filesystem = MemoryFilesystem()
    edits = [Put("memories", f"f{n}", "".join(f"{x}\n" for x in lines), "created") for n, lines in enumerate(files)]
    await write(filesystem, "s", "", *edits)
    call = Call(filesystem, Mounts(), Author(session_id="s"))
    expected: list[str] = []
    for n, lines in enumerate(files):
        hits = {i for i, line in enumerate(lines, 1) if "x" in line}
        around = {j for i in hits for j in range(i - context, i + context + 1) if 1 <= j <= len(lines)}
        shown = 0
        for j in sorted(around):
            if context and shown and j > shown + 1:
                expected.append("--")
            expected.append(f"/memories/f{n}{':' if j in hits else '-'}{j}{':' if j in hits else '-'}{lines[j - 1]}")
            shown = j
    if expected:
        assert await text_pages(call, "x", context, limit) == "\n".join(expected)
    else:
        assert (await grep(call, "x", "/memories")).text.startswith("No line in /memories matches x.\n")


@given(st.lists(st.text("ab é", max_size=30), min_size=1, max_size=40), st.data())
def test_a_range_shows_exactly_its_lines(lines: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(1, len(lines)))
    last = data.draw(st.integers(first, len(lines)))
    page = choose_lines("/m/a", lines, [first, last])
    assert page.rows == [f"{n:>6}\t{lines[n - 1]}" for n in range(first, last + 1)]


@given(st.lists(st.integers(0, 9_000), min_size=1, max_size=30))
def test_a_long_file_is_shown_in_parts_that_join_to_the_whole(sizes: list[int]) -> None:
    lines = ["x" * size for size in sizes]
    page = choose_lines("/m/a", lines, None)
    rows = list(page.rows)
    assert (len("\n".join(lines)) <= 16_000) is (page.notice == "")
    while go_on := re.search(r"view_range=\[(\d+), (-?\d+)\]", page.notice):
        page = choose_lines("/m/a", lines, [int(go_on[1]), int(go_on[2])])
        rows += page.rows
        assert len("\n".join(page.rows)) < 40_000
    assert rows == [f"{n:>6}\t{line}" for n, line in enumerate(lines, 1)]


async def test_a_file_of_16000_characters_is_shown_whole_and_one_more_is_not() -> None:
    filesystem = MemoryFilesystem()
    lines = "x" * 79 + "\n"
    await write(filesystem, "s", "", Put("memories", "whole", lines * 200, "created"))
    await write(filesystem, "s", "", Put("memories", "long", lines * 200 + "y\n", "created"))
    call = reader(filesystem)
    call = Call(filesystem, Mounts(), call.author)
    assert "shown" not in (await view(call, "/memories/whole")).text
    answer = (await view(call, "/memories/long")).text
    assert "\n[lines 1-200 of 201 shown; go on with view_range=[201, -1]]\n" in answer
    rest = (await view(call, "/memories/long", [201, -1])).text
    assert "\n   201\ty\n[lines 201-201 of 201 shown]\n" in rest


async def test_a_line_too_long_for_an_answer_is_cut_and_says_so() -> None:
    filesystem = MemoryFilesystem()
    await write(
        filesystem, "s", "", Put("memories", "a", "z" * 50_000 + "needle" + "z" * 50_000 + "\nlast\n", "created")
    )
    call = Call(filesystem, Mounts(), Author())
    answer = (await view(call, "/memories/a")).text
    assert len(answer) < 40_000
    assert (
        "\n[line 1 of 2, cut: 16,000 of its 100,006 characters shown; grep shows what stands around a match further on; "
        "go on with view_range=[2, -1]]\n"
    ) in answer
    found = (await grep(call, "needle")).text
    assert "zneedlez" in found
    assert "[cut: characters 49,501-51,500 of 100,006]" in found


async def test_no_answer_has_40000_characters(filesystem: Filesystem) -> None:
    long = "/".join(["n" * 100] * 9)
    edits = [Put("memories", f"{long}/{n}", "match " + "y" * 500 + "\n", "created") for n in range(150)]
    await write(filesystem, "s", "m" * 1_000, *edits)
    call = reader(filesystem)
    for answer in (
        await list_(call, "/memories", limit=1_000),
        await list_(call, "/memories", limit=1_000, format="json"),
        await grep(call, "match", limit=1_000),
        await grep(call, "match", limit=1_000, format="json"),
        await history(call, "/memories", limit=1_000),
        await history(call, "/memories", limit=1_000, format="json"),
    ):
        assert 30_000 < len(answer.text) < 40_000
        assert 'cursor="' in answer.text or '"complete":false' in answer.text


async def test_a_folder_with_too_many_names_says_how_many_are_not_shown() -> None:
    filesystem = MemoryFilesystem()
    await write(filesystem, "s", "", *[Put("memories", f"{n:04}" + "n" * 80, "", "created") for n in range(500)])
    answer = (await view(Call(filesystem, Mounts(), Author()), "/memories")).text
    assert len(answer) < 40_000
    shown = answer.count("\t/memories/")
    assert f"\n[{500 - shown} more are not shown; list with path=/memories pages through all]\n" in answer


@given(st.lists(st.one_of(st.integers(), st.text(max_size=5)), max_size=3), st.text(max_size=5))
def test_a_cursor_gives_back_its_position_for_its_own_question_only(position: list[Any], question: str) -> None:
    cursor = write_cursor([question], position)
    assert read_cursor([question], cursor) == position
    with pytest.raises(Refusal, match="does not belong to this question"):
        read_cursor([question + "x"], cursor)


@given(st.text(min_size=1, max_size=40))
def test_any_other_text_is_no_cursor(cursor: str) -> None:
    with pytest.raises(Refusal, match="does not belong to this question"):
        read_cursor(["list"], cursor)


async def test_every_read_leaves_a_note() -> None:
    filesystem = MemoryFilesystem()
    await write(
        filesystem, "s-1", "", Put("memories", "a.md", "one\n", "created"), Put("memories", "b.md", "", "created")
    )
    await write(filesystem, "s-1", "", Remove("memories", "b.md"))
    call = Call(filesystem, Mounts(), Author(session_id="s-2"))
    await view(call, "/memories/a.md")
    await view(call, "/memories/a.md", expected_version=1)
    for gone in ("/memories/b.md", "/memories/c.md"):
        with pytest.raises(Refusal):
            await view(call, gone)
    await grep(call, "one")
    await grep(call, "nothing", "/memories")
    await grep(call, "nothing", "/memories/a.md")
    with pytest.raises(Refusal):
        await grep(call, "one", "/memories/d.md")
    assert [(n.path, n.kind, n.version, n.session, n.query) for n in filesystem.notes] == [
        ("a.md", "view", 1, "s-2", ""),
        ("a.md", "view", 1, "s-2", ""),
        ("b.md", "miss", 0, "s-2", ""),
        ("c.md", "miss", 0, "s-2", ""),
        ("a.md", "search", 1, "s-2", "one"),
        ("", "search", 2, "s-2", "one"),
        ("", "miss", 2, "s-2", "nothing"),
        ("a.md", "miss", 1, "s-2", "nothing"),
        ("d.md", "miss", 0, "s-2", "one"),
    ]


async def test_a_version_whose_content_is_gone_says_so() -> None:
    filesystem = MemoryFilesystem()
    await write(filesystem, "s-1", "", Put("memories", "a.md", "secret\n", "created"))
    await write(filesystem, "s-1", "", Put("memories", "a.md", "clean\n", "modified"))
    entry = await filesystem.read(lambda snapshot: snapshot.tree("memories", 1).entry("a.md"))
    assert entry is not None
    assert entry.sha256
    filesystem.forget(entry.sha256)
    call = Call(filesystem, Mounts(), Author())
    assert (await view(call, "/memories/a.md", version=1)).text.split("\n")[0] == (
        "The content of /memories/a.md at version 1 was redacted at 2026-11-22 11:05 UTC. [redacted]"
    )
    from dreamfs_tools.diff import diff

    assert (
        "--- /memories/a.md (version 1)\n+++ /memories/a.md (version 2)\n[redacted]\n"
        in (await diff(call, "/memories/a.md")).text
    )
    assert (await history(call, "/memories/a.md")).text.split("\n")[1].endswith("11:03 UTC [redacted]")
    annotated = (await view(call, "/memories/a.md", annotate=True)).text
    assert "\n[the content of version 1 is gone: lines it wrote are put down to the next version]\n" in annotated


async def test_texts_leave_out_what_is_not_wanted_now_and_in_the_past(filesystem: Filesystem) -> None:
    await fill(filesystem)

    def query(snapshot: Snapshot) -> list[list[str]]:
        def wanted(path: str, content: bytes) -> bool:
            return path.endswith(".md") and b"5432" in content

        return [
            [entry.path for entry, _ in snapshot.tree("memories", at).texts(path, wanted=wanted)]
            for at, path in [(None, ""), (4, ""), (3, ""), (3, "systems"), (2, "notes/db.md"), (2, "todo.md")]
        ]

    path = "systems/db/notes.md"
    assert await filesystem.read(query) == [[], [], [path], [path], ["notes/db.md"], []]


async def test_history_follows_a_file_back_to_the_store_it_came_from(filesystem: Filesystem) -> None:
    await write(filesystem, "s-1", "", Put("memories", "a.md", "one\n", "created"))
    await write(filesystem, "s-2", "", Put("memories", "a.md", "two\n", "modified"))
    await write(filesystem, "s-3", "share", Move("memories", "a.md", "team", "b.md"))
    await write(filesystem, "s-4", "", Put("team", "b.md", "three\n", "modified"))
    call = reader(filesystem)
    text = (await history(call, "/team/b.md")).text
    rows = [line.partition(", by")[0] for line in text.split("\n")[:-1]]
    assert rows[0] == "version 2 (4th change) modified /team/b.md +1 -1"
    assert rows[1] == "version 1 (3rd change) renamed /memories/a.md to /team/b.md +0 -0"
    assert rows[-2:] == [
        "version 2 (2nd change) modified /memories/a.md +1 -1",
        "version 1 (1st change) created /memories/a.md +1 -0",
    ]
    whole = await pages(history, call, "/team/b.md", limit=100)
    assert await pages(history, call, "/team/b.md", limit=1) == whole
