"""Whatever is called in whatever order, a write does what it says or refuses, and loses nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dreamfs_tools.call import Answer, Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import ChangeFilter, Snapshot
from dreamfs_tools.insert import insert
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.str_replace import str_replace
from memory_filesystem import MemoryFilesystem
from writing_world import STORES, caller, noon

TOOLS: dict[str, Callable[..., Awaitable[Answer]]] = {
    "create": create,
    "str_replace": str_replace,
    "insert": insert,
    "delete": delete,
    "rename": rename,
    "restore": restore,
}
Step = tuple[str, dict[str, Any]]

PATHS = st.sampled_from(
    [
        "/memories/a",
        "/memories/f/a",
        "/memories/f/b",
        "/memories/f",
        "/memories/f/",
        "/memories",
        "/",
        "/memories/a/x",
        "/small/a",
        "/small/b",
        "/small/f/c",
        "/team/a",
        "/policies/a",
        "/careful/a",
        "/masking/f/a",
        "x",
        "/no/a",
    ]
)
TEXTS = st.text(st.sampled_from("ab\n"), max_size=12) | st.sampled_from(["\0", "\ud800", "a\nb\nc\nd\ne\n"])
VERSIONS = st.none() | st.integers(-2, 9)
ON_CONFLICT = st.sampled_from(["fail", "merge"])


def calls_of(tool: str, **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    given_to_it = st.fixed_dictionaries({**arguments, "expected_version": VERSIONS})
    return st.tuples(st.just(tool), given_to_it)


STEPS: st.SearchStrategy[Step] = st.one_of(
    calls_of("create", path=PATHS, file_text=TEXTS, on_conflict=ON_CONFLICT),
    calls_of(
        "str_replace",
        path=PATHS,
        old_str=st.sampled_from(["a", "b", "a\n", "", "ab"]),
        new_str=TEXTS,
        on_conflict=ON_CONFLICT,
    ),
    calls_of("insert", path=PATHS, insert_line=st.integers(-2, 4), insert_text=TEXTS, on_conflict=ON_CONFLICT),
    calls_of("delete", path=PATHS),
    calls_of("rename", old_path=PATHS, new_path=PATHS),
    calls_of("restore", path=PATHS, version=st.integers(-2, 9)),
)


async def do(call: Call, step: Step) -> Answer | Refusal:
    tool, arguments = step
    try:
        return await TOOLS[tool](call, **arguments)
    except Refusal as refusal:
        return refusal


def everything(snapshot: Snapshot) -> dict[str, str]:
    """Every file of every store with its content."""
    return {
        f"/{store.slug}/{entry.path}": text
        for store in snapshot.stores()
        for entry, text in snapshot.tree(store.slug).texts()
    }


def heads(snapshot: Snapshot) -> dict[str, int]:
    return {store.slug: store.head for store in snapshot.stores()}


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=14))
def test_a_write_does_what_it_says_or_refuses_and_changes_nothing(steps: list[Step]) -> None:
    async def run() -> None:
        filesystem = MemoryFilesystem(STORES, noon)
        call = caller(filesystem, "s-1")
        for step in steps:
            before, files = await filesystem.read(heads), await filesystem.read(everything)
            answer = await do(call, step)
            after = await filesystem.read(heads)
            assert answer.text.encode()
            if isinstance(answer, Refusal) or answer.data["code"] in {"unchanged", "already_applied"}:
                assert after == before
                assert await filesystem.read(everything) == files
            else:
                assert after != before
                assert all(after[store] - before[store] in {0, 1} for store in after)
        await check(filesystem)

    asyncio.run(run())


async def check(filesystem: MemoryFilesystem) -> None:
    """The identity of a live file is its own, and every change number was given once."""

    def query(snapshot: Snapshot) -> None:
        for store in snapshot.stores():
            live = [entry.memory_id for entry in snapshot.tree(store.slug).walk()]
            assert len(live) == len(set(live))
            rows = snapshot.changes(store.slug, ChangeFilter(), 1_000)
            numbers = [(row.memory_id, row.change_number) for row in rows]
            assert len(numbers) == len(set(numbers))
            assert {row.version for row in rows} == set(range(1, store.head + 1))

    await filesystem.read(query)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=14))
def test_a_write_with_its_version_can_always_be_repeated(steps: list[Step]) -> None:
    async def run() -> None:
        filesystem = MemoryFilesystem(STORES, noon)
        call = caller(filesystem, "s-1")
        for step in steps:
            first = await do(call, step)
            if isinstance(first, Refusal) or first.data["code"] != "ok" or step[1]["expected_version"] is None:
                continue
            files = await filesystem.read(everything)
            again = await do(call, step)
            assert isinstance(again, Answer)
            assert (again.data["code"], again.data["version"]) == ("already_applied", first.data["version"])
            assert await filesystem.read(everything) == files

    asyncio.run(run())
