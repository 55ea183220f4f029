"""A small past to read: files made, changed, moved, deleted and restored by several sessions."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Edit, Filesystem, Move, Planned, Put, Remove
from dreamfs_tools.mounts import MountOption, Mounts

NOTES = "/memories/systems/db/notes.md"
OPTIONS = [MountOption("memories", "memories"), MountOption("policies", "policies"), MountOption("team", "team")]
REVISIONS: list[tuple[str, str, list[Edit]]] = [
    ("s-1", "what we know", [Put("memories", "notes/db.md", "port 5432\nslow at night\nask Ada\n", "created")]),
    (
        "s-2",
        "",
        [
            Put("memories", "notes/db.md", "port 5432\nslow at 03:00\nask Ada\nask Bob\n", "modified"),
            Put("memories", "todo.md", "restart\n", "created"),
        ],
    ),
    ("s-3", "sort by system", [Move("memories", "notes/db.md", "memories", "systems/db/notes.md")]),
    ("s-1", "", [Put("memories", "systems/db/notes.md", "port 5433\nslow at 03:00\nask Ada\nask Bob\n", "modified")]),
    ("s-2", "done", [Remove("memories", "todo.md")]),
    ("s-4", "", [Put("policies", "on-call.md", "# On call\nPage after 5 minutes.\n", "created")]),
    ("s-4", "", [Put("memories", "empty.md", "", "created"), Put("memories", ".hidden/x", "port 1\n", "created")]),
    ("s-5", "", [Put("team", "plan.md", "one\n", "created")]),
]


async def write(filesystem: Filesystem, session: str, message: str, *edits: Edit) -> None:
    author = Author(session_id=session, actor="user:ada", client="inspector 1.0")
    await filesystem.write(lambda _: Planned(None, edits, message), author)


async def fill(filesystem: Filesystem) -> None:
    for session, message, edits in REVISIONS:
        await write(filesystem, session, message, *edits)


def reader(filesystem: Filesystem) -> Call:
    return Call(filesystem, Mounts(OPTIONS), Author(session_id="s-reader", actor="user:bob"))


async def told(tool: Callable[..., Awaitable[Answer]], call: Call, *args: Any, **options: Any) -> str:
    """What a client sees, beneath the call that asked for it."""
    name = tool.__name__.removesuffix("_")
    words = [repr(arg) for arg in args] + [f"{key}={value!r}" for key, value in options.items()]
    try:
        answer = await tool(call, *args, **options)
        text = answer.text
    except Refusal as refusal:
        text = refusal.text
    # Each engine makes its own ids.
    text = re.sub(r'"memory_id":"[^"]+"', '"memory_id":"…"', text)
    return f">>> {name}({', '.join(words)})\n{text}\n"


def at_revision(call: Call, revision: int) -> Call:
    """The same caller where /memories shows the past."""
    return replace(call, mounts=Mounts([MountOption("memories", "memories", revision)]))
