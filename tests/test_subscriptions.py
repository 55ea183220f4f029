"""A client hears that what it watches has changed, whoever changed it, in both protocol eras."""

import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import pytest
from anyio.streams.memory import MemoryObjectReceiveStream
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ResourceUpdated
from mcp_types import ResourceUpdatedNotification

from dreamfs_server.app import build_app
from dreamfs_server.identity import Callers
from dreamfs_server.watching import CHANGES_COUNT_MAX, path_of
from dreamfs_tools.filesystem import Author, Edit, Filesystem, Move, Planned, Put, Remove, Store
from dreamfs_tools.mounts import MountOption, Mounts
from memory_filesystem import MemoryFilesystem
from stdio_process import ERAS, Era, StdioProcess

ADA = Author(session_id="s-ada")


async def write(filesystem: Filesystem, *edits: Edit) -> None:
    await filesystem.write(lambda _: Planned(None, edits), ADA)


def put(path: str, text: str = "one\n") -> Put:
    return Put("memories", path, text, "created")


@asynccontextmanager
async def subscribed(
    mode: Any, filesystem: Filesystem, *uris: str, mounts: Mounts | None = None
) -> AsyncGenerator[MemoryObjectReceiveStream[str]]:
    """A client that watches; gives the URIs that it hears of."""
    server = build_app(
        filesystem, mounts or Mounts(), Callers("user:ada", lambda: "c-1"), version="1.0", look_seconds=0.001
    )
    send, receive = anyio.create_memory_object_stream[str](1_000)

    async def hear(message: object) -> None:
        if mode == "legacy" and isinstance(message, ResourceUpdatedNotification):
            send.send_nowait(str(message.params.uri))

    with send, receive:
        async with Client(server, mode=mode, message_handler=hear) as client, anyio.create_task_group() as tasks:
            if mode == "legacy":
                with warnings.catch_warnings(action="ignore"):  # the SDK calls it deprecated, as it is
                    for uri in uris:
                        await client.subscribe_resource(uri)  # pyright: ignore[reportDeprecated]
                yield receive
            else:
                async with client.listen(resource_subscriptions=uris) as events:

                    async def forward() -> None:
                        async for event in events:
                            assert isinstance(event, ResourceUpdated)
                            send.send_nowait(event.uri)

                    tasks.start_soon(forward)
                    yield receive
            tasks.cancel_scope.cancel()


@pytest.fixture(params=["auto", "legacy"], ids=["2026-07-28", "handshake"])
def mode(request: pytest.FixtureRequest) -> Any:
    return request.param


async def heard(news: MemoryObjectReceiveStream[str], count: int = 1) -> set[str]:
    with anyio.fail_after(10):
        return {await news.receive() for _ in range(count)}


async def test_a_file_that_is_watched_is_told_of_and_no_other(mode: Any) -> None:
    filesystem = MemoryFilesystem()
    await write(filesystem, put("a b.md"))
    async with subscribed(mode, filesystem, "memory://memories/a%20b.md", "memory://memories/last") as news:
        await write(filesystem, put("other.md"))
        await write(filesystem, Put("memories", "a b.md", "two\n", "modified"))
        assert await heard(news) == {"memory://memories/a%20b.md"}
        await write(filesystem, put("last"))
        assert await heard(news) == {"memory://memories/last"}


async def test_a_folder_and_the_index_change_with_whatever_changes_below(mode: Any) -> None:
    filesystem = MemoryFilesystem()
    await write(filesystem, put("a/b/c.md"), put("d.md"))
    async with subscribed(mode, filesystem, "memory://", "memory://memories/a") as news:
        await write(filesystem, Remove("memories", "a/b/c.md"))
        assert await heard(news, 2) == {"memory://", "memory://memories/a"}
        await write(filesystem, Remove("memories", "d.md"))
        assert await heard(news) == {"memory://"}


async def test_a_rename_is_news_where_the_file_was_and_where_it_is(mode: Any) -> None:
    filesystem = MemoryFilesystem()
    await write(filesystem, put("a.md"))
    async with subscribed(mode, filesystem, "memory://memories/a.md", "memory://memories/b.md") as news:
        await write(filesystem, Move("memories", "a.md", "memories", "b.md"))
        assert await heard(news, 2) == {"memory://memories/a.md", "memory://memories/b.md"}


async def test_too_many_changes_to_look_at_are_news_for_all_that_is_watched_there(mode: Any) -> None:
    filesystem = MemoryFilesystem()
    async with subscribed(mode, filesystem, "memory://memories/z.md", "memory://notes/z.md") as news:
        await write(filesystem, *(put(f"{number:04}.md") for number in range(CHANGES_COUNT_MAX)))
        assert await heard(news) == {"memory://memories/z.md"}


async def test_the_past_does_not_change_and_a_mount_is_watched_by_its_own_name(mode: Any) -> None:
    filesystem = MemoryFilesystem([Store("memories", "Memories")])
    await write(filesystem, put("a.md"))
    mounts = Mounts([MountOption("then", "memories", 1), MountOption("team", "memories")])
    uris = ["memory://then/a.md", "memory://team/a.md", "memory://memories/a.md"]
    async with subscribed(mode, filesystem, *uris, mounts=mounts) as news:
        await write(filesystem, Put("memories", "a.md", "two\n", "modified"))
        assert await heard(news) == {"memory://team/a.md"}
        assert news.statistics().current_buffer_used == 0


async def test_what_is_no_longer_watched_is_no_longer_told_of() -> None:
    filesystem = MemoryFilesystem()
    server = build_app(filesystem, Mounts(), Callers("", lambda: "c-1"), version="1.0", look_seconds=0.001)
    send, receive = anyio.create_memory_object_stream[str](10)

    async def hear(message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            send.send_nowait(str(message.params.uri))

    with send, receive, warnings.catch_warnings(action="ignore"):
        async with Client(server, mode="legacy", message_handler=hear) as client:
            await client.subscribe_resource("memory://memories/a.md")  # pyright: ignore[reportDeprecated]
            await client.subscribe_resource("memory://memories/b.md")  # pyright: ignore[reportDeprecated]
            await client.unsubscribe_resource("memory://memories/a.md")  # pyright: ignore[reportDeprecated]
            await write(filesystem, put("a.md"), put("b.md"))
            assert await heard(receive) == {"memory://memories/b.md"}
            with pytest.raises(MCPError, match=r"There are only resources memory://…, not 'file:///etc/passwd'\."):
                await client.subscribe_resource("file:///etc/passwd")  # pyright: ignore[reportDeprecated]


@given(st.text().filter(lambda text: "/" not in text and text.strip("/")))
def test_any_path_comes_back_from_its_uri(name: str) -> None:
    try:
        quoted = quote(name)
    except UnicodeEncodeError:
        return
    assert path_of(f"memory://memories/{quoted}") == f"/memories/{name}"


@pytest.mark.parametrize("era", ERAS)
def test_a_change_that_another_process_made_is_heard_of(era: Era, tmp_path: Path) -> None:
    arguments = ["-m", "dreamfs_server", "--db", str(tmp_path / "dreamfs.db")]
    uri = "memory://memories/a.md"
    with StdioProcess(arguments, era=era) as listening, StdioProcess(arguments, era=era) as writing:
        listening.open()
        writing.open()
        if era == "modern":
            listening.post("subscriptions/listen", {"notifications": {"resourceSubscriptions": [uri]}})
            assert listening.receive()["method"] == "notifications/subscriptions/acknowledged"
        else:
            assert listening.request("resources/subscribe", {"uri": uri})["result"] == {}
        writing.call("create", {"path": "/memories/a.md", "file_text": "one\n"})
        news = listening.receive()

    assert (news["method"], news["params"]["uri"]) == ("notifications/resources/updated", uri)
