"""What one session, dream, actor or range of versions did is taken back at once, and what others wrote since stays."""

from dataclasses import replace
from functools import partial
from typing import cast

import pytest

from dreamfs_tools.call import Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.dream import Claim, Dream, Evidence, Proposal
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Filesystem, Planned, Put, Snapshot, Store
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.revert import revert
from dreamfs_tools.selection import Selection
from dreamfs_tools.stores import StoreKeeper
from dreamfs_tools.str_replace import str_replace
from memory_filesystem import MemoryFilesystem
from writing_world import STORES, caller, head_of, history_of, memory_id_of, noon, text_of

A, B = "/memories/a.md", "/memories/b.md"
TEXT = "one\ntwo\nthree\nfour\nfive\n"
BOB = Selection(session="s-bob")


def everything(snapshot: Snapshot) -> dict[str, str]:
    return {
        f"/{store.slug}/{entry.path}": text
        for store in snapshot.stores()
        for entry, text in snapshot.tree(store.slug).texts()
    }


def given_plan(planned: Planned[None], _: Snapshot) -> Planned[None]:
    return planned


async def files(filesystem: Filesystem) -> dict[str, str]:
    return await filesystem.read(everything)


async def test_everything_a_session_did_is_taken_back_in_one_revision(
    filesystem: Filesystem, ada: Call, bob: Call
) -> None:
    await create(ada, A, TEXT)
    await create(ada, "/memories/gone.md", "gone\n")
    before, identity = await files(filesystem), await memory_id_of(filesystem, A)
    await str_replace(bob, A, "two", "zwei")
    await rename(bob, A, "/memories/f/moved.md")
    await str_replace(bob, "/memories/f/moved.md", "five", "cinq")
    await create(bob, B, "new\n")
    await delete(bob, "/memories/gone.md")
    head = await head_of(filesystem)
    found = await revert(ada, BOB)
    assert await files(filesystem) == before
    assert await memory_id_of(filesystem, A) == identity
    assert [row for row in await history_of(filesystem, "/memories") if row[0] > head] == [
        (head + 1, "renamed", "a.md"),
        (head + 1, "deleted", "b.md"),
        (head + 1, "restored", "gone.md"),
    ]
    assert [revision.message for revision in found.revisions.values()] == ["Revert what session s-bob did"]


async def test_what_others_wrote_since_is_kept(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, A, TEXT)
    await str_replace(bob, A, "two", "zwei")
    await str_replace(ada, A, "five", "fünf")
    await str_replace(bob, A, "three\n", "")
    await rename(ada, A, B)
    await revert(ada, BOB)
    assert await text_of(filesystem, B) == TEXT.replace("five", "fünf")


async def test_looking_ahead_changes_nothing_and_shows_the_whole_difference(
    filesystem: Filesystem, ada: Call, bob: Call
) -> None:
    await create(ada, A, "one\n")
    await str_replace(bob, A, "one", "eins")
    await create(bob, B, "new\n")
    before = await files(filesystem)
    found = await revert(ada, BOB, dry_run=True)
    assert await files(filesystem) == before
    assert [(change.version, change.path) for change in found.changes] == [(3, "b.md"), (2, "a.md")]
    assert found.diff == (f"--- {A}\n+++ {A}\n@@ -1 +1 @@\n-eins\n+one\n--- {B}\n+++ /dev/null\n@@ -1 +0,0 @@\n-new\n")


async def test_what_overlaps_is_refused_whole_and_shown(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, A, TEXT)
    await str_replace(bob, A, "two", "zwei")
    await create(bob, B, "new\n")
    await create(bob, "/memories/c.md", "fine\n")
    await str_replace(ada, A, "zwei", "deux", message="better")
    await str_replace(ada, B, "new", "newer")
    before = await files(filesystem)
    with pytest.raises(Refusal) as refused:
        await revert(ada, BOB)
    assert await files(filesystem) == before
    assert refused.value.code == "conflict"
    assert refused.value.sentence == (
        "Error: 2 files cannot be taken back, and nothing was changed:\n"
        "/memories/a.md: others changed the same lines since.\n"
        '  version 5: modified by session s-ada (user:ada) at 2026-11-22 12:00 UTC: "better"\n'
        "  now (-), and what it would go back to (+):\n"
        "  -deux\n"
        "  +two\n"
        "/memories/b.md: it came with these changes, and others changed it since.\n"
        "  version 6: modified by session s-ada (user:ada) at 2026-11-22 12:00 UTC\n"
        "Name a path or fewer versions to revert the rest, and edit or restore these by hand."
    )
    await revert(ada, replace(BOB, path="/memories/c.md"))
    assert "/memories/c.md" not in await files(filesystem)


async def test_what_others_renamed_again_is_not_renamed_back(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, A, TEXT)
    await rename(bob, A, B)
    await rename(ada, B, "/memories/c.md")
    with pytest.raises(Refusal) as caught:
        await revert(ada, BOB)
    assert "renamed it from a.md to b.md, and others renamed it again since" in caught.value.sentence
    assert await text_of(filesystem, "/memories/c.md") == TEXT


async def test_what_others_brought_back_and_changed_is_left_as_they_made_it(
    filesystem: Filesystem, ada: Call, bob: Call
) -> None:
    await create(ada, A, TEXT)
    await delete(bob, A)
    await restore(ada, A, 1)
    await str_replace(ada, A, "two", "zwei")
    with pytest.raises(Refusal) as caught:
        await revert(ada, BOB)
    assert caught.value.code == "not_found"
    assert await text_of(filesystem, A) == TEXT.replace("two", "zwei")


@pytest.mark.parametrize("is_moved_twice", [False, True])
async def test_a_file_that_others_moved_on_to_another_store_does_not_come_back_as_a_second_one(
    filesystem: Filesystem, ada: Call, bob: Call, is_moved_twice: bool
) -> None:
    await create(ada, A, TEXT)
    await str_replace(bob, A, "two", "zwei")
    await rename(bob, A, "/team/a.md")
    if is_moved_twice:
        await rename(bob, "/team/a.md", "/lenient/a.md")
    await rename(ada, "/lenient/a.md" if is_moved_twice else "/team/a.md", "/masking/a.md")
    before = await files(filesystem)
    with pytest.raises(Refusal) as caught:
        await revert(ada, BOB)
    assert "only one end of the move can be undone" in caught.value.sentence
    assert await files(filesystem) == before


async def test_a_refusal_names_what_others_did_since_and_not_what_is_to_be_taken_back(
    filesystem: Filesystem, ada: Call, bob: Call
) -> None:
    await create(ada, A, TEXT)
    await str_replace(bob, A, "two", "zwei")
    await str_replace(ada, A, "zwei", "deux")
    await str_replace(bob, A, "five", "cinq")
    with pytest.raises(Refusal) as caught:
        await revert(ada, BOB)
    assert "version 3: modified by session s-ada" in caught.value.sentence
    assert "version 4" not in caught.value.sentence


async def test_two_files_do_not_go_back_to_one_path(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, A, TEXT)
    await rename(bob, A, B)
    await create(ada, A, "another\n")
    await delete(bob, A)
    with pytest.raises(Refusal) as caught:
        await revert(ada, BOB)
    assert "two files would go back to this path" in caught.value.sentence
    assert await files(filesystem) == {B: TEXT}


async def test_a_file_that_others_wrote_back_to_how_it_began_does_not_go_with_who_made_it(
    filesystem: Filesystem, ada: Call, bob: Call
) -> None:
    await create(bob, A, "one\n")
    await str_replace(bob, A, "one", "two")
    await str_replace(ada, A, "two", "one")
    with pytest.raises(Refusal) as caught:
        await revert(ada, BOB)
    assert "it came with these changes, and others changed it since" in caught.value.sentence
    assert await text_of(filesystem, A) == "one\n"


async def test_a_revert_can_be_reverted(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, A, TEXT)
    await str_replace(bob, A, "two", "zwei")
    await rename(bob, A, B)
    await create(bob, "/memories/c.md", "c\n")
    after = await files(filesystem)
    identity = await memory_id_of(filesystem, "/memories/c.md")
    await revert(ada, BOB)
    head = await head_of(filesystem)
    await revert(ada, Selection(path="/memories", first=head, last=head))
    assert await files(filesystem) == after
    assert await memory_id_of(filesystem, "/memories/c.md") == identity


async def test_a_range_of_versions_counts_in_one_store(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    for version, path in enumerate((A, B, "/memories/c.md"), 1):
        assert (await create(bob, path, f"{version}\n")).data["version"] == version
    with pytest.raises(Refusal, match="Versions count in each store apart: say which store, of careful, "):
        await revert(ada, Selection(first=2))
    await revert(ada, Selection(path="/memories", first=2))
    assert await files(filesystem) == {A: "1\n"}


async def test_what_is_undone_already_is_not_undone_twice(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, A, "one\n")
    await create(ada, B, "b\n")
    await str_replace(bob, A, "one", "eins")
    await delete(bob, B)
    await create(bob, "/memories/c.md", "c\n")
    await str_replace(ada, A, "eins", "one")
    await restore(ada, B, -1)
    await delete(ada, "/memories/c.md")
    with pytest.raises(Refusal, match=r"^Nothing is left to take back of what session s-bob did: it was undone"):
        await revert(ada, BOB)
    with pytest.raises(Refusal, match=r"^No change fits: what user:eve did"):
        await revert(ada, Selection(actor="user:eve"))


async def test_a_file_moved_between_stores_goes_back_whole(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, A, "one\n")
    identity = await memory_id_of(filesystem, A)
    await rename(bob, A, "/team/a.md")
    await str_replace(bob, "/team/a.md", "one", "eins")
    for store in ("/memories", "/team"):
        with pytest.raises(Refusal, match="only one end of the move can be undone"):
            await revert(ada, replace(BOB, path=store))
    found = await revert(ada, BOB)
    assert await files(filesystem) == {A: "one\n"}
    assert await memory_id_of(filesystem, A) == identity
    assert sorted(found.revisions) == ["memories", "team"]


async def test_a_file_moved_to_where_it_lives_already_is_found_there_and_goes_back(
    filesystem: Filesystem, ada: Call, bob: Call
) -> None:
    await create(ada, A, "one\n")
    await cast("StoreKeeper", filesystem).fork_store("memories", Store("lab", "Lab"))
    before, identity = await files(filesystem), await memory_id_of(filesystem, "/lab/a.md")
    await rename(bob, "/lab/a.md", "/memories/lab.md")
    with pytest.raises(
        Refusal, match=r"It was moved to another store, /memories/lab\.md, in version \d+ by session s-bob"
    ):
        await str_replace(ada, "/lab/a.md", "one", "two")
    with pytest.raises(Refusal, match="only one end of the move can be undone"):
        await revert(ada, replace(BOB, path="/memories"))
    await rename(bob, "/memories/lab.md", "/team/lab.md")
    await revert(ada, BOB)
    assert await files(filesystem) == before
    assert await memory_id_of(filesystem, "/lab/a.md") == identity


async def test_files_that_changed_places_change_back(filesystem: Filesystem, ada: Call, bob: Call) -> None:
    await create(ada, A, "a\n")
    await create(ada, B, "b\n")
    before = [await memory_id_of(filesystem, path) for path in (A, B)]
    for old, new in ((A, "/memories/t"), (B, A), ("/memories/t", B)):
        await rename(bob, old, new)
    await revert(ada, BOB)
    assert await files(filesystem) == {A: "a\n", B: "b\n"}
    assert [await memory_id_of(filesystem, path) for path in (A, B)] == before


@pytest.mark.parametrize("taken", [A, f"{A}/below.md", "/memories/f", "/memories/f/a.md/x"])
async def test_nothing_is_put_where_others_are_now(filesystem: Filesystem, ada: Call, bob: Call, taken: str) -> None:
    for path in (A, "/memories/f/a.md"):
        await create(ada, path, "one\n")
        await delete(bob, path)
    await create(ada, taken, "mine\n")
    with pytest.raises(Refusal, match=r"^Error: 1 file cannot be taken back") as refused:
        await revert(ada, BOB)
    assert refused.value.code == "conflict"
    assert await files(filesystem) == {taken: "mine\n"}


async def test_a_change_in_a_store_that_cannot_be_written_is_refused(filesystem: Filesystem, ada: Call) -> None:
    put = Put("policies", "a.md", "one\n", "created")
    await filesystem.write(lambda _: Planned(None, [put]), Author(session_id="s-bob"))
    with pytest.raises(Refusal, match="/policies is read-only"):
        await revert(ada, BOB)


async def test_a_content_removed_for_good_cannot_come_back() -> None:
    filesystem = MemoryFilesystem(STORES, noon)
    ada, bob = caller(filesystem, "s-ada"), caller(filesystem, "s-bob")
    await create(ada, A, "secret\n")
    entry = await filesystem.read(lambda snapshot: snapshot.tree("memories").entry("a.md"))
    assert entry is not None
    await str_replace(bob, A, "secret", "public")
    filesystem.forget(entry.sha256 or "")
    with pytest.raises(Refusal, match="the content that it would go back to is gone for good"):
        await revert(ada, BOB)


async def test_a_proposal_of_which_all_is_taken_back_is_marked_reverted_and_found_by_its_source() -> None:
    filesystem = MemoryFilesystem(STORES, noon)
    ada = caller(filesystem, "s-ada")
    await create(ada, A, TEXT)
    filesystem.dreams.kept = [Dream("d-1", "memories", "completed", "client", 1, noon())]
    for number, (old, new, source) in enumerate((("one", "1", "s-1"), ("five", "5", "s-2")), 1):
        claims = [Claim("So it is.", "observed", [Evidence(f"/transcripts/{source}", (1, 1), "so")])]
        text = (await text_of(filesystem, A) or "").replace(old, new)
        planned = Planned(None, [Put("memories", "a.md", text, "modified")], dream_id="d-1")
        await filesystem.write(partial(given_plan, planned), Author(actor="dream:d-1", on_behalf_of="user:ada"))
        kept = filesystem.dreams.kept_proposals.setdefault("d-1", [])
        kept.append(Proposal(number, "Title", "Why.", [], claims, status="accepted", version=number + 1))
    found = await revert(ada, Selection(source="s-1"))
    assert found.selection.words == "what rests on /transcripts/s-1"
    assert await text_of(filesystem, A) == TEXT.replace("five", "5")
    assert [one.status for one in filesystem.dreams.proposals("d-1")] == ["reverted", "accepted"]
    await revert(ada, Selection(dream_id="d-1", first=3, last=3, path="/memories"))
    assert await text_of(filesystem, A) == TEXT
    assert [one.status for one in filesystem.dreams.proposals("d-1")] == ["reverted", "reverted"]


@pytest.mark.parametrize("times", range(1, 5))
async def test_moves_to_and_fro_at_one_time_are_taken_back_and_brought_back(times: int) -> None:
    filesystem = MemoryFilesystem(STORES, noon)
    bob, eve, ada = (caller(filesystem, name) for name in ("s-bob", "s-eve", "s-ada"))
    places = [A, "/team/a.md"]
    await create(bob, A, TEXT)
    for turn in range(times):
        await rename(bob, places[turn % 2], places[(turn + 1) % 2])
    await revert(eve, BOB)
    assert await files(filesystem) == {}
    await revert(ada, Selection(session="s-eve"))
    assert await files(filesystem) == {places[times % 2]: TEXT}
