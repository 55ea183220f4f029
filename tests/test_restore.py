"""`restore` makes exactly a path as it was, as a new revision, and touches nothing else."""

import pytest

from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Filesystem
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.str_replace import str_replace
from writing_world import caller, head_of, history_of, memory_id_of, text_of, world

PATH = "/memories/a.md"


async def test_a_deleted_file_comes_back_with_its_identity(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, PATH, "one\n")
    identity = await memory_id_of(filesystem, PATH)
    await delete(ada, PATH)
    answer = await restore(ada, PATH, -1)
    assert answer.text == (
        f"Successfully restored {PATH} to the version before its latest change\n"
        "[version 3 (3rd change) · session s-ada · 2026-11-22 12:00 UTC]"
    )
    assert await text_of(filesystem, PATH) == "one\n"
    assert await memory_id_of(filesystem, PATH) == identity
    assert [operation for _, operation, _ in await history_of(filesystem, PATH)] == ["restored", "deleted", "created"]


async def test_an_earlier_content_comes_back(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, PATH, "one\n")
    await str_replace(ada, PATH, "one", "two")
    await str_replace(ada, PATH, "two", "three")
    identity = await memory_id_of(filesystem, PATH)
    await restore(ada, PATH, 1)
    assert await text_of(filesystem, PATH) == "one\n"
    await restore(ada, PATH, -1)
    assert await text_of(filesystem, PATH) == "three\n"
    assert await memory_id_of(filesystem, PATH) == identity


async def test_a_folder_becomes_exactly_as_it_was(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/memories/f/kept.md", "kept\n")
    await create(ada, "/memories/f/changed.md", "before\n")
    await create(ada, "/memories/f/g/gone.md", "gone\n")
    await str_replace(ada, "/memories/f/changed.md", "before", "after")
    await delete(ada, "/memories/f/g")
    await create(ada, "/memories/f/added.md", "added\n")
    await create(ada, "/memories/outside.md", "outside\n")
    answer = await restore(ada, "/memories/f", 3)
    assert answer.data["version"] == 8
    assert await history_of(filesystem, "/memories") == [
        (8, "deleted", "f/added.md"),
        (8, "restored", "f/changed.md"),
        (8, "restored", "f/g/gone.md"),
        *[row for row in await history_of(filesystem, "/memories") if row[0] < 8],
    ]
    assert await text_of(filesystem, "/memories/f/added.md") is None
    assert await text_of(filesystem, "/memories/f/changed.md") == "before\n"
    assert await text_of(filesystem, "/memories/f/g/gone.md") == "gone\n"
    assert await text_of(filesystem, "/memories/outside.md") == "outside\n"


async def test_a_whole_store_can_be_restored(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, PATH, "one\n")
    await create(ada, "/memories/b.md", "two\n")
    await restore(ada, "/memories", 1)
    assert await text_of(filesystem, "/memories/b.md") is None
    await restore(ada, "/memories", -1)
    assert await text_of(filesystem, "/memories/b.md") == "two\n"


async def test_an_identity_that_lives_elsewhere_is_not_given_twice(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, PATH, "one\n")
    await rename(ada, PATH, "/memories/b.md")
    await restore(ada, PATH, 1)
    assert await text_of(filesystem, PATH) == "one\n"
    assert await text_of(filesystem, "/memories/b.md") == "one\n"
    assert await memory_id_of(filesystem, PATH) != await memory_id_of(filesystem, "/memories/b.md")


async def test_a_file_renamed_within_a_restored_folder_gets_its_path_and_identity_back(
    filesystem: Filesystem, ada: Call
) -> None:
    await create(ada, "/memories/f/a.md", "one\n")
    identity = await memory_id_of(filesystem, "/memories/f/a.md")
    await rename(ada, "/memories/f/a.md", "/memories/f/b.md")
    await restore(ada, "/memories/f", 1)
    assert await text_of(filesystem, "/memories/f/b.md") is None
    assert await memory_id_of(filesystem, "/memories/f/a.md") == identity


async def test_a_folder_can_take_the_place_of_a_file_and_back(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/memories/x", "a file\n")
    await delete(ada, "/memories/x")
    await create(ada, "/memories/x/y.md", "in a folder\n")
    await restore(ada, "/memories/x", 1)
    assert await text_of(filesystem, "/memories/x") == "a file\n"
    assert await text_of(filesystem, "/memories/x/y.md") is None
    await restore(ada, "/memories/x", 3)
    assert await text_of(filesystem, "/memories/x") is None
    assert await text_of(filesystem, "/memories/x/y.md") == "in a folder\n"


@pytest.mark.parametrize(
    ("path", "version", "code"),
    [
        (PATH, 0, "not_found"),
        (PATH, 9, "not_found"),
        (PATH, 10**30, "not_found"),
        (PATH, -2, "invalid_argument"),
        ("/memories/never.md", -1, "not_found"),
        ("/memories/never.md", 1, "not_found"),
        (PATH + "/", 1, "not_found"),
        ("/policies/p.md", 1, "read_only"),
        ("/memories/b.md", -1, "not_found"),
    ],
)
async def test_what_was_not_cannot_be_restored(
    filesystem: Filesystem, ada: Call, path: str, version: int, code: str
) -> None:
    await create(ada, PATH, "one\n")
    await create(ada, "/memories/c.md", "one\n")
    await rename(ada, "/memories/c.md", "/memories/b.md")
    with pytest.raises(Refusal) as refused:
        await restore(ada, path, version)
    assert refused.value.code == code
    assert await head_of(filesystem) == 3


async def test_what_came_by_a_rename_says_to_rename_it_back(ada: Call) -> None:
    await create(ada, PATH, "one\n")
    await rename(ada, PATH, "/memories/b.md")
    with pytest.raises(Refusal) as refused:
        await restore(ada, "/memories/b.md", -1)
    assert "It came there by a rename in version 2: rename it back." in refused.value.text


async def test_nothing_is_restored_below_a_file(ada: Call) -> None:
    await create(ada, "/memories/f/a.md", "one\n")
    await delete(ada, "/memories/f")
    await create(ada, "/memories/f", "a file now\n")
    with pytest.raises(Refusal) as refused:
        await restore(ada, "/memories/f/a.md", 1)
    assert refused.value.code == "invalid_path"


async def test_a_removed_content_cannot_be_restored() -> None:
    filesystem = world()
    ada = caller(filesystem, "s-ada")
    await create(ada, PATH, "one\n")
    entry = await filesystem.read(lambda s: s.tree("memories").entry("a.md"))
    await str_replace(ada, PATH, "one", "two")
    assert entry is not None
    assert entry.sha256
    filesystem.forget(entry.sha256)
    with pytest.raises(Refusal) as refused:
        await restore(ada, PATH, 1)
    assert refused.value.code == "not_allowed"


async def test_a_folder_before_its_latest_change_has_what_other_changes_brought(
    filesystem: Filesystem, ada: Call
) -> None:
    await create(ada, "/memories/f/a", "one\n")
    await create(ada, "/memories/f/b", "two\n")
    await create(ada, "/memories/f/a", "ONE\n", expected_version=1)
    await restore(ada, "/memories/f", -1)
    assert await text_of(filesystem, "/memories/f/a") == "one\n"
    assert await text_of(filesystem, "/memories/f/b") == "two\n"
