"""The prompt `recall`: what others changed that this session has not seen."""

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from mcp import Client
from mcp_types import TextContent

from conftest import Connect
from dreamfs_server.app import build_app
from dreamfs_server.identity import Callers
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.filesystem import Author, Edit, Filesystem, Planned, Put
from dreamfs_tools.mounts import Mounts
from memory_filesystem import MemoryFilesystem


async def write(filesystem: Filesystem, path: str, session: str, text: str = "one\n") -> None:
    edits: list[Edit] = [Put("memories", path, text, "created" if text == "one\n" else "modified")]
    await filesystem.write(lambda _: Planned(None, edits), Author(session_id=session, actor="user:ada"))


async def recall(client: Client, task: str = "") -> list[str]:
    """What the prompt says after its own lines."""
    (message,) = (await client.get_prompt("recall", {"task": task} if task else {})).messages
    assert isinstance(message.content, TextContent)
    lines = message.content.text.splitlines()
    assert lines[0].startswith("Before you work" + (f" on this: {task}, read" if task else ", read"))
    return [line.partition(" by session ")[0] for line in lines[6:]]


async def test_a_session_that_was_never_here_is_told_the_last_changes(connect: Connect) -> None:
    filesystem = MemoryFilesystem()
    for number in range(1, 23):
        await write(filesystem, f"{number:02}.md", "s-other")
    server = build_app(filesystem, Mounts(), Callers("user:ada", lambda: "c-1", "s-me"), version="1.0")
    async with connect(server) as client:
        told = await recall(client, "fix the build")

    assert told[0] == "New to you, the last changes first, in /memories:"
    assert told[1] == "- /memories/22.md created, version 22 (1st change),"
    assert told[20:] == [
        "- /memories/03.md created, version 3 (1st change),",
        "- and 2 more files: `history` shows them",
    ]


async def test_a_session_is_told_what_others_changed_until_it_has_looked(connect: Connect, tmp_path: Path) -> None:
    minutes = count()

    def clock() -> datetime:
        return datetime(2026, 11, 22, 11, 0, tzinfo=UTC) + timedelta(minutes=next(minutes))

    engine = await Engine.open(tmp_path / "memory.db", clock)
    await write(engine, "before.md", "s-other")
    await write(engine, "read.md", "s-other")
    server = build_app(engine, Mounts(), Callers("user:ada", lambda: "c-1", "s-me"), version="1.0")
    async with connect(server) as client:
        await client.call_tool("view", {"path": "/memories/read.md"})
        await client.call_tool("create", {"path": "/memories/mine.md", "file_text": "mine\n"})
        nothing = await recall(client)
        await write(engine, "read.md", "s-other", "two\n")
        await write(engine, "mine.md", "s-other", "two\n")
        await write(engine, "new.md", "s-other")
        await write(engine, "new.md", "s-other", "two\n")
        news = await recall(client)
        await client.call_tool("view", {"path": "/memories/read.md"})
        await client.call_tool("delete", {"path": "/memories/new.md"})
        rest = await recall(client)
    await engine.close()

    assert nothing == ["In /memories others have changed nothing that you have not seen."]
    assert news == [
        "Changed by others since you last looked, in /memories:",
        "- /memories/new.md modified, version 7 (2nd change),",
        "- /memories/mine.md modified, version 5 (2nd change),",
        "- /memories/read.md modified, version 4 (2nd change),",
    ]
    assert rest == ["Changed by others since you last looked, in /memories:", news[2]]


async def test_a_line_says_which_version_the_session_knows(connect: Connect) -> None:
    filesystem = MemoryFilesystem()
    await write(filesystem, "mine.md", "s-me")
    await write(filesystem, "mine.md", "s-other", "two\n")
    server = build_app(filesystem, Mounts(), Callers("user:ada", lambda: "c-1", "s-me"), version="1.0")
    async with connect(server) as client:
        (message,) = (await client.get_prompt("recall", {})).messages

    assert isinstance(message.content, TextContent)
    assert message.content.text.splitlines()[-1] == (
        "- /memories/mine.md modified, version 2 (2nd change), by session s-other (user:ada) at 2026-11-22 11:04 UTC; "
        "you know version 1"
    )
