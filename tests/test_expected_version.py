"""A write happens only on the version it was made for, and a conflict says all that is needed to go on."""

import pytest

from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Filesystem
from dreamfs_tools.insert import insert
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.str_replace import str_replace
from writing_world import caller, head_of, history_of, text_of, world

PATH = "/memories/a.md"
TEN = "".join(f"line {n}\n" for n in range(1, 11))


async def test_create_replaces_exactly_the_version_sent(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, PATH, "one\n")
    answer = await create(ada, PATH, "two\n", expected_version=1)
    assert await text_of(filesystem, PATH) == "two\n"
    assert (answer.data["version"], answer.data["previous"]) == (2, 1)


async def test_zero_means_that_nothing_is_there(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, PATH, "one\n", expected_version=0)
    with pytest.raises(Refusal) as refused:
        await create(bob, PATH, "two\n", expected_version=0)
    assert refused.value.code == "conflict"
    assert refused.value.data["current"] == 1
    assert await text_of(filesystem, PATH) == "one\n"


async def test_without_a_version_an_edit_applies_to_what_is_there(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, PATH, TEN)
    await str_replace(ada, PATH, "line 1\n", "LINE 1\n")
    await str_replace(bob, PATH, "line 5\n", "LINE 5\n")
    text = await text_of(filesystem, PATH)
    assert text is not None
    assert "LINE 1\n" in text
    assert "LINE 5\n" in text


async def test_a_conflict_says_who_changed_what_and_whether_the_edit_still_applies(ada: Call, bob: Call) -> None:
    await create(ada, PATH, "one\ntwo\n")
    await str_replace(bob, PATH, "one", "ONE", message="shout")
    with pytest.raises(Refusal) as refused:
        await str_replace(ada, PATH, "two", "TWO", expected_version=1)
    data = refused.value.data
    assert (data["expected_version"], data["current"], data["still_applies"], data["merges"]) == (1, 2, True, False)
    assert data["changed_by"]["session_id"] == "s-bob"
    assert data["changed_by"]["message"] == "shout"
    assert "-one\n+ONE\n" in refused.value.text
    assert "repeat the call with expected_version=2" in refused.value.text


async def test_a_conflict_says_that_the_edit_would_not_apply_any_more(ada: Call, bob: Call) -> None:
    await create(ada, PATH, "one\n")
    await create(bob, PATH, "two\n", expected_version=1)
    with pytest.raises(Refusal) as refused:
        await str_replace(ada, PATH, "one", "three", expected_version=1)
    assert refused.value.code == "conflict"
    assert refused.value.data["still_applies"] is False
    assert "would not apply to version 2: its old_str is not there any more" in refused.value.text


async def test_a_conflict_changes_nothing(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, PATH, "one\n")
    await str_replace(bob, PATH, "one", "two")
    for attempt in (
        create(ada, PATH, "x\n", expected_version=1),
        insert(ada, PATH, 0, "x\n", expected_version=1),
        delete(ada, PATH, expected_version=1),
        rename(ada, PATH, "/memories/b.md", expected_version=1),
        restore(ada, PATH, 1, expected_version=1),
    ):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code == "conflict"
        assert refused.value.data["current"] == 2
    assert await text_of(filesystem, PATH) == "two\n"
    assert await head_of(filesystem) == 2


async def test_a_path_deleted_since_is_a_conflict_that_names_the_deleter(ada: Call, bob: Call) -> None:
    await create(ada, PATH, "one\n")
    await delete(bob, PATH, message="obsolete")
    for attempt in (
        str_replace(ada, PATH, "one", "two", expected_version=1),
        create(ada, PATH, "two\n", expected_version=1),
        rename(ada, PATH, "/memories/b.md", expected_version=1),
    ):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code == "conflict"
        assert refused.value.data["current"] == 0
        assert 'deleted in version 2 by session s-bob (user:ada) at 2026-11-22 12:00 UTC: "obsolete"' in (
            refused.value.text
        )


async def test_a_path_renamed_since_is_a_conflict_that_says_where_it_is(ada: Call, bob: Call) -> None:
    await create(ada, PATH, "one\n")
    await rename(bob, PATH, "/memories/b.md")
    with pytest.raises(Refusal) as refused:
        await str_replace(ada, PATH, "one", "two", expected_version=1)
    assert refused.value.code == "conflict"
    assert "It was renamed to /memories/b.md in version 2 by session s-bob" in refused.value.text


async def test_a_path_that_never_was_is_not_found_whatever_the_version(ada: Call) -> None:
    with pytest.raises(Refusal) as refused:
        await delete(ada, PATH, expected_version=3)
    assert refused.value.code == "not_found"


async def test_delete_and_create_again_does_not_bring_a_version_back(ada: Call, bob: Call) -> None:
    await create(ada, PATH, "one\n")
    await delete(bob, PATH)
    await create(bob, PATH, "one\n")
    with pytest.raises(Refusal) as refused:
        await str_replace(ada, PATH, "one", "two", expected_version=1)
    assert refused.value.data["current"] == 3


async def test_a_folder_has_the_version_of_the_last_change_below_it(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/memories/f/a.md", "one\n")
    await create(ada, "/memories/f/b.md", "two\n")
    await create(ada, "/memories/c.md", "three\n")
    with pytest.raises(Refusal) as refused:
        await delete(ada, "/memories/f", expected_version=1)
    assert refused.value.data["current"] == 2
    await delete(ada, "/memories/f", expected_version=2)
    assert await text_of(filesystem, "/memories/f/a.md") is None
    assert await head_of(filesystem) == 4


async def test_a_retried_create_is_already_applied(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, PATH, "one\n", expected_version=0)
    again = await create(ada, PATH, "one\n", expected_version=0)
    assert again.data["code"] == "already_applied"
    assert "already applied as version 1 by session s-ada" in again.text
    assert await head_of(filesystem) == 1


@pytest.mark.parametrize("tool", ["create", "str_replace", "insert", "delete", "rename", "restore"])
async def test_every_write_can_be_retried(filesystem: Filesystem, ada: Call, tool: str) -> None:
    await create(ada, PATH, "one\n")
    await create(ada, PATH, "one\ntwo\n", expected_version=1)
    attempts = {
        "create": lambda: create(ada, PATH, "three\n", expected_version=2),
        "str_replace": lambda: str_replace(ada, PATH, "two", "three", expected_version=2),
        "insert": lambda: insert(ada, PATH, -1, "three\n", expected_version=2),
        "delete": lambda: delete(ada, PATH, expected_version=2),
        "rename": lambda: rename(ada, PATH, "/memories/b.md", expected_version=2),
        "restore": lambda: restore(ada, PATH, -1, expected_version=2),
    }
    first = await attempts[tool]()
    second = await attempts[tool]()
    assert first.data["code"] == "ok"
    assert second.data["code"] == "already_applied"
    assert second.data["version"] == first.data["version"] == 3
    assert second.text.split("\n")[-1] == first.text.split("\n")[-1]
    assert await head_of(filesystem) == 3


async def test_a_retried_folder_delete_and_rename_are_already_applied(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/memories/f/a.md", "one\n")
    await create(ada, "/memories/f/g/b.md", "two\n")
    await rename(ada, "/memories/f", "/memories/h", expected_version=2)
    again = await rename(ada, "/memories/f", "/memories/h", expected_version=2)
    assert again.data["code"] == "already_applied"
    await delete(ada, "/memories/h", expected_version=3)
    again = await delete(ada, "/memories/h", expected_version=3)
    assert again.data["code"] == "already_applied"
    assert await head_of(filesystem) == 4


async def test_a_retried_move_between_stores_is_already_applied(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, "/team/x.md", "x\n")
    await create(ada, PATH, "one\n")
    await rename(ada, PATH, "/team/a.md", expected_version=1)
    again = await rename(ada, PATH, "/team/a.md", expected_version=1)
    assert again.data["code"] == "already_applied"
    assert (await head_of(filesystem), await head_of(filesystem, "team")) == (2, 2)


async def test_what_another_did_in_between_is_no_retry(ada: Call, bob: Call) -> None:
    await create(ada, PATH, "one\n")
    await create(bob, PATH, "two\n", expected_version=1)
    await create(bob, PATH, "three\n", expected_version=2)
    with pytest.raises(Refusal) as refused:
        await create(ada, PATH, "three\n", expected_version=1)
    assert refused.value.code == "conflict"


async def test_without_a_version_nothing_is_taken_for_a_retry(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, PATH, "one\n")
    await insert(ada, PATH, -1, "two\n")
    await insert(ada, PATH, -1, "two\n")
    assert await text_of(filesystem, PATH) == "one\ntwo\ntwo\n"


async def test_equal_content_makes_no_revision(filesystem: Filesystem, ada: Call) -> None:
    await create(ada, PATH, "one\n")
    for answer in (
        await create(ada, PATH, "one\n", expected_version=1),
        await str_replace(ada, PATH, "one", "one"),
        await restore(ada, PATH, 1),
    ):
        assert answer.data["code"] == "unchanged"
        assert "unchanged, version 1." in answer.text
    assert await head_of(filesystem) == 1


async def test_a_merge_keeps_both_changes(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, PATH, TEN)
    await str_replace(bob, PATH, "line 9\n", "LINE 9\n")
    answer = await str_replace(ada, PATH, "line 2\n", "LINE 2\n", expected_version=1, on_conflict="merge")
    assert answer.data["code"] == "merged"
    assert "merged with what changed meanwhile, last in version 2 by session s-bob" in answer.text
    assert await text_of(filesystem, PATH) == TEN.replace("line 9", "LINE 9").replace("line 2\n", "LINE 2\n")
    assert (await history_of(filesystem, PATH))[0] == (3, "merged", "a.md")


async def test_a_conflict_offers_the_merge_where_it_would_succeed(ada: Call, bob: Call) -> None:
    await create(ada, PATH, TEN)
    await str_replace(bob, PATH, "line 9\n", "LINE 9\n")
    with pytest.raises(Refusal) as refused:
        await create(ada, PATH, TEN.replace("line 2\n", "LINE 2\n"), expected_version=1)
    assert refused.value.data["merges"] is True
    assert 'on_conflict="merge"' in refused.value.text


async def test_touching_changes_are_not_merged(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, PATH, TEN)
    await str_replace(bob, PATH, "line 3\n", "LINE 3\n")
    with pytest.raises(Refusal) as refused:
        await str_replace(ada, PATH, "line 2\n", "LINE 2\n", expected_version=1, on_conflict="merge")
    assert refused.value.code == "conflict"
    assert "It was not merged: both changed version 1 at or next to lines 2-3." in refused.value.text
    assert await head_of(filesystem) == 2


async def test_the_same_change_made_twice_merges_to_no_revision(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, PATH, TEN)
    await str_replace(bob, PATH, "line 2\n", "LINE 2\n")
    await str_replace(bob, PATH, "line 9\n", "LINE 9\n")
    answer = await str_replace(ada, PATH, "line 2\n", "LINE 2\n", expected_version=1, on_conflict="merge")
    assert answer.data["code"] == "unchanged"
    assert await head_of(filesystem) == 3


async def test_a_lost_answer_to_a_merge_can_be_retried(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, PATH, TEN)
    await str_replace(bob, PATH, "line 9\n", "LINE 9\n")
    for code in ("merged", "unchanged"):
        answer = await insert(ada, PATH, 2, "x\n", expected_version=1, on_conflict="merge")
        assert answer.data["code"] == code
    assert await head_of(filesystem) == 3


async def test_a_removed_content_is_no_merge_base() -> None:
    filesystem = world()
    ada, bob = caller(filesystem, "s-ada"), caller(filesystem, "s-bob")
    await create(ada, PATH, TEN)
    entry = await filesystem.read(lambda s: s.tree("memories").entry("a.md"))
    await str_replace(bob, PATH, "line 9\n", "LINE 9\n")
    assert entry is not None
    assert entry.sha256
    filesystem.forget(entry.sha256)
    with pytest.raises(Refusal) as refused:
        await str_replace(ada, PATH, "line 2\n", "LINE 2\n", expected_version=1, on_conflict="merge")
    assert refused.value.code == "conflict"
    assert "[redacted]" in refused.value.text


async def test_a_merge_needs_the_version_it_starts_from(ada: Call) -> None:
    with pytest.raises(Refusal) as refused:
        await create(ada, PATH, "one\n", on_conflict="merge")
    assert refused.value.code == "invalid_argument"


@pytest.mark.parametrize("version", [-1, -(10**30)])
async def test_a_negative_expected_version_is_refused(ada: Call, version: int) -> None:
    with pytest.raises(Refusal) as refused:
        await create(ada, PATH, "one\n", expected_version=version)
    assert refused.value.code == "invalid_argument"


@pytest.mark.parametrize("version", [3, 10**30])
async def test_a_version_still_to_come_is_a_conflict(ada: Call, version: int) -> None:
    await create(ada, PATH, "one\n")
    with pytest.raises(Refusal) as refused:
        await create(ada, PATH, "two\n", expected_version=version)
    assert refused.value.code == "conflict"
    assert f"There is no version {version} of {PATH} yet" in refused.value.text


async def test_a_revision_that_left_the_file_alone_is_a_conflict_that_says_so(ada: Call) -> None:
    await create(ada, PATH, "one\n")
    await create(ada, "/memories/b.md", "one\n")
    with pytest.raises(Refusal) as refused:
        await create(ada, PATH, "two\n", expected_version=2)
    assert "did not change in version 2: the current version is 1 (1st change)" in refused.value.text


async def test_a_careful_store_takes_no_write_without_a_version(filesystem: Filesystem, ada: Call) -> None:
    path = "/careful/a.md"
    with pytest.raises(Refusal) as refused:
        await create(ada, path, "one\n")
    assert "For a new file, send expected_version=0." in refused.value.text
    await create(ada, path, "one\n", expected_version=0)
    for attempt in (str_replace(ada, path, "one", "two"), delete(ada, path), rename(ada, path, "/careful/b.md")):
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code == "invalid_argument"
        assert "expected_version=1" in refused.value.text
    await str_replace(ada, path, "one", "two", expected_version=1)
    assert await text_of(filesystem, path) == "two\n"


async def test_checks_come_in_their_order(filesystem: Filesystem, ada: Call) -> None:
    """Path, access, existence and version, content, limits: the first that fails is the one that is told."""
    await create(ada, "/small/a", "x")
    big, bad = "x" * 11, "\0" * 11
    steps = [
        (create(ada, "/policies/a//b", bad, expected_version=5), "invalid_path"),
        (create(ada, "/policies/a", bad, expected_version=5), "read_only"),
        (create(ada, "/small/a", bad), "already_exists"),
        (create(ada, "/small/a", bad, expected_version=5), "conflict"),
        (create(ada, "/small/a", bad, expected_version=1), "invalid_argument"),
        (create(ada, "/small/a", big, expected_version=1), "too_large"),
    ]
    for attempt, code in steps:
        with pytest.raises(Refusal) as refused:
            await attempt
        assert refused.value.code == code


async def test_an_edit_of_a_file_is_not_merged_into_another_that_was_written_in_its_place(
    filesystem: Filesystem, ada: Call, bob: Call
) -> None:
    await create(ada, PATH, TEN)
    await delete(bob, PATH)
    await create(bob, PATH, TEN.replace("line 9", "LINE 9"))
    with pytest.raises(Refusal) as refused:
        await str_replace(ada, PATH, "line 1\n", "LINE 1\n", expected_version=1, on_conflict="merge")
    assert (refused.value.code, refused.value.data["merges"]) == ("conflict", False)
