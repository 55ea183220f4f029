"""Every sentence and refusal of the read tools, word for word, on both engines."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dreamfs_tools.call import Answer
from dreamfs_tools.diff import diff
from dreamfs_tools.filesystem import Filesystem
from dreamfs_tools.grep import grep
from dreamfs_tools.history import history
from dreamfs_tools.list import list_
from dreamfs_tools.view import view
from reading_world import NOTES, at_revision, fill, reader, told
from snapshot import assert_snapshot

Question = tuple[tuple[Any, ...], dict[str, Any]]


def ask(*args: Any, **options: Any) -> Question:
    return args, options


VIEWS = [
    ask("/"),
    ask("/memories"),
    ask("/memories/"),
    ask(NOTES),
    ask(NOTES, [2, 3]),
    ask(NOTES, [2, -1]),
    ask(NOTES, [1, 4]),
    ask(NOTES, [0, 2]),
    ask(NOTES, [3, 2]),
    ask(NOTES, [2, 5]),
    ask(NOTES, [5, -1]),
    ask(NOTES, [1]),
    ask(NOTES, [1, -2]),
    ask("/memories", [1, 2]),
    ask("/", [1, 2]),
    ask("/memories/empty.md"),
    ask("/memories/empty.md", [1, -1]),
    ask("/memories/empty.md", [1, 1]),
    ask(NOTES, version=4),
    ask(NOTES, version=3),
    ask(NOTES, version=2),
    ask(NOTES, version=0),
    ask(NOTES, version=-1),
    ask(NOTES, version=-2),
    ask(NOTES, version=7),
    ask("/memories", version=2),
    ask("/memories", version=-1),
    ask("/", version=1),
    ask("/memories/todo.md", version=-1),
    ask("/memories/todo.md", version=1),
    ask("/memories/empty.md", version=-1),
    ask("/memories/todo.md"),
    ask("/memories/notes/db.md"),
    ask("/memories/notes"),
    ask("/memories/never.md"),
    ask(f"{NOTES}/"),
    ask("/nowhere/a.md"),
    ask(NOTES, annotate=True),
    ask(NOTES, [2, 3], annotate=True),
    ask(NOTES, version=2, annotate=True),
    ask(NOTES, expected_version=4),
    ask(NOTES, expected_version=1),
    ask(NOTES, expected_version=0),
    ask(NOTES, expected_version=5),
    ask(NOTES, expected_version=99),
    ask(NOTES, expected_version=-1),
    ask("/memories/todo.md", expected_version=2),
    ask("/memories", expected_version=6),
    ask("/memories", expected_version=3),
]
LISTS = [
    ask(),
    ask("/", depth=1),
    ask("/", depth=2),
    ask("/memories"),
    ask("/memories", depth=1),
    ask("/memories", depth=2),
    ask("/memories", "*.md"),
    ask("/memories", "systems/**"),
    ask("/memories", "*.txt"),
    ask("/", "/*/on-call.md"),
    ask(NOTES),
    ask("/memories", limit=1),
    ask("/memories", limit=1, format="json"),
    ask("/memories", depth=1, format="json"),
    ask("/", depth=1, format="json"),
    ask("/memories/todo.md"),
    ask("/memories", limit=0),
    ask("/memories", limit=1_001),
    ask("/memories", depth=21),
    ask("/memories", depth=-1),
    ask("/memories", cursor="x"),
    ask("/memories", "[a"),
]
GREPS = [
    ask("port"),
    ask("port", "/memories"),
    ask("port", NOTES),
    ask("port", "/memories", glob="*.md"),
    ask("port", "/memories", glob="systems/**"),
    ask(r"^ask \w+$", context=1),
    ask("PORT", ignore_case=True),
    ask("5 m", literal=True),
    ask("a.k", literal=True),
    ask("ask", output="files"),
    ask("ask", output="count"),
    ask("ask", limit=1),
    ask("ask", context=1, format="json"),
    ask("ask", output="count", format="json"),
    ask("ask", output="files", format="json"),
    ask("ask", limit=1, format="json"),
    ask("nothing", format="json"),
    ask("nothing"),
    ask("port", "/memories/never.md"),
    ask("(", "/memories"),
    ask("port", context=51),
    ask("port", context=-1),
    ask("port", limit=0),
    ask("port", cursor="mangled"),
]
HISTORIES = [
    ask(),
    ask("/memories"),
    ask(NOTES),
    ask("/memories/systems"),
    ask("/memories/todo.md"),
    ask("/memories/notes/db.md"),
    ask("/memories", "s-2"),
    ask("/memories", "s-9"),
    ask("/memories/never.md"),
    ask(NOTES, limit=1),
    ask(NOTES, limit=2, format="json"),
    ask("/memories/todo.md", format="json"),
    ask("/", limit=1_001),
    ask("/", cursor="e30"),
]
DIFFS = [
    ask(NOTES),
    ask("/memories/notes/db.md"),
    ask("/memories/todo.md"),
    ask("/memories/empty.md"),
    ask("/memories"),
    ask(NOTES, 1),
    ask(NOTES, 2, 3),
    ask(NOTES, -1),
    ask(NOTES, to_version=-1),
    ask(NOTES, to_version=2),
    ask(NOTES, 4, 1),
    ask(NOTES, 4, 6),
    ask(NOTES, 0, 1),
    ask(NOTES, to_version=0),
    ask(NOTES, -2),
    ask(NOTES, 99),
    ask("/memories", 1, 5),
    ask("/memories/systems", 0),
    ask("/memories/never.md"),
    ask("/"),
]


@pytest.mark.parametrize(
    ("tool", "questions"),
    [(view, VIEWS), (list_, LISTS), (grep, GREPS), (history, HISTORIES), (diff, DIFFS)],
    ids=["view", "list", "grep", "history", "diff"],
)
async def test_a_read_tool_answers_word_for_word(
    filesystem: Filesystem, tool: Callable[..., Awaitable[Answer]], questions: list[Question]
) -> None:
    await fill(filesystem)
    call = reader(filesystem)
    answers = [await told(tool, call, *args, **options) for args, options in questions]
    assert_snapshot(f"{tool.__name__.removesuffix('_')}.txt", "\n".join(answers))


async def test_a_mount_of_the_past_reads_as_it_was_then(filesystem: Filesystem) -> None:
    await fill(filesystem)
    call = at_revision(reader(filesystem), 2)
    answers = [
        await told(view, call, "/"),
        await told(view, call, "/memories"),
        await told(view, call, "/memories/notes/db.md", annotate=True),
        await told(view, call, "/memories/notes/db.md", version=-1),
        await told(view, call, "/memories", version=3),
        await told(view, call, NOTES),
        await told(list_, call, "/memories"),
        await told(list_, call, "/", depth=1, format="json"),
        await told(grep, call, "ask"),
        await told(history, call, "/memories/notes/db.md"),
        await told(history, call),
        await told(diff, call, "/memories/notes/db.md"),
        await told(diff, call, "/memories/notes/db.md", 1, 3),
    ]
    assert_snapshot("past_mount.txt", "\n".join(answers))
