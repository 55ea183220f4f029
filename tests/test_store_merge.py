"""A merge brings a fork's changes back, file by file, and refuses what it cannot know."""

from dataclasses import replace
from typing import Any, cast

import pytest

from dreamfs_tools.call import Answer, Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Filesystem, Limits, Store
from dreamfs_tools.merging_stores import merge_stores
from dreamfs_tools.mounts import MountOption, Mounts
from dreamfs_tools.rename import rename
from dreamfs_tools.stores import StoreKeeper
from dreamfs_tools.str_replace import str_replace
from snapshot import assert_snapshot
from writing_world import head_of, history_of, memory_id_of, text_of

NOTE = "one\ntwo\nthree\nfour\nfive\n"


@pytest.fixture
async def forked(filesystem: Filesystem, ada: Call) -> Filesystem:
    """`memories` with three notes, and `fork`, which starts as it."""
    for path in ("a.md", "b.md", "f/c.md"):
        await create(ada, f"/memories/{path}", f"{path}\n{NOTE}")
    await cast("StoreKeeper", filesystem).fork_store("memories", Store("fork", "Fork"))
    return filesystem


async def edited(call: Call, path: str, old: str, new: str) -> None:
    await str_replace(call, path, old, new)


async def refused(call: Call, source: str, target: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await merge_stores(call, source, target)
    return caught.value


def done(answer: Answer) -> list[tuple[Any, Any]]:
    return [(change["operation"], change["path"]) for change in answer.data["changes"]]


async def test_what_only_the_fork_changed_is_taken_in_one_revision(forked: Filesystem, ada: Call, bob: Call) -> None:
    await edited(bob, "/fork/a.md", "two", "TWO")
    await delete(bob, "/fork/b.md")
    await rename(bob, "/fork/f/c.md", "/fork/c.md")
    await create(bob, "/fork/new.md", "new\n")
    answer = await merge_stores(ada, "fork", "/memories", "Tried and good")
    assert_snapshot("store_merge.txt", answer.text + "\n")
    assert await head_of(forked) == 4
    rows = [("merged", "a.md"), ("deleted", "b.md"), ("renamed", "c.md"), ("merged", "new.md")]
    assert sorted(await history_of(forked, "/memories"))[-4:] == sorted((4, *row) for row in rows)
    for path in ("a.md", "c.md", "new.md"):
        assert await text_of(forked, f"/memories/{path}") == await text_of(forked, f"/fork/{path}")
        assert await memory_id_of(forked, f"/memories/{path}") == await memory_id_of(forked, f"/fork/{path}")
    assert (await merge_stores(ada, "fork", "memories")).data["code"] == "unchanged"
    assert await head_of(forked) == 4


async def test_a_rename_on_one_side_meets_an_edit_on_the_other(forked: Filesystem, ada: Call) -> None:
    await rename(ada, "/fork/a.md", "/fork/moved/a.md")
    await edited(ada, "/memories/a.md", "two", "TWO")
    await edited(ada, "/fork/b.md", "two", "TWO")
    await rename(ada, "/memories/b.md", "/memories/moved/b.md")
    await rename(ada, "/fork/f/c.md", "/fork/f/d.md")
    await edited(ada, "/fork/f/d.md", "one", "ONE")
    await edited(ada, "/memories/f/c.md", "five", "FIVE")
    answer = await merge_stores(ada, "fork", "memories")
    assert done(answer) == [("renamed", "moved/a.md"), ("merged", "f/d.md"), ("merged", "moved/b.md")]
    assert "TWO" in (await text_of(forked, "/memories/moved/a.md") or "")
    assert "TWO" in (await text_of(forked, "/memories/moved/b.md") or "")
    assert await text_of(forked, "/memories/f/d.md") == "f/c.md\nONE\ntwo\nthree\nfour\nFIVE\n"


async def test_texts_that_both_changed_are_merged_and_said_to_be(forked: Filesystem, ada: Call) -> None:
    await edited(ada, "/fork/a.md", "one", "ONE")
    await edited(ada, "/memories/a.md", "five", "FIVE")
    answer = await merge_stores(ada, "fork", "memories")
    assert done(answer) == [("merged", "a.md")]
    assert await text_of(forked, "/memories/a.md") == "a.md\nONE\ntwo\nthree\nfour\nFIVE\n"
    assert (await history_of(forked, "/memories/a.md"))[0] == (5, "merged", "a.md")


async def test_a_change_that_is_there_already_makes_no_revision(forked: Filesystem, ada: Call) -> None:
    await edited(ada, "/fork/a.md", "one", "ONE")
    await edited(ada, "/memories/a.md", "one", "ONE")
    await edited(ada, "/memories/a.md", "five", "FIVE")
    before = await head_of(forked)
    assert (await merge_stores(ada, "fork", "memories")).data["code"] == "unchanged"
    assert await head_of(forked) == before


async def test_files_that_changed_places_change_places(forked: Filesystem, ada: Call) -> None:
    ids = [await memory_id_of(forked, f"/memories/{path}") for path in ("a.md", "b.md")]
    for old, new in (("a.md", "x"), ("b.md", "a.md"), ("x", "b.md")):
        await rename(ada, f"/fork/{old}", f"/fork/{new}")
    await edited(ada, "/memories/a.md", "one", "ONE")
    await merge_stores(ada, "fork", "memories")
    assert [await memory_id_of(forked, f"/memories/{path}") for path in ("b.md", "a.md")] == ids
    assert await text_of(forked, "/memories/b.md") == f"a.md\n{NOTE}".replace("one", "ONE")


async def test_what_overlaps_is_shown_and_nothing_is_changed(forked: Filesystem, ada: Call) -> None:
    await edited(ada, "/fork/a.md", "two", "fork's two\nand more")
    await edited(ada, "/memories/a.md", "two\nthree", "TWO")
    await delete(ada, "/fork/b.md")
    await edited(ada, "/memories/b.md", "one", "ONE")
    await rename(ada, "/fork/f/c.md", "/fork/f/d.md")
    await rename(ada, "/memories/f/c.md", "/memories/f/e.md")
    await create(ada, "/fork/new.md", "one\n")
    await create(ada, "/memories/new.md", "another\n")
    await create(ada, "/fork/same.md", "same\n")
    await create(ada, "/memories/same.md", "same\n")
    await create(ada, "/fork/fine.md", "fine\n")
    before = await head_of(forked)
    refusal = await refused(ada, "fork", "memories")
    assert_snapshot("store_merge_refused.txt", refusal.text + "\n")
    assert refusal.data["paths"] == ["a.md", "b.md", "f/c.md", "new.md"]
    assert await head_of(forked) == before
    assert (await refused(ada, "memories", "fork")).code == "conflict"


async def test_a_deletion_meets_an_edit_in_no_direction(forked: Filesystem, ada: Call) -> None:
    await delete(ada, "/memories/a.md")
    await edited(ada, "/fork/a.md", "one", "ONE")
    assert "- a.md: it was changed in /fork and deleted in /memories" in (await refused(ada, "fork", "memories")).text
    assert "- a.md: it was deleted in /memories and changed in /fork" in (await refused(ada, "memories", "fork")).text
    await delete(ada, "/fork/a.md")
    assert (await merge_stores(ada, "fork", "memories")).data["code"] == "unchanged"


async def test_no_file_comes_below_another(forked: Filesystem, ada: Call) -> None:
    await create(ada, "/fork/n/m.md", "one\n")
    await create(ada, "/memories/n", "one\n")
    assert "- n/m.md: it would lie below the file n" in (await refused(ada, "fork", "memories")).text


async def test_the_next_merge_begins_where_the_last_one_ended(forked: Filesystem, ada: Call) -> None:
    await edited(ada, "/fork/a.md", "one", "ONE")
    await create(ada, "/fork/new.md", f"new\n{NOTE}")
    await merge_stores(ada, "fork", "memories")
    await edited(ada, "/fork/a.md", "ONE", "1")
    await edited(ada, "/fork/new.md", "two", "TWO")
    await rename(ada, "/memories/new.md", "/memories/newer.md")
    answer = await merge_stores(ada, "fork", "memories")
    assert done(answer) == [("merged", "a.md"), ("merged", "newer.md")]
    back = await merge_stores(ada, "memories", "fork")
    assert done(back) == [("renamed", "newer.md")]
    assert (await merge_stores(ada, "fork", "memories")).data["code"] == "unchanged"
    await edited(ada, "/memories/a.md", "1", "one again")
    assert done(await merge_stores(ada, "memories", "fork")) == [("merged", "a.md")]


async def test_two_forks_of_one_store_can_be_merged(forked: Filesystem, ada: Call) -> None:
    await edited(ada, "/memories/a.md", "one", "ONE")
    await cast("StoreKeeper", forked).fork_store("memories", Store("later", "Later"))
    await edited(ada, "/later/b.md", "five", "FIVE")
    await edited(ada, "/fork/b.md", "one", "ONE")
    assert done(await merge_stores(ada, "later", "fork")) == [("merged", "a.md"), ("merged", "b.md")]


@pytest.mark.parametrize(
    ("source", "target", "code", "sentence"),
    [
        ("fork", "fork", "invalid_argument", "/fork and /fork are the same store."),
        ("team", "memories", "invalid_argument", "/team and /memories have no common beginning"),
        ("nope", "memories", "not_found", "There is no mount /nope"),
        ("memories", "policies", "read_only", "The mount /policies is read-only."),
        ("fork", "memories/f", "invalid_argument", "Whole stores are merged"),
        ("fork", "", "read_only", "The path / is the list of mounts"),
    ],
)
async def test_what_cannot_be_merged_is_refused(
    forked: Filesystem, ada: Call, source: str, target: str, code: str, sentence: str
) -> None:
    refusal = await refused(ada, source, target)
    assert (refusal.code, sentence in refusal.sentence) == (code, True)


async def test_a_mount_that_is_read_only_or_shows_the_past_is_not_written_by_a_merge(
    forked: Filesystem, ada: Call
) -> None:
    await create(ada, "/fork/new.md", "one\n")
    for option in (MountOption("m", "memories", access="ro"), MountOption("m", "memories", 2)):
        call = replace(ada, mounts=Mounts([option, MountOption("fork", "fork")]))
        assert (await refused(call, "fork", "m")).code == "read_only"
    past = replace(ada, mounts=Mounts([MountOption("memories", "memories"), MountOption("fork", "fork", 3)]))
    assert "/fork shows the past" in (await refused(past, "fork", "memories")).sentence


async def test_a_merge_keeps_the_rules_of_the_store_that_takes_it_in(forked: Filesystem, ada: Call) -> None:
    lax = Store("lax", "Lax", secrets="allow", limits=Limits(content_bytes=200_000))
    await cast("StoreKeeper", forked).fork_store("memories", lax)
    await create(ada, "/lax/big.md", "x" * 102_400)
    await merge_stores(ada, "lax", "memories")
    before = await head_of(forked)
    await create(ada, "/lax/bigger.md", "x" * 102_401)
    assert "/memories/bigger.md would have 102,401 bytes" in (await refused(ada, "lax", "memories")).sentence
    await delete(ada, "/lax/bigger.md")
    await create(ada, "/lax/key.md", "AKIA" + "Q3EGRZ7WLN5YHTUX\n")
    assert (await refused(ada, "lax", "memories")).code == "secret"
    assert await head_of(forked) == before


async def test_a_dry_run_says_what_would_be_done_and_does_nothing(forked: Filesystem, ada: Call) -> None:
    await edited(ada, "/fork/a.md", "one", "ONE")
    before = await head_of(forked)
    answer = await merge_stores(ada, "fork", "memories", dry_run=True)
    assert answer.text.startswith("Merging /fork (version 4) into /memories would change 1 file: 1 merged.\n")
    assert (answer.data["code"], await head_of(forked)) == ("planned", before)
    assert (await merge_stores(ada, "fork", "memories")).data["changes"] == answer.data["changes"]


async def test_what_a_fork_undid_of_a_merge_that_it_began_with_stays_undone(forked: Filesystem, ada: Call) -> None:
    await edited(ada, "/fork/a.md", "one", "ONE")
    await merge_stores(ada, "fork", "memories")
    await cast("StoreKeeper", forked).fork_store("memories", Store("later", "Later"))
    await edited(ada, "/later/a.md", "ONE", "one")
    assert (await merge_stores(ada, "fork", "later")).data["code"] == "unchanged"
    assert await text_of(forked, "/later/a.md") == f"a.md\n{NOTE}"


async def test_a_fork_of_a_fork_before_that_ones_beginning_lacks_what_came_between(
    forked: Filesystem, ada: Call
) -> None:
    await cast("StoreKeeper", forked).fork_store("fork", Store("older", "Older"), 2)
    assert done(await merge_stores(ada, "memories", "older")) == [("merged", "f/c.md")]


async def test_a_merge_is_recorded_once_and_only_where_it_brings_news(forked: Filesystem, ada: Call) -> None:
    async def recorded() -> int:
        return len(await forked.read(lambda snapshot: snapshot.merges("memories")))

    assert (await merge_stores(ada, "fork", "memories")).data["code"] == "unchanged"
    assert await recorded() == 0
    await edited(ada, "/fork/a.md", "one", "ONE")
    await merge_stores(ada, "fork", "memories")
    await merge_stores(ada, "fork", "memories")
    assert await recorded() == 1


async def test_what_both_wrote_alike_is_merged_though_nothing_changes(forked: Filesystem, ada: Call) -> None:
    for store in ("fork", "memories"):
        await edited(ada, f"/{store}/a.md", "one", "ONE")
    assert (await merge_stores(ada, "fork", "memories")).data["code"] == "unchanged"
    await edited(ada, "/memories/a.md", "ONE", "1")
    assert (await merge_stores(ada, "fork", "memories")).data["code"] == "unchanged"
    assert await text_of(forked, "/memories/a.md") == f"a.md\n{NOTE}".replace("one", "1")


async def test_a_store_that_masks_secrets_masks_those_that_a_merge_brings(forked: Filesystem, ada: Call) -> None:
    for name, secrets in (("lax", "allow"), ("veiled", "mask")):
        store = Store(name, name, secrets=cast("Any", secrets))
        await cast("StoreKeeper", forked).fork_store("memories", store)
    key = "AKIA" + "Q3EGRZ7WLN5YHTUX"
    await create(ada, "/lax/key.md", f"the key is {key}\n")
    await merge_stores(ada, "lax", "veiled")
    text = await text_of(forked, "/veiled/key.md")
    assert text is not None
    assert "the key is " in text
    assert key not in text


async def test_common_states_that_come_to_different_texts_are_refused(forked: Filesystem, ada: Call) -> None:
    await edited(ada, "/memories/a.md", "one", "ONE")
    await edited(ada, "/fork/b.md", "one", "ONE")
    for base, copy, target in (("memories", "ours", "fork"), ("fork", "theirs", "memories")):
        await cast("StoreKeeper", forked).fork_store(base, Store(copy, copy), 4)
        await merge_stores(ada, copy, target)
    await edited(ada, "/fork/a.md", "ONE", "one")
    await edited(ada, "/fork/a.md", "five", "FIVE")
    before = await head_of(forked)
    refusal = await refused(ada, "fork", "memories")
    assert refusal.code == "conflict"
    assert "both have /fork at version 4 and /memories at version 4 in them" in refusal.sentence
    assert "these do not agree about a.md." in refusal.sentence
    assert await head_of(forked) == before
