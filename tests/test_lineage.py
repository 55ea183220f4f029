"""Who wrote a line, what a session did and how to take it back: across forks, store merges, moves and deleted stores."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from dreamfs_server.sqlite import schema
from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.annotation import annotate
from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import ChangeFilter, Filesystem, Store
from dreamfs_tools.history import history, log
from dreamfs_tools.insert import insert
from dreamfs_tools.merging_stores import merge_stores
from dreamfs_tools.mounts import MountOption, Mounts
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.revert import revert
from dreamfs_tools.selection import Selection
from dreamfs_tools.stores import StoreKeeper
from dreamfs_tools.str_replace import str_replace
from dreamfs_tools.view import view
from writing_world import caller, head_of, history_of, memory_id_of, noon, text_of

A, NOTE = "/memories/a.md", "one\ntwo\nthree\nfour\nfive\n"


def keeper(filesystem: Filesystem) -> StoreKeeper:
    return cast("StoreKeeper", filesystem)


async def fork(filesystem: Filesystem, slug: str, base: str = "memories") -> None:
    await keeper(filesystem).fork_store(base, Store(slug, slug))


@pytest.fixture
async def forked(filesystem: Filesystem, ada: Call) -> Filesystem:
    """`memories` with a note of five lines, and its fork `lab`."""
    await create(ada, A, NOTE)
    await fork(filesystem, "lab")
    return filesystem


async def writers(call: Call, path: str, version: int | None = None) -> list[str]:
    """Who wrote each line, as `store@version session`."""
    found = await annotate(call, path, version)
    return [f"{row['store']}@{row['version']} {row['session_id']}" for row in found.shapes()]


async def rows(call: Call, path: str, **which: Any) -> list[str]:
    merged = which.pop("merged", None)
    page = await log(call, path, ChangeFilter(**which), 100, "", "json", merged=merged)
    return [row_words(row) for row in json.loads(page.text)["revisions"]]


def row_words(row: dict[str, Any]) -> str:
    into = "".join(f" into {merge['store']}@{merge['version']}" for merge in row.get("merged_into", ()))
    came = f" from {row['merged_from']}@{row['merged_from_version']}" if "merged_from" in row else ""
    return f"{row['version']} {row['operation']} {row['path']}{came}{into}"


async def test_lines_that_a_merge_brought_are_those_of_who_wrote_them_in_the_fork(
    forked: Filesystem, ada: Call, bob: Call
) -> None:
    await str_replace(bob, "/lab/a.md", "two", "TWO")
    await rename(bob, "/lab/a.md", "/lab/b.md")
    await insert(caller(forked, "s-cay"), "/lab/b.md", -1, "six")
    await str_replace(ada, A, "four", "FOUR")
    await merge_stores(caller(forked, "s-merge"), "lab", "memories")
    expected = [
        "/memories@1 s-ada",
        "/lab@2 s-bob",
        "/memories@1 s-ada",
        "/memories@2 s-ada",
        "/memories@1 s-ada",
        "/lab@4 s-cay",
    ]
    assert await writers(ada, "/memories/b.md") == expected
    for change in (keeper(forked).archive_store, keeper(forked).delete_store):
        await change("lab")
        assert await writers(ada, "/memories/b.md") == expected
    assert (await rows(ada, "/memories/b.md"))[0] == "3 merged /memories/b.md from /lab@4"
    text = (await view(ada, "/memories/b.md", annotate=True)).text
    assert "     2\tlab@2\tTWO\n" in text
    assert "\nlab@2 (/lab/a.md): session s-bob (user:ada) at" in text


async def test_another_store_of_a_deleted_ones_name_is_not_taken_for_it(
    forked: Filesystem, ada: Call, bob: Call
) -> None:
    await str_replace(bob, "/lab/a.md", "two", "TWO")
    await merge_stores(ada, "lab", "memories")
    await keeper(forked).delete_store("lab")
    await keeper(forked).create_store(Store("lab", "Another"))
    await create(ada, "/lab/a.md", "nothing to do with it\n")
    (_, found, *_) = await writers(ada, A)
    assert found.startswith("/lab~")
    assert found.endswith("@2 s-bob")


async def test_lines_are_followed_through_a_chain_of_forks_and_merges_to_and_fro(
    forked: Filesystem, ada: Call, bob: Call
) -> None:
    await fork(forked, "cellar", "lab")
    await str_replace(bob, "/cellar/a.md", "one", "ONE")
    await merge_stores(ada, "cellar", "lab")
    await str_replace(bob, "/lab/a.md", "five", "FIVE")
    await str_replace(ada, A, "three", "THREE")
    await merge_stores(ada, "memories", "lab")
    await merge_stores(ada, "lab", "memories")
    await merge_stores(ada, "memories", "cellar")
    expected = ["/cellar@2 s-bob", "/memories@1 s-ada", "/memories@2 s-ada", "/memories@1 s-ada", "/lab@3 s-bob"]
    assert await writers(ada, A) == expected
    assert await writers(ada, "/cellar/a.md") == [
        "/cellar@2 s-bob",
        "/cellar@1 s-ada",
        "/memories@2 s-ada",
        "/cellar@1 s-ada",
        "/lab@3 s-bob",
    ]
    for slug in ("lab", "cellar"):
        await keeper(forked).delete_store(slug)
    assert await writers(ada, A) == expected


async def test_a_file_moved_between_stores_keeps_its_writers_and_comes_home_with_them(
    forked: Filesystem, ada: Call, bob: Call
) -> None:
    await rename(bob, A, "/team/b.md")
    await str_replace(bob, "/team/b.md", "two", "TWO")
    assert (await writers(ada, "/team/b.md"))[:2] == ["/memories@1 s-ada", "/team@2 s-bob"]
    await rename(ada, "/team/b.md", "/memories/c.md")
    assert (await writers(ada, "/memories/c.md"))[:2] == ["/memories@1 s-ada", "/team@2 s-bob"]
    assert sorted(await rows(ada, "/memories/c.md")) == [
        "1 created /memories/a.md",
        "1 renamed /team/b.md",
        "2 deleted /memories/a.md",
        "2 modified /team/b.md",
        "3 renamed /memories/c.md",
    ]


async def test_what_is_restored_or_taken_back_has_the_writers_that_it_had(
    forked: Filesystem, ada: Call, bob: Call
) -> None:
    await str_replace(bob, A, "two\n", "")
    await str_replace(ada, A, "five", "FIVE")
    await revert(caller(forked, "s-cay"), Selection(session="s-bob"))
    assert (await writers(ada, A))[1:] == ["/memories@1 s-ada"] * 3 + ["/memories@3 s-ada"]
    await restore(bob, A, 2)
    await delete(bob, A)
    await create(bob, A, "another\n")
    await restore(bob, "/memories/a.md", 1)
    assert await writers(ada, A) == ["/memories@1 s-ada"] * 5


async def test_what_both_sides_wrote_belongs_to_who_wrote_it_first(forked: Filesystem, ada: Call, bob: Call) -> None:
    await str_replace(ada, A, "two", "TWO")
    await str_replace(bob, "/lab/a.md", "two", "TWO")
    await str_replace(bob, "/lab/a.md", "five", "FIVE")
    await merge_stores(ada, "lab", "memories")
    assert (await writers(ada, A))[1::3] == ["/memories@2 s-ada", "/lab@3 s-bob"]


async def test_what_is_in_a_store_that_is_not_mounted_is_put_down_to_the_merge(
    forked: Filesystem, ada: Call, bob: Call
) -> None:
    await str_replace(bob, "/lab/a.md", "two", "TWO")
    await create(bob, "/lab/new.md", "new\n")
    await merge_stores(ada, "lab", "memories")
    narrow = replace(ada, mounts=Mounts([MountOption("memories", "memories")]))
    early = replace(ada, mounts=Mounts([MountOption("memories", "memories"), MountOption("lab", "lab", 1)]))
    for call in (narrow, early):
        assert (await writers(call, A))[1] == "/memories@2 s-ada"
        assert await rows(call, "/memories", session="s-bob") == []
        assert "from a store that is not mounted here" in (await history(call, A)).text
        assert "lab" not in (await view(call, A, annotate=True)).text.replace("Merge /lab at version 3", "")
        with pytest.raises(Refusal, match="No change fits"):
            await revert(call, Selection("/memories", session="s-bob"))


async def test_a_log_shows_what_merges_brought_where_it_is_asked_for(forked: Filesystem, ada: Call, bob: Call) -> None:
    await str_replace(bob, "/lab/a.md", "two", "TWO")
    await delete(ada, "/lab/a.md")
    await merge_stores(ada, "lab", "memories")
    merge = "2 deleted /memories/a.md from /lab@3"
    assert await rows(ada, "/memories") == [merge, "1 created /memories/a.md"]
    brought = ["3 deleted /lab/a.md into /memories@2", "2 modified /lab/a.md into /memories@2"]
    assert sorted(await rows(ada, "/memories", merged=True)) == sorted([merge, *brought, "1 created /memories/a.md"])
    assert await rows(ada, A, session="s-bob") == brought[1:]
    assert await rows(ada, "/", session="s-bob") == brought[1:]
    assert await rows(ada, "/memories", session="s-bob", merged=False) == []
    await keeper(forked).delete_store("lab")
    assert await rows(ada, "/", session="s-bob") == brought[1:]
    assert brought[1][2:].split(" into")[0] in (await history(ada, "/memories", "s-bob")).text


async def test_a_log_of_merged_stores_can_be_read_in_pages(forked: Filesystem, ada: Call, bob: Call) -> None:
    for number in range(3):
        await create(bob, f"/lab/{number}.md", "x\n")
        await merge_stores(bob, "lab", "memories")
    whole = await rows(ada, "/memories", session="s-bob")
    assert len(whole) == 6
    paged: list[str] = []
    cursor = ""
    while True:
        page = json.loads((await log(ada, "/memories", ChangeFilter(session="s-bob"), 1, cursor, "json")).text)
        paged += [row_words(row) for row in page["revisions"]]
        if not (cursor := page["next_cursor"]):
            break
    assert paged == whole


async def test_what_a_session_did_in_a_fork_is_taken_back_and_what_others_did_there_is_kept(
    forked: Filesystem, ada: Call, bob: Call
) -> None:
    await str_replace(bob, "/lab/a.md", "two", "TWO")
    await create(bob, "/lab/new.md", "new\n")
    await create(ada, "/lab/kept.md", "kept\n")
    await str_replace(ada, "/lab/a.md", "five", "FIVE")
    await merge_stores(ada, "lab", "memories")
    await keeper(forked).archive_store("lab")
    found = await revert(ada, Selection(session="s-bob"))
    assert sorted(found.revisions) == ["memories"]
    assert await text_of(forked, A) == NOTE.replace("five", "FIVE")
    assert await text_of(forked, "/memories/new.md") is None
    assert await text_of(forked, "/memories/kept.md") == "kept\n"
    assert await text_of(forked, "/lab/a.md") == NOTE.replace("two", "TWO").replace("five", "FIVE")
    assert (await writers(ada, A))[1:5:3] == ["/memories@1 s-ada", "/lab@5 s-ada"]
    head = await head_of(forked)
    await revert(ada, Selection("/memories", first=head, last=head))
    assert "TWO" in (await text_of(forked, A) or "")
    assert (await writers(ada, A))[1] == "/lab@2 s-bob"
    with pytest.raises(Refusal, match="No change fits"):
        await revert(ada, Selection("/memories", session="s-nobody"))


async def test_a_change_in_a_fork_and_its_revert_after_the_merge_are_the_identity(
    forked: Filesystem, ada: Call, bob: Call
) -> None:
    await create(ada, "/memories/gone.md", "gone\n")
    await merge_stores(ada, "memories", "lab")
    before = {path: await text_of(forked, f"/memories/{path}") for path in ("a.md", "b.md", "gone.md", "new.md")}
    await str_replace(bob, "/lab/a.md", "two", "TWO")
    await rename(bob, "/lab/a.md", "/lab/b.md")
    await delete(bob, "/lab/gone.md")
    await create(bob, "/lab/new.md", "new\n")
    await merge_stores(ada, "lab", "memories")
    await keeper(forked).delete_store("lab")
    await revert(ada, Selection("/memories", session="s-bob"))
    assert {path: await text_of(forked, f"/memories/{path}") for path in before} == before
    head = await head_of(forked)
    rows_of_it = [row for row in await history_of(forked, "/memories") if row[0] == head]
    assert rows_of_it == [(head, "renamed", "a.md"), (head, "restored", "gone.md"), (head, "deleted", "new.md")]


async def test_what_was_done_before_a_file_was_moved_here_is_taken_back_here(
    forked: Filesystem, ada: Call, bob: Call
) -> None:
    await str_replace(bob, A, "two", "TWO")
    await rename(ada, A, "/team/a.md")
    await str_replace(ada, "/team/a.md", "five", "FIVE")
    await revert(ada, Selection("/team", session="s-bob"))
    assert await text_of(forked, "/team/a.md") == NOTE.replace("five", "FIVE")


async def test_what_was_written_over_since_the_merge_is_refused_and_names_the_stores(
    forked: Filesystem, ada: Call, bob: Call
) -> None:
    await str_replace(bob, "/lab/a.md", "two", "TWO")
    await str_replace(ada, "/lab/a.md", "TWO", "2")
    await merge_stores(ada, "lab", "memories")
    head = await head_of(forked)
    with pytest.raises(Refusal) as refused:
        await revert(ada, Selection("/memories", session="s-bob"))
    assert refused.value.code == "conflict"
    assert "/memories/a.md: others changed the same lines since.\n  version 2: merged by" in refused.value.sentence
    assert "\n  version 3 of /lab: modified by session s-ada" in refused.value.sentence
    assert await head_of(forked) == head


async def test_two_forks_of_a_deleted_store_still_have_a_common_beginning(
    forked: Filesystem, ada: Call, bob: Call
) -> None:
    await fork(forked, "cellar")
    await str_replace(bob, "/lab/a.md", "one", "ONE")
    await merge_stores(ada, "lab", "cellar")
    for slug in ("memories", "lab"):
        await keeper(forked).delete_store(slug)
    await keeper(forked).create_store(Store("memories", "Another"))
    await fork(forked, "attic", "cellar")
    await str_replace(bob, "/attic/a.md", "five", "FIVE")
    await str_replace(ada, "/cellar/a.md", "three", "THREE")
    await merge_stores(ada, "attic", "cellar")
    assert await text_of(forked, "/cellar/a.md") == "ONE\ntwo\nTHREE\nfour\nFIVE\n"
    with pytest.raises(Refusal, match="no common beginning"):
        await merge_stores(ada, "memories", "cellar")


async def test_a_clash_names_the_common_state_as_it_can_still_be_read(forked: Filesystem, ada: Call, bob: Call) -> None:
    await fork(forked, "cellar")
    await keeper(forked).delete_store("memories")
    await str_replace(bob, "/lab/a.md", "one", "ONE")
    await str_replace(ada, "/cellar/a.md", "one", "1")
    with pytest.raises(Refusal) as refused:
        await merge_stores(ada, "lab", "cellar")
    assert "or as they were at version 1 of /cellar in one of them" in refused.value.sentence


def sessions(found: Sequence[str]) -> list[str]:
    return [row.split()[1] for row in found]


async def test_a_file_that_both_wrote_anew_is_followed_into_the_fork(forked: Filesystem, ada: Call, bob: Call) -> None:
    await delete(bob, "/lab/a.md")
    await create(bob, "/lab/a.md", NOTE.replace("two", "TWO"))
    await merge_stores(ada, "lab", "memories")
    assert sessions(await writers(ada, A)) == ["s-ada", "s-bob", "s-ada", "s-ada", "s-ada"]


def git(folder: Path, *arguments: str, author: str = "nobody") -> str:
    names = {"GIT_AUTHOR_NAME": author, "GIT_COMMITTER_NAME": author}
    addresses = {"GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(
        command, env=os.environ | names | addresses, capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout


async def test_git_blames_the_same_writers_on_the_same_branches_and_merges(
    forked: Filesystem, ada: Call, bob: Call, tmp_path: Path
) -> None:
    merger = caller(forked, "s-merge")
    git(tmp_path, "init", "-q", "-b", "memories")

    async def committed(store: str, author: str) -> None:
        text = await text_of(forked, f"/{store}/a.md")
        (tmp_path / "a.md").write_text(text or "", encoding="utf-8")
        git(tmp_path, "add", "a.md")
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", "x", author=author)

    async def merged(source: str, target: str) -> None:
        await merge_stores(merger, source, target)
        git(tmp_path, "checkout", "-q", target)
        git(tmp_path, "merge", "-q", "--no-ff", "-s", "ours", "--no-commit", source)
        await committed(target, "s-merge")

    await committed("memories", "s-ada")
    git(tmp_path, "checkout", "-q", "-b", "lab")
    for call, store, old, new in (
        (bob, "lab", "two", "TWO"),
        (ada, "memories", "four", "FOUR"),
        (bob, "lab", "TWO\n", "TWO\nand more\n"),
        (merger, "", "", ""),
        (ada, "memories", "one", "ONE"),
        (bob, "lab", "five", "FIVE"),
        (merger, "", "", ""),
    ):
        if not store:
            await merged("lab", "memories")
            await merged("memories", "lab")
            continue
        git(tmp_path, "checkout", "-q", store)
        await str_replace(call, f"/{store}/a.md", old, new)
        await committed(store, call.author.session_id)
    for store in ("memories", "lab"):
        lines = git(tmp_path, "blame", "--line-porcelain", store, "--", "a.md").split("\n")
        authors = [line.removeprefix("author ") for line in lines if line.startswith("author ")]
        assert authors == sessions(await writers(ada, f"/{store}/a.md"))
        assert set(authors) == {"s-ada", "s-bob"}


async def test_moves_of_an_older_database_are_known_after_its_upgrade(tmp_path: Path) -> None:
    engine = await Engine.open(tmp_path / "memory.db", noon)
    await engine.create_store(Store("team", "Team"))
    ada = caller(engine, "s-ada")
    await create(ada, A, NOTE)
    await rename(ada, A, "/team/a.md")
    await rename(ada, "/team/a.md", "/memories/b.md")
    await engine.close()
    c = sqlite3.connect(tmp_path / "memory.db", isolation_level=None)
    asked = (
        "SELECT store_id, revision, position, from_store_id, from_revision, from_memory_id FROM change ORDER BY 1, 2, 3"
    )
    known = c.execute(asked).fetchall()
    c.execute("UPDATE change SET from_store_id = NULL, from_revision = NULL, from_memory_id = NULL")
    (upgrade,) = (script for script in schema.migrations().values() if "ADD COLUMN from_store_id" in script)
    for statement in schema.statements(upgrade):
        if "\nUPDATE change" in f"\n{statement.lstrip()}":
            c.execute(statement)
    assert c.execute(asked).fetchall() == known
    assert sum(row[3] is not None for row in known) == 2
    c.close()


async def test_a_file_that_took_the_place_of_its_own_copy_in_a_fork_goes_back_and_so_does_the_copy(
    forked: Filesystem, ada: Call, bob: Call
) -> None:
    await rename(ada, "/lab/a.md", "/lab/copy.md")
    await delete(bob, "/lab/copy.md")
    await rename(bob, A, "/lab/b.md")
    await revert(ada, Selection(session="s-bob"))
    assert await text_of(forked, A) == NOTE
    assert await text_of(forked, "/lab/copy.md") == NOTE
    assert await text_of(forked, "/lab/b.md") is None
    assert await memory_id_of(forked, A) == await memory_id_of(forked, "/lab/copy.md")
