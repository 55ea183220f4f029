"""Who wrote each line."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Literal, cast

from hypothesis import given
from hypothesis import strategies as st

from dreamfs_tools.annotation import annotate
from dreamfs_tools.blame import Blame, blame
from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.filesystem import Edit, Entry, Filesystem, Move, Operation, Put, Remove, Snapshot, Store
from dreamfs_tools.merging_stores import merge_stores
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.revert import revert
from dreamfs_tools.selection import Selection
from dreamfs_tools.stores import StoreKeeper
from dreamfs_tools.str_replace import str_replace
from dreamfs_tools.text import ended_lines, matches
from memory_filesystem import MemoryFilesystem, sha256
from reading_world import write
from writing_world import caller, noon

PutOperation = Literal["created", "modified", "restored", "merged", "redacted"]
GONE = "gone for good\n"


def attributed(history: Sequence[tuple[str, Operation]]) -> Blame:
    """Blame for the last of a file's versions, each given by its text and what was done."""

    async def run() -> Blame:
        filesystem = MemoryFilesystem()
        filesystem.forget(sha256(GONE))
        path, memory_id = "a.md", ""
        for version, (text, operation) in enumerate(history, 1):
            edit: Edit = Put("memories", path, text, cast("PutOperation", operation), memory_id)
            if operation == "renamed":
                edit, path = Move("memories", path, "memories", f"{version}.md", text), f"{version}.md"
            elif operation == "deleted":
                edit = Remove("memories", path)
            await write(filesystem, f"s-{version}", "", edit)
            entry = await filesystem.read(partial(entry_at, path))
            memory_id = entry.memory_id if entry else memory_id

        def query(snapshot: Snapshot) -> Blame:
            here = snapshot.tree("memories").entry(path)
            assert here is not None
            return blame(snapshot, here)

        return await filesystem.read(query)

    return asyncio.run(run())


def entry_at(path: str, snapshot: Snapshot) -> Entry | None:
    return snapshot.tree("memories").entry(path)


def written(*history: tuple[str, Operation]) -> list[tuple[str, int]]:
    return [(line.text, line.change.version) for line in attributed(history).lines]


def test_a_line_keeps_its_writer_while_it_stands() -> None:
    assert written(("a\nb\n", "created"), ("a\nB\n", "modified"), ("x\na\nB\n", "modified")) == [
        ("x", 3),
        ("a", 1),
        ("B", 2),
    ]


def test_a_restore_gives_lines_back_their_writers() -> None:
    assert written(("a\nb\n", "created"), ("c\n", "modified"), ("a\nb\n", "restored")) == [("a", 1), ("b", 1)]
    assert written(("a\n", "created"), ("", "deleted"), ("a\n", "restored")) == [("a", 1)]


def test_what_is_written_again_by_hand_is_new() -> None:
    assert written(("a\nb\n", "created"), ("a\n", "modified"), ("a\nb\n", "modified")) == [("a", 1), ("b", 3)]


def test_a_rename_writes_no_line_and_a_merge_only_its_own() -> None:
    assert written(("a\nb\nc\n", "created"), ("a\nb\nc\n", "renamed"), ("a\nb\nC\n", "modified")) == [
        ("a", 1),
        ("b", 1),
        ("C", 3),
    ]
    assert written(("a\nb\nc\n", "created"), ("a\nb\nC\n", "modified"), ("A\nb\nC\n", "merged")) == [
        ("A", 3),
        ("b", 1),
        ("C", 2),
    ]


def test_a_version_whose_content_is_gone_is_named() -> None:
    found = attributed([("a\n", "created"), (GONE, "modified"), ("a\nb\nc\n", "modified")])
    assert [(line.text, line.change.version) for line in found.lines] == [("a", 1), ("b", 3), ("c", 3)]
    assert [gap.version for gap in found.gaps] == [2]


def test_a_final_newline_is_the_last_lines_own() -> None:
    assert written(("a", "created"), ("a\n", "modified")) == [("a", 2)]


def test_nothing_was_written_in_an_empty_file() -> None:
    assert written(("", "created")) == []


TEXT = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=6).map(lambda lines: "".join(f"{x}\n" for x in lines))


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_replaying_the_history_finds_the_same_writers(texts: list[str]) -> None:
    replayed: list[tuple[str, int]] = []
    for version, text in enumerate(texts, 1):
        new = [(line, version) for line in ended_lines(text)]
        for match in matches([line for line, _ in replayed], ended_lines(text)):
            for k in range(match.size):
                new[match.new + k] = replayed[match.old + k]
        replayed = new
    found = attributed([(text, "modified") for text in texts])
    assert [(line.text + "\n", line.change.version) for line in found.lines] == replayed


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_each_line_stands_in_the_version_it_is_put_down_to_and_ever_since(texts: list[str]) -> None:
    found = attributed([(text, "modified") for text in texts])
    assert "".join(f"{line.text}\n" for line in found.lines) == texts[-1]
    for line in found.lines:
        assert all(f"{line.text}\n" in ended_lines(text) for text in texts[line.change.version - 1 :])


async def test_blame_follows_a_file_through_moves_deletion_and_restore(filesystem: Filesystem) -> None:
    await write(filesystem, "s-1", "", Put("memories", "a.md", "one\ntwo\n", "created"))
    await write(filesystem, "s-2", "", Move("memories", "a.md", "memories", "b/c.md"))
    await write(filesystem, "s-3", "", Put("memories", "b/c.md", "one\n2\n", "modified"))
    entry = await filesystem.read(lambda snapshot: snapshot.tree("memories").entry("b/c.md"))
    assert isinstance(entry, Entry)
    await write(filesystem, "s-4", "", Remove("memories", "b/c.md"))
    await write(filesystem, "s-5", "", Put("memories", "b/c.md", "one\n2\n", "restored", entry.memory_id))

    def query(snapshot: Snapshot) -> list[tuple[str, str]]:
        here = snapshot.tree("memories").entry("b/c.md")
        assert here is not None
        found = blame(snapshot, here)
        return [(line.text, line.change.revision.author.session_id) for line in found.lines]

    assert await filesystem.read(query) == [("one", "s-1"), ("2", "s-3")]


async def test_what_both_sides_of_a_merge_wrote_belongs_to_the_side_that_was_first() -> None:
    minutes = count()
    filesystem = MemoryFilesystem([Store("memories", "Memories")], lambda: noon() + timedelta(minutes=next(minutes)))
    ada, bob = caller(filesystem, "s-ada"), caller(filesystem, "s-bob")
    await create(ada, "/memories/a.md", "one\nmiddle\ntwo\n")
    await filesystem.fork_store("memories", Store("lab", "Lab"))
    await str_replace(bob, "/lab/a.md", "one", "ONE")
    await str_replace(ada, "/memories/a.md", "one", "ONE")
    await str_replace(bob, "/lab/a.md", "two", "TWO")
    await merge_stores(ada, "lab", "memories")
    lines = (await annotate(ada, "/memories/a.md")).blame.lines
    assert [line.change.revision.author.session_id for line in lines] == ["s-bob", "s-ada", "s-bob"]


async def test_a_rename_that_a_merge_brings_changes_no_writer() -> None:
    minutes = count()
    filesystem = MemoryFilesystem([Store("memories", "Memories")], lambda: noon() + timedelta(minutes=next(minutes)))
    ada, bob = caller(filesystem, "s-ada"), caller(filesystem, "s-bob")
    await filesystem.fork_store("memories", Store("lab", "Lab"))
    await create(ada, "/memories/a.md", "one\n")
    await create(bob, "/lab/a.md", "one\n")
    await merge_stores(ada, "memories", "lab")
    await rename(ada, "/memories/a.md", "/memories/b.md")
    await merge_stores(ada, "memories", "lab")
    (line,) = (await annotate(ada, "/lab/b.md")).blame.lines
    assert line.change.revision.author.session_id == "s-bob"


async def test_a_line_that_a_revert_brings_back_in_a_fork_is_found_where_the_fork_began(
    filesystem: Filesystem, ada: Call, bob: Call
) -> None:
    await create(ada, "/memories/a.md", "one\ntwo\n")
    await str_replace(ada, "/memories/a.md", "two", "two\nthree")
    await cast("StoreKeeper", filesystem).fork_store("memories", Store("lab", "Lab"))
    await str_replace(bob, "/lab/a.md", "three\n", "")
    await str_replace(ada, "/lab/a.md", "one", "ONE")
    await revert(ada, Selection(session="s-bob"))
    lines = (await annotate(ada, "/lab/a.md")).blame.lines
    assert [(line.text, line.change.version) for line in lines] == [("ONE", 4), ("two", 1), ("three", 2)]


async def test_an_old_version_that_names_no_past_is_found_through_a_fork_of_a_fork() -> None:
    filesystem = MemoryFilesystem([Store("memories", "Memories")])
    ada = caller(filesystem, "s-ada")
    await create(ada, "/memories/a.md", "old\n")
    for slug, base in (("lab", "memories"), ("later", "lab")):
        await filesystem.fork_store(base, Store(slug, slug))
        await create(ada, f"/{slug}/a.md", f"{slug}\n", 1 if slug == "lab" else 2)
    entry = await filesystem.read(lambda snapshot: snapshot.tree("later").entry("a.md"))
    assert entry is not None
    await write(filesystem, "s-bob", "", Put("later", "a.md", "old\n", "restored", entry.memory_id))
    (line,) = (await annotate(ada, "/later/a.md")).blame.lines
    assert (line.change.version, line.change.revision.author.session_id) == (1, "s-ada")


async def test_a_restored_version_has_its_own_writers_though_another_says_the_same(
    filesystem: Filesystem, ada: Call, bob: Call
) -> None:
    await create(ada, "/memories/a.md", "one\n")
    await create(ada, "/memories/a.md", "two\n", 1)
    await create(bob, "/memories/a.md", "one\n", 2)
    await create(bob, "/memories/a.md", "three\n", 3)
    await restore(bob, "/memories/a.md", 1)
    (line,) = (await annotate(ada, "/memories/a.md")).blame.lines
    assert (line.change.version, line.change.revision.author.session_id) == (1, "s-ada")
