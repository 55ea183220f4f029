"""Whatever was done, its revert is the identity, and so is the revert of that; what only others changed is never touched."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.errors import Refusal
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.revert import Reverted, revert
from dreamfs_tools.selection import Selection
from dreamfs_tools.str_replace import str_replace
from memory_filesystem import MemoryFilesystem
from test_revert import BOB, files
from writing_world import STORES, caller, noon

STEP_PATHS = st.sampled_from(["/memories/a", "/memories/b", "/memories/f/a", "/memories/f", "/team/a", "/team/f/b"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just(create), st.tuples(STEP_PATHS, st.sampled_from(["", "1\n", "1\n2\n3\n"]))),
        st.tuples(st.just(str_replace), st.tuples(STEP_PATHS, st.sampled_from("123"), st.sampled_from("45"))),
        st.tuples(st.just(delete), st.tuples(STEP_PATHS)),
        st.tuples(st.just(rename), st.tuples(STEP_PATHS, STEP_PATHS)),
        st.tuples(st.just(restore), st.tuples(STEP_PATHS, st.integers(-1, 6))),
    ),
    max_size=8,
)


async def do(call: Call, steps: list[tuple[Any, tuple[Any, ...]]]) -> None:
    for tool, arguments in steps:
        try:
            await tool(call, *arguments)
        except Refusal:
            continue


async def attempt(call: Call, selection: Selection) -> Reverted | Refusal:
    try:
        return await revert(call, selection)
    except Refusal as refusal:
        return refusal


@settings(max_examples=120, deadline=None)
@given(STEPS, STEPS)
def test_any_changes_and_then_their_revert_are_the_identity_and_so_is_the_reverts_revert(
    before: list[Any], changes: list[Any]
) -> None:
    async def run() -> None:
        filesystem = MemoryFilesystem(STORES, noon)
        ada, bob, eve = (caller(filesystem, name) for name in ("s-ada", "s-bob", "s-eve"))
        await do(ada, before)
        start = await files(filesystem)
        await do(bob, changes)
        changed = await files(filesystem)
        answer = await attempt(eve, BOB)
        if isinstance(answer, Refusal):
            assert answer.code == "not_found", answer.text
        assert await files(filesystem) == start
        answer = await attempt(ada, Selection(session="s-eve"))
        if isinstance(answer, Refusal):
            assert answer.code == "not_found", answer.text
        assert await files(filesystem) == changed

    asyncio.run(run())


@settings(max_examples=120, deadline=None)
@given(STEPS, STEPS, STEPS, STEPS)
def test_a_revert_among_the_changes_of_others_never_touches_what_only_they_changed(
    before: list[Any], changes: list[Any], between: list[Any], more: list[Any]
) -> None:
    async def run() -> None:
        filesystem = MemoryFilesystem(STORES, noon)
        ada, bob = caller(filesystem, "s-ada"), caller(filesystem, "s-bob")
        await do(ada, before)
        await do(bob, changes)
        await do(ada, between)
        await do(bob, more)
        state = await files(filesystem)
        answer = await attempt(ada, BOB)
        now = await files(filesystem)
        if isinstance(answer, Refusal):
            assert now == state
            return
        touched = {
            f"/{held.store}/{held.path}" for file in answer.inverse.files for held in (file.now, file.then) if held
        }
        assert {path: text for path, text in state.items() if path not in touched} == {
            path: text for path, text in now.items() if path not in touched
        }
        assert isinstance(await attempt(ada, BOB), Refusal)

    asyncio.run(run())
