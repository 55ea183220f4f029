"""Which stores a server shows, and what a caller may do there."""

from dataclasses import replace

import pytest

from dreamfs_tools.create import create
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Access, Put, Snapshot, Store
from dreamfs_tools.history import history
from dreamfs_tools.mounts import MountOption, Mounts, Place, mounts_after, tree_of
from dreamfs_tools.provenance import deleted_name
from dreamfs_tools.rename import rename
from dreamfs_tools.view import view
from memory_filesystem import MemoryFilesystem
from reading_world import write
from writing_world import caller, noon

STORES = [
    Store("memories", "Memories"),
    Store("old", "Old", archived_at=noon()),
    Store("policies", "Policies", access="ro"),
]


async def resolved(mounts: Mounts, path: str, *, to_write: bool = False) -> Place:
    filesystem = MemoryFilesystem(STORES)
    await write(filesystem, "s", "", Put("memories", "a.md", "one\n", "created"))
    await write(filesystem, "s", "", Put("memories", "a.md", "two\n", "modified"))
    find = mounts.writable_place if to_write else mounts.resolve
    return await filesystem.read(lambda snapshot: find(snapshot, path))


async def refused(mounts: Mounts, path: str, *, to_write: bool = False) -> str:
    with pytest.raises(Refusal) as caught:
        await resolved(mounts, path, to_write=to_write)
    return caught.value.text


def past(revision: int) -> Mounts:
    return Mounts([MountOption("then", "memories", revision), MountOption("notes", "memories")])


async def test_without_options_every_store_is_mounted_under_its_slug() -> None:
    table = await MemoryFilesystem(STORES).read(Mounts().table)
    assert [(mount.name, mount.access, mount.writable) for mount in table.values()] == [
        ("memories", "rw", True),
        ("old", "rw", False),
        ("policies", "ro", False),
    ]


async def test_options_choose_names_and_access_and_are_shown_by_name() -> None:
    options = [MountOption("b", "memories", access="ro"), MountOption("a", "policies", access="rw")]
    table = await MemoryFilesystem(STORES).read(Mounts(options).table)
    assert [(mount.name, mount.access) for mount in table.values()] == [("a", "rw"), ("b", "ro")]


async def test_virtual_trees_come_last_and_only_beside_a_store_that_can_be_written() -> None:
    show = frozenset({"transcripts", "dreams"})
    filesystem = MemoryFilesystem(STORES)
    assert list(await filesystem.read(Mounts(show=show).table))[-2:] == ["transcripts", "dreams"]
    assert list(await filesystem.read(Mounts([MountOption("p", "policies")], show).table)) == ["p"]


async def test_a_path_is_a_mount_and_a_path_in_its_store() -> None:
    place = await resolved(Mounts([MountOption("notes", "memories")]), "/notes/a/b.md")
    assert (place.store, place.path, place.shown, place.is_folder) == ("memories", "a/b.md", "/notes/a/b.md", False)
    root = await resolved(Mounts(), "/memories/")
    assert (root.store, root.path, root.shown, root.is_folder) == ("memories", "", "/memories", True)
    assert (await resolved(Mounts(), "/")).mount is None


async def test_an_unknown_mount_names_the_mounts() -> None:
    assert await refused(Mounts(), "/memories_x/a") == (
        "The path /memories_x/a does not exist. Please provide a valid path. "
        "There is no mount /memories_x; the mounts are: /memories, /old, /policies.\n[refused: not_found]"
    )
    assert "the mounts are: none." in await refused(Mounts([]), "/memories")


@pytest.mark.parametrize(
    ("mounts", "path", "sentence"),
    [
        (Mounts(), "/policies/a", "The mount /policies is read-only. You may write below /memories."),
        (
            Mounts(),
            "/old/a",
            "The store /old is archived: it can be read, not written. You may write below /memories.",
        ),
        (
            Mounts(),
            "/",
            "The path / is the list of mounts and holds no files of its own. You may write below /memories.",
        ),
        (
            past(1),
            "/then/a",
            "The mount /then shows the past (version 1) and is read-only. You may write below /notes.",
        ),
        (
            Mounts([MountOption("memories", "memories", access="ro")]),
            "/memories/a",
            "The mount /memories is read-only. No mount here can be written.",
        ),
    ],
)
async def test_where_nothing_can_be_written_the_refusal_says_where_it_can(
    mounts: Mounts, path: str, sentence: str
) -> None:
    assert await refused(mounts, path, to_write=True) == f"{sentence}\n[refused: read_only]"


async def test_a_writable_place_is_given() -> None:
    assert (await resolved(Mounts(), "/memories/new.md", to_write=True)).path == "new.md"


@pytest.mark.parametrize(
    ("mounts", "sentence"),
    [
        (
            Mounts([MountOption("x", "nothing")]),
            "There is no store nothing; `dreamfs store list` shows the stores there are.",
        ),
        (
            Mounts([MountOption("x", "old", access="rw")]),
            "The store old is archived: it can be read, not written. Leave out :rw, or fork it and mount the fork.",
        ),
        (
            past(3),
            (
                "The mount /then cannot show version 3: the newest of the store memories is 2. "
                "Name one up to that, or leave out @3 to show the store as it is now."
            ),
        ),
    ],
)
async def test_an_unknown_store_a_version_not_yet_made_and_writes_to_an_archived_store_cannot_be_mounted(
    mounts: Mounts, sentence: str
) -> None:
    filesystem = MemoryFilesystem(STORES)
    for text in ("one\n", "two\n"):
        await write(filesystem, "s", "", Put("memories", "a.md", text, "modified"))
    with pytest.raises(Refusal) as caught:
        await filesystem.read(mounts.check)
    code = "read_only" if "archived" in sentence else "not_found"
    assert caught.value.text == f"{sentence}\n[refused: {code}]"


async def test_a_store_deleted_while_it_is_served_takes_only_its_own_mount_along() -> None:
    mounts = Mounts(
        [MountOption("gone", "nothing"), MountOption("later", "memories", 3), MountOption("notes", "memories")]
    )
    assert (await resolved(mounts, "/notes/a.md")).path == "a.md"
    assert "There is no mount /gone; the mounts are: /notes." in await refused(mounts, "/gone/a.md")


async def test_a_mount_of_the_past_shows_that_revision_and_nothing_later() -> None:
    filesystem = MemoryFilesystem(STORES)
    await write(filesystem, "s", "", Put("memories", "a.md", "one\n", "created"))
    await write(filesystem, "s", "", Put("memories", "a.md", "two\n", "modified"))

    def texts(snapshot: Snapshot) -> list[str | None]:
        mount = Mounts([MountOption("then", "memories", 1)]).table(snapshot)["then"]
        trees = [tree_of(snapshot, mount, at) for at in (None, 1, 0)]
        return [tree.text(entry) if (entry := tree.entry("a.md")) else None for tree in trees]

    assert await filesystem.read(texts) == ["one\n", "one\n", None]
    with pytest.raises(Refusal, match="There is no version 2 yet; the newest in /then is 1"):
        await filesystem.read(lambda snapshot: tree_of(snapshot, past(1).table(snapshot)["then"], 2))


async def test_a_page_over_all_mounts_goes_on_where_it_ended() -> None:
    table = await MemoryFilesystem(STORES).read(Mounts().table)
    names = [[mount.name for mount in mounts_after(table, at)] for at in ([], ["old", "x"], ["gone", "x"])]
    assert names == [["memories", "old", "policies"], ["old", "policies"], ["memories", "old", "policies"]]


async def test_an_answer_names_no_path_of_a_store_that_the_caller_does_not_see() -> None:
    filesystem = MemoryFilesystem([Store("memories", "Memories"), Store("secret", "Secret")])
    everywhere = caller(filesystem, "s-1")
    await create(everywhere, "/secret/merger.md", "one\n")
    await rename(everywhere, "/secret/merger.md", "/memories/a.md")
    await create(everywhere, "/memories/b.md", "one\n")
    await rename(everywhere, "/memories/b.md", "/secret/layoffs.md")
    # The second mount has the name of the store that is hidden, and shows another one.
    options = [MountOption("memories", "memories"), MountOption("secret", "memories")]
    call = replace(everywhere, mounts=Mounts(options))
    came = (await history(call, "/memories/a.md")).text
    assert "renamed from a store that is not mounted here to /memories/a.md" in came
    with pytest.raises(Refusal) as left:
        await view(call, "/memories/b.md")
    assert "It was moved to a store that is not mounted here, in version 3 by" in left.value.text
    as_document = (await history(call, "/memories/a.md", format="json")).text
    assert "merger" not in came + as_document
    assert "layoffs" not in left.value.text
    assert "renamed /secret/merger.md to /memories/a.md" in (await history(everywhere, "/memories/a.md")).text


async def test_where_a_file_went_is_said_by_the_name_of_its_mount() -> None:
    filesystem = MemoryFilesystem([Store("memories", "Memories"), Store("team", "Team")])
    everywhere = caller(filesystem, "s-1")
    await create(everywhere, "/memories/a.md", "one\n")
    await rename(everywhere, "/memories/a.md", "/team/b.md")
    call = replace(everywhere, mounts=Mounts([MountOption("memories", "memories"), MountOption("ours", "team")]))
    with pytest.raises(Refusal) as left:
        await view(call, "/memories/a.md")
    assert "It was moved to another store, /ours/b.md, in version 2 by" in left.value.text


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ([("a", 1, "ro"), ("b", None, "ro"), ("c", None, "rw")], "another store, /c/b.md, in version"),
        ([("a", 1, "ro"), ("b", None, "ro")], "another store, /b/b.md, read-only here, in version"),
        ([("a", 1, "ro")], "a store that is mounted here only as it was, as /a, in version"),
    ],
)
async def test_where_a_file_went_is_a_mount_that_has_it_and_can_be_written_if_there_is_one(
    options: list[tuple[str, int | None, Access]], where: str
) -> None:
    filesystem = MemoryFilesystem([Store("memories", "Memories"), Store("team", "Team")])
    everywhere = caller(filesystem, "s-1")
    await create(everywhere, "/team/first.md", "one\n")
    await create(everywhere, "/memories/a.md", "one\n")
    await rename(everywhere, "/memories/a.md", "/team/b.md")
    team = [MountOption(name, "team", revision, access) for name, revision, access in options]
    call = replace(everywhere, mounts=Mounts([MountOption("memories", "memories"), *team]))
    with pytest.raises(Refusal) as left:
        await view(call, "/memories/a.md")
    assert f"It was moved to {where}" in left.value.text


async def test_a_deleted_store_is_looked_into_only_by_who_would_see_it() -> None:
    slugs = ["plain", "projects"]
    filesystem = MemoryFilesystem([Store("memories", "Memories"), Store("plain", "Plain")])
    await filesystem.create_store(Store("projects", "Projects", project="other"))
    for slug in slugs:
        await filesystem.delete_store(slug)

    async def shown(mounts: Mounts) -> list[str | None]:
        names = [deleted_name(slug, number) for number, slug in enumerate(slugs, 1)]
        found = await filesystem.read(lambda snapshot: [mounts.lineage_mount(snapshot, name) for name in names])
        return [mount.name if mount else None for mount in found]

    assert await shown(Mounts()) == ["plain", "projects"]
    assert await shown(Mounts(project="")) == ["plain", None]
    assert await shown(Mounts([MountOption("memories", "memories")])) == [None, None]
    await filesystem.create_store(Store("plain", "Another"))
    assert await shown(Mounts()) == [deleted_name("plain", 1), "projects"]


async def test_there_is_no_version_before_the_beginning() -> None:
    place = await resolved(Mounts(), "/memories/a.md")
    mount = place.mount
    assert mount is not None
    with pytest.raises(Refusal) as caught:
        await MemoryFilesystem(STORES).read(lambda snapshot: tree_of(snapshot, mount, -1))
    assert "There is no version -1." in caught.value.sentence
