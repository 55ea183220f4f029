"""What is read-only is written by no route, and the refusal names where the caller may write."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import cast

import pytest

from dreamfs_tools.call import Answer, Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.dream import dream
from dreamfs_tools.dreaming import Dreams
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Filesystem, Snapshot, Store
from dreamfs_tools.insert import insert
from dreamfs_tools.list import list_
from dreamfs_tools.merging_stores import merge_stores
from dreamfs_tools.mounts import Mounts, parse_mount
from dreamfs_tools.record import record
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.str_replace import str_replace
from dreamfs_tools.transcript import TranscriptArchive
from dreamfs_tools.view import view
from memory_filesystem import MemoryFilesystem
from writing_world import head_of, noon

Route = Callable[[Call], Awaitable[Answer]]

ADA = Author(session_id="s-ada", actor="user:ada")
ROUTES: dict[str, Route] = {
    "create": lambda call: create(call, "/shown/new.md", "x"),
    "create over": lambda call: create(call, "/shown/a.md", "x", expected_version=1, on_conflict="merge"),
    "str_replace": lambda call: str_replace(call, "/shown/a.md", "one", "x"),
    "insert": lambda call: insert(call, "/shown/a.md", 0, "x"),
    "delete": lambda call: delete(call, "/shown/a.md"),
    "delete all": lambda call: delete(call, "/shown/"),
    "rename in it": lambda call: rename(call, "/shown/a.md", "/shown/b.md"),
    "rename from it": lambda call: rename(call, "/shown/a.md", "/open/b.md"),
    "rename into it": lambda call: rename(call, "/open/a.md", "/shown/b.md"),
    "restore": lambda call: restore(call, "/shown/a.md", 1),
    "restore all": lambda call: restore(call, "/shown", 0),
    "merge into it": lambda call: merge_stores(call, "open", "shown"),
    "dream": lambda call: dream(call, "/shown"),
}


async def mounted(filesystem: Filesystem, ada: Call, *mounts: str) -> Call:
    """`memories` and `team` with a file of two versions each, seen through mounts."""
    for store in ("memories", "team"):
        await create(ada, f"/{store}/a.md", "one\n")
        await str_replace(ada, f"/{store}/a.md", "one", "two")
    return replace(ada, mounts=Mounts([parse_mount(mount) for mount in mounts]), dreams=cast("Dreams", object()))


def texts(snapshot: Snapshot) -> dict[str, list[str]]:
    return {store.slug: [text for _, text in snapshot.tree(store.slug).texts()] for store in snapshot.stores()}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("mount", "state"),
    [
        ("shown=memories:ro", "The mount /shown is read-only."),
        ("shown=memories@1", "The mount /shown shows the past (version 1) and is read-only."),
        ("shown=team:ro", "The mount /shown is read-only."),
    ],
)
async def test_no_route_writes_through_a_read_only_mount(
    filesystem: Filesystem, ada: Call, route: str, mount: str, state: str
) -> None:
    call = await mounted(filesystem, ada, mount, "open=team")
    before = await filesystem.read(texts)
    with pytest.raises(Refusal) as refused:
        await ROUTES[route](call)
    assert refused.value.sentence == f"{state} You may write below /open."
    assert refused.value.code == "read_only"
    assert refused.value.data["writable"] == ["/open"]
    assert await filesystem.read(texts) == before


@pytest.mark.parametrize("route", ROUTES)
async def test_no_route_writes_an_archived_store(route: str) -> None:
    filesystem = MemoryFilesystem([Store("memories", "Memories"), Store("team", "Team")], noon)
    call = await mounted(filesystem, Call(filesystem, Mounts(), ADA), "shown=memories:rw", "open=team")
    filesystem.configure(Store("memories", "Memories", archived_at=noon()))
    with pytest.raises(Refusal) as refused:
        await ROUTES[route](call)
    assert refused.value.sentence == (
        "The store /shown is archived: it can be read, not written. You may write below /open."
    )


async def test_nothing_is_recorded_where_nothing_can_be_written(filesystem: Filesystem, ada: Call) -> None:
    call = await mounted(filesystem, ada, "shown=memories:ro", "past=team@1")
    call = replace(call, archive=cast("TranscriptArchive", object()))
    with pytest.raises(Refusal) as refused:
        await record(call, [{"role": "user", "text": "hello"}])
    assert refused.value.code == "read_only"


async def test_a_store_can_be_mounted_twice_with_different_access(filesystem: Filesystem, ada: Call) -> None:
    call = await mounted(filesystem, ada, "a=memories:ro", "b=memories:rw", "then=memories@1")
    await str_replace(call, "/b/a.md", "two", "three")
    assert "three" in (await view(call, "/a/a.md")).text
    assert "one" in (await view(call, "/then/a.md")).text
    with pytest.raises(Refusal, match="You may write below /b"):
        await rename(call, "/a/a.md", "/b/b.md")


async def test_the_past_shows_neither_transcripts_nor_dreams(filesystem: Filesystem, ada: Call) -> None:
    call = await mounted(filesystem, ada, "then=memories@1")
    call = replace(call, mounts=replace(call.mounts, show=frozenset({"transcripts", "dreams"})))
    assert (await list_(call, depth=1)).text.splitlines()[0].startswith("/then · ro · version 1 · 1 file · a view of")
    for path in ("/transcripts", "/dreams"):
        with pytest.raises(Refusal, match=f"There is no mount {path}; the mounts are: /then"):
            await view(call, path)


async def test_ten_stores_are_served_by_one_server() -> None:
    filesystem = MemoryFilesystem([Store(f"s-{n}", f"S {n}", description="of\nmany") for n in range(10)], noon)
    call = Call(filesystem, Mounts([parse_mount(f"m-{n}=s-{n}:{'ro' if n % 2 else 'rw'}") for n in range(10)]), ADA)
    for n in range(0, 10, 2):
        await create(call, f"/m-{n}/a.md", f"{n}\n")
    lines = (await list_(call, depth=1)).text.splitlines()
    assert [line.split(" · ")[:2] for line in lines] == [[f"/m-{n}", "ro" if n % 2 else "rw"] for n in range(10)]
    assert all(line.endswith(" · of many") for line in lines)
    with pytest.raises(Refusal, match="You may write below /m-0, /m-2, /m-4, /m-6, /m-8"):
        await rename(call, "/m-0/a.md", "/m-1/a.md")
    assert await head_of(filesystem, "s-1") == 0
