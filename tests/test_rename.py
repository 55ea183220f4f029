"""Files and folders move with their history, and never over or into anything."""

import pytest

from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Filesystem
from dreamfs_tools.mounts import MountOption, Mounts
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from writing_world import caller, head_of, history_of, memory_id_of, text_of, world

CODES = [
    ("/memories/f", "/memories/f/g", "invalid_path"),
    ("/memories/c.md", "/memories/c.md/d.md", "invalid_path"),
    ("/memories/f", "/memories/c.md/d", "invalid_path"),
    ("/memories/c.md", "/memories/new/", "invalid_path"),
    ("/memories/c.md/", "/memories/d.md", "not_found"),
    ("/memories/c.md", "/memories/c.md", "already_exists"),
    ("/memories/c.md", "/memories/f", "already_exists"),
    ("/memories/c.md", "/memories", "already_exists"),
    ("/memories/c.md", "/team/", "already_exists"),
    ("/memories", "/team/x", "not_allowed"),
    ("/memories/c.md", "/policies/c.md", "read_only"),
    ("/policies/c.md", "/memories/p.md", "read_only"),
    ("/", "/memories/x", "read_only"),
    ("/memories/c.md", "/nowhere/c.md", "not_found"),
    ("/memories/f", "/memories/" + "/".join("s" * 20), "invalid_path"),
]


@pytest.mark.parametrize(("old_path", "new_path", "code"), CODES)
async def test_what_cannot_be_renamed_is_refused_and_nothing_moves(
    filesystem: Filesystem, ada: Call, old_path: str, new_path: str, code: str
) -> None:
    await create(ada, "/memories/f/a.md", "one\n")
    await create(ada, "/memories/c.md", "two\n")
    with pytest.raises(Refusal) as refused:
        await rename(ada, old_path, new_path)
    assert refused.value.code == code
    assert await head_of(filesystem) == 2


async def test_a_folder_moves_whole_in_one_revision(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/memories/f/a.md", "one\n")
    await create(ada, "/memories/f/g/b.md", "two\n")
    await create(ada, "/memories/fx.md", "not in it\n")
    identity = await memory_id_of(filesystem, "/memories/f/g/b.md")
    await rename(ada, "/memories/f/", "/memories/h/i/")
    assert await text_of(filesystem, "/memories/h/i/g/b.md") == "two\n"
    assert await text_of(filesystem, "/memories/fx.md") == "not in it\n"
    assert await memory_id_of(filesystem, "/memories/h/i/g/b.md") == identity
    assert await history_of(filesystem, "/memories/f") == [
        (4, "renamed", "h/i/a.md"),
        (4, "renamed", "h/i/g/b.md"),
        (2, "created", "f/g/b.md"),
        (1, "created", "f/a.md"),
    ]


async def test_a_move_between_stores_is_one_revision_in_each_and_keeps_the_identity(
    filesystem: Filesystem, ada: Call
) -> None:
    await create(ada, "/memories/f/a.md", "one\n")
    identity = await memory_id_of(filesystem, "/memories/f/a.md")
    answer = await rename(ada, "/memories/f", "/team/f", message="for all of us")
    assert answer.text.split("\n")[0] == "Successfully renamed /memories/f to /team/f"
    assert await text_of(filesystem, "/memories/f/a.md") is None
    assert await text_of(filesystem, "/team/f/a.md") == "one\n"
    assert await memory_id_of(filesystem, "/team/f/a.md") == identity
    assert (await head_of(filesystem), await head_of(filesystem, "team")) == (2, 1)
    assert answer.data["version"] == 1


async def test_there_and_back_again_between_stores(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/memories/a.md", "one\n")
    identity = await memory_id_of(filesystem, "/memories/a.md")
    await rename(ada, "/memories/a.md", "/team/a.md")
    await rename(ada, "/team/a.md", "/memories/a.md")
    assert await memory_id_of(filesystem, "/memories/a.md") == identity


async def test_what_left_for_another_store_is_not_called_deleted(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, "/memories/a.md", "one\n")
    await rename(bob, "/memories/a.md", "/team/b.md")
    for attempt in (delete(ada, "/memories/a.md", expected_version=1), delete(ada, "/memories/a.md")):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert "It was moved to another store, /team/b.md, in version 2 by session s-bob" in refused.value.text


async def test_a_copy_restored_beside_a_file_that_left_is_another_memory(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/memories/a.md", "one\n")
    await rename(ada, "/memories/a.md", "/team/a.md")
    await restore(ada, "/memories/a.md", 1)
    assert await memory_id_of(filesystem, "/memories/a.md") != await memory_id_of(filesystem, "/team/a.md")


async def test_a_path_may_be_used_again_after_a_rename(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/memories/a.md", "one\n")
    await rename(ada, "/memories/a.md", "/memories/b.md")
    await create(ada, "/memories/a.md", "new\n")
    assert await memory_id_of(filesystem, "/memories/a.md") != await memory_id_of(filesystem, "/memories/b.md")


async def test_a_move_must_fit_the_limits_of_the_store_it_enters(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/memories/big.md", "x" * 11)
    await create(ada, "/small/1", "x")
    await create(ada, "/small/2", "x")
    with pytest.raises(Refusal) as refused:
        await rename(ada, "/memories/big.md", "/small/big.md")
    assert refused.value.code == "too_large"
    await create(ada, "/memories/little.md", "x")
    with pytest.raises(Refusal) as refused:
        await rename(ada, "/memories/little.md", "/small/little.md")
    assert refused.value.code == "limit"
    await rename(ada, "/small/1", "/small/3")
    assert await text_of(filesystem, "/small/3") == "x"


async def test_a_folder_whose_files_would_get_illegal_paths_stays(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/memories/f/" + "/".join("abcdefghij"), "deep\n")
    with pytest.raises(Refusal) as refused:
        await rename(ada, "/memories/f", "/memories/" + "/".join("klmnopqrstu"))
    assert refused.value.code == "invalid_path"
    assert await head_of(filesystem) == 1


async def test_one_store_under_two_names_is_one_store() -> None:
    filesystem = world()
    ada = Call(
        filesystem,
        Mounts([MountOption("mine", "memories"), MountOption("shown", "memories", access="ro")]),
        caller(filesystem, "s-ada").author,
    )
    await create(ada, "/mine/a.md", "one\n")
    with pytest.raises(Refusal) as refused:
        await rename(ada, "/shown/a.md", "/mine/b.md")
    assert refused.value.code == "read_only"
    assert "You may write below /mine." in refused.value.text


async def test_a_view_of_the_past_cannot_be_written_by_any_route() -> None:
    filesystem = world()
    await create(caller(filesystem, "s-1"), "/memories/a.md", "one\n")
    past = Call(filesystem, Mounts([MountOption("was", "memories", revision=1)]), caller(filesystem, "s-1").author)
    for attempt in (create(past, "/was/b.md", "x"), restore(past, "/was/a.md", 1), rename(past, "/was/a.md", "/was/b")):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code == "read_only"
