"""What an engine has to pass, whatever it is built on: it knows the seam and nothing else.

A test module subclasses `EngineContract` with a fixture `engine`: an open engine with two empty read-write stores,
`memories` and `notes`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import anyio
import pytest

from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import (
    AccessNote,
    Author,
    Change,
    ChangeFilter,
    Committed,
    Edit,
    Entry,
    Filesystem,
    Move,
    Planned,
    Put,
    Remove,
    Snapshot,
    StoreMerge,
)

AUTHOR = Author(session_id="s-1", connection_id="c-1", actor="user:ada", client="test 1", request_id="7")
OTHER = Author(host_session_id="h-2", connection_id="c-2", actor="token:ci")


def created(path: str, text: str = "one\n", store: str = "memories") -> Put:
    return Put(store, path, text, "created")


def modified(path: str, text: str, store: str = "memories") -> Put:
    return Put(store, path, text, "modified")


def put_back(path: str, text: str, memory_id: str) -> Put:
    return Put("memories", path, text, "restored", memory_id)


def removed(path: str) -> Remove:
    return Remove("memories", path)


def moved(path: str, new_path: str) -> Move:
    return Move("memories", path, "memories", new_path)


async def write(engine: Filesystem, *edits: Edit, author: Author = AUTHOR, message: str = "", dream: str = "") -> Any:
    planned = Planned(None, edits, message, dream)
    _, committed = await engine.write(lambda _: planned, author)
    assert committed is not None
    return committed


async def entry(engine: Filesystem, path: str, at: int | None = None, store: str = "memories") -> Entry | None:
    return await engine.read(lambda snapshot: snapshot.tree(store, at).entry(path))


async def there(engine: Filesystem, path: str, at: int | None = None, store: str = "memories") -> Entry:
    found = await entry(engine, path, at, store)
    assert found is not None
    return found


async def text(engine: Filesystem, path: str, at: int | None = None, store: str = "memories") -> str | None:
    def query(snapshot: Snapshot) -> str | None:
        tree = snapshot.tree(store, at)
        found = tree.entry(path)
        return tree.text(found) if found else None

    return await engine.read(query)


async def files(engine: Filesystem, path: str = "", at: int | None = None, **options: Any) -> list[str]:
    return await engine.read(lambda s: [found.path for found in s.tree("memories", at).walk(path, **options)])


async def log(engine: Filesystem, limit: int = 100, store: str = "memories", **which: Any) -> Sequence[Change]:
    return await engine.read(lambda snapshot: snapshot.changes(store, ChangeFilter(**which), limit))


def rows(changes: Sequence[Change]) -> list[tuple[int, str, str]]:
    return [(change.version, change.operation, change.path) for change in changes]


class EngineContract:
    """Subclass it, give it `engine`."""

    async def test_a_store_starts_empty_with_a_root_that_nothing_has_touched(self, engine: Filesystem) -> None:
        stores = await engine.read(lambda snapshot: snapshot.stores())
        assert [(store.slug, store.head, store.files) for store in stores] == [("memories", 0, 0), ("notes", 0, 0)]
        root = await there(engine, "")
        assert (root.kind, root.version, root.revision, root.files, root.size_bytes) == ("folder", 0, None, 0, 0)

    async def test_a_store_that_does_not_exist_is_none_and_has_no_tree(self, engine: Filesystem) -> None:
        assert await engine.read(lambda snapshot: snapshot.store("nowhere")) is None
        with pytest.raises(KeyError):
            await engine.read(lambda snapshot: snapshot.tree("nowhere"))

    async def test_one_write_is_one_revision_of_each_store_it_touches(self, engine: Filesystem) -> None:
        made = await write(engine, created("a"), created("b/c"), created("d", store="notes"), message="why")
        assert {slug: revision.number for slug, revision in made.revisions.items()} == {"memories": 1, "notes": 1}
        made = await write(engine, modified("a", "two\n"))
        assert {slug: revision.number for slug, revision in made.revisions.items()} == {"memories": 2}
        memories = await engine.read(lambda snapshot: snapshot.store("memories"))
        assert memories is not None
        assert (memories.head, memories.files) == (2, 2)

    async def test_the_data_version_moves_with_every_write_and_with_nothing_else(self, engine: Filesystem) -> None:
        before = await engine.data_version()
        await files(engine)
        assert await engine.data_version() == before
        await write(engine, created("a"))
        after = await engine.data_version()
        assert after != before
        assert await engine.data_version() == after

    async def test_noted_reads_can_be_looked_up_once_they_are_stored(self, engine: Filesystem) -> None:
        await write(engine, created("a"))
        engine.note(AccessNote("memories", "a", "view", 1, "s-1"))
        await engine.store_notes()
        notes = await engine.read(lambda snapshot: snapshot.accesses("memories", 10, session="s-1"))
        assert [(note.path, note.kind, note.version) for note in notes] == [("a", "view", 1)]

    async def test_a_plan_without_edits_makes_no_revision(self, engine: Filesystem) -> None:
        assert await engine.write(lambda _: Planned("nothing to do"), AUTHOR) == ("nothing to do", None)
        assert (await there(engine, "")).version == 0

    async def test_a_plan_that_refuses_changes_nothing(self, engine: Filesystem) -> None:
        def plan(_: Snapshot) -> Planned[None]:
            raise Refusal("conflict", "It moved.", version=3)

        with pytest.raises(Refusal) as refused:
            await engine.write(plan, AUTHOR)
        assert (refused.value.code, refused.value.data) == ("conflict", {"version": 3})
        assert (await there(engine, "")).version == 0

    async def test_an_edit_that_fails_takes_the_whole_revision_with_it(self, engine: Filesystem) -> None:
        await write(engine, created("a"))
        for bad in (removed("missing"), created("a/below-a-file"), moved("a", "b")):
            with pytest.raises((ValueError, AssertionError)):
                await write(engine, created("b"), bad)
            assert await files(engine) == ["a"]
            assert (await there(engine, "")).version == 1

    async def test_a_file_shows_what_changed_it_last(self, engine: Filesystem) -> None:
        await write(engine, created("a/b.md", "one\n"))
        await write(engine, created("other"))
        await write(engine, modified("a/b.md", "zwei ünd\n"), author=OTHER, message="why", dream="d-1")
        found = await there(engine, "a/b.md")
        assert (found.kind, found.version, found.change_number, found.size_bytes) == ("file", 3, 2, 10)
        assert found.sha256 == sha256("zwei ünd\n".encode()).hexdigest()
        assert found.revision is not None
        assert (found.revision.number, found.revision.author, found.revision.message) == (3, OTHER, "why")
        assert found.revision.dream_id == "d-1"
        assert await text(engine, "a/b.md") == "zwei ünd\n"

    async def test_a_revision_carries_the_time_its_plan_saw(self, engine: Filesystem) -> None:
        seen, committed = await engine.write(lambda s: Planned(s.now, [created("a")]), AUTHOR)
        assert committed is not None
        assert committed.revisions["memories"].created_at == seen
        assert await engine.read(lambda s: s.revision("memories", 1)) == committed.revisions["memories"]
        assert seen.utcoffset() is not None

    async def test_there_is_no_revision_before_the_first_or_after_the_last(self, engine: Filesystem) -> None:
        await write(engine, created("a"))
        assert await engine.read(lambda s: [s.revision("memories", number) for number in (0, 2)]) == [None, None]

    async def test_every_field_of_an_author_is_kept_apart(self, engine: Filesystem) -> None:
        author = Author("1", "2", "3", "4", "5", "6", "7", "8", "9", "10")
        await write(engine, created("a"), author=author)
        await write(engine, modified("a", "two\n"), author=Author())
        assert [change.revision.author for change in await log(engine)] == [Author(), author]

    @pytest.mark.parametrize("content", ["", "\n", "no newline", "ünïcödé 🦊\r\n", "x" * 102_400])
    async def test_a_text_comes_back_as_it_was(self, engine: Filesystem, content: str) -> None:
        await write(engine, created("a", content))
        assert await text(engine, "a") == content

    async def test_two_files_with_one_content_are_two_files(self, engine: Filesystem) -> None:
        await write(engine, created("a", "same"), created("b", "same"))
        await write(engine, modified("a", "different"))
        assert [await text(engine, path) for path in "ab"] == ["different", "same"]
        first, second = await there(engine, "a", 1), await there(engine, "b", 1)
        assert first.sha256 == second.sha256
        assert first.memory_id != second.memory_id

    async def test_folders_exist_only_through_files(self, engine: Filesystem) -> None:
        await write(engine, created("a/b/c"))
        assert (await there(engine, "a/b")).kind == "folder"
        await write(engine, removed("a/b/c"))
        assert await entry(engine, "a/b") is None
        assert await entry(engine, "a") is None
        assert await entry(engine, "") is not None

    async def test_a_folder_has_the_version_and_the_sum_of_all_below(self, engine: Filesystem) -> None:
        await write(engine, created("a/b/c", "12345"), created("a/d", "123"))
        await write(engine, created("elsewhere"))
        folder = await there(engine, "a")
        assert (folder.version, folder.files, folder.size_bytes, folder.change_number) == (1, 2, 8, 0)
        assert folder.revision is not None
        await write(engine, modified("a/b/c", "1"))
        folder = await there(engine, "a")
        assert (folder.version, folder.files, folder.size_bytes) == (3, 2, 4)
        assert (await there(engine, "")).version == 3

    async def test_a_folder_changes_when_something_leaves_it(self, engine: Filesystem) -> None:
        await write(engine, created("a/1"), created("a/2"), created("a/3"), created("b/x"))
        await write(engine, removed("a/1"))
        assert (await there(engine, "a")).version == 2
        await write(engine, moved("a/2", "b/2"))
        assert [(await there(engine, path)).version for path in ("a", "b")] == [3, 3]

    async def test_versions_are_never_seen_twice_at_a_path(self, engine: Filesystem) -> None:
        seen: list[int] = []
        for _ in range(3):
            seen.append((await write(engine, created("a", "same"))).revisions["memories"].number)
            await write(engine, removed("a"))
        assert seen == [1, 3, 5]

    async def test_a_memory_id_survives_a_rename_and_not_a_new_start(self, engine: Filesystem) -> None:
        await write(engine, created("a"))
        memory = (await there(engine, "a")).memory_id
        await write(engine, moved("a", "b"))
        assert ((await there(engine, "b")).memory_id, (await there(engine, "b")).change_number) == (memory, 2)
        await write(engine, removed("b"))
        await write(engine, created("b"))
        assert (await there(engine, "b")).memory_id != memory
        assert (await there(engine, "b")).change_number == 1

    async def test_a_restored_file_gets_its_memory_id_back_and_counts_on(self, engine: Filesystem) -> None:
        await write(engine, created("a"))
        memory = (await there(engine, "a")).memory_id
        await write(engine, removed("a"))
        await write(engine, Put("memories", "a", "one\n", "restored", memory))
        found = await there(engine, "a")
        assert (found.memory_id, found.change_number) == (memory, 3)
        assert [change.operation for change in await log(engine, memory_id=memory)] == [
            "restored",
            "deleted",
            "created",
        ]

    async def test_a_file_that_is_put_again_keeps_its_own_memory_id(self, engine: Filesystem) -> None:
        await write(engine, created("a"), created("b"))
        memory = (await there(engine, "a")).memory_id
        await write(engine, Put("memories", "a", "two\n", "restored", (await there(engine, "b")).memory_id))
        assert (await there(engine, "a")).memory_id == memory

    async def test_the_past_shows_every_path_as_it_was(self, engine: Filesystem) -> None:
        await write(engine, created("a", "1"), created("f/x", "12"))
        await write(engine, modified("a", "2"), removed("f/x"))
        await write(engine, moved("a", "f/y"))
        await write(engine, created("a/now/a/folder", "3"))
        assert [await files(engine, at=at) for at in range(5)] == [
            [],
            ["a", "f/x"],
            ["a"],
            ["f/y"],
            ["a/now/a/folder", "f/y"],
        ]
        assert [await text(engine, "a", at) for at in (1, 2)] == ["1", "2"]
        assert await entry(engine, "a", 3) is None
        assert (await there(engine, "a", 2)).version == 2
        assert (await there(engine, "a", 4)).kind == "folder"
        folder = await there(engine, "f", 1)
        assert (folder.kind, folder.version, folder.files, folder.size_bytes) == ("folder", 1, 1, 2)
        assert await entry(engine, "f", 2) is None
        root = await there(engine, "", 2)
        assert (root.version, root.files, root.size_bytes) == (2, 1, 1)
        assert (await there(engine, "", 0)).revision is None

    async def test_a_walk_goes_by_segments_and_code_points(self, engine: Filesystem) -> None:
        paths = ["a.b", "a/b c", "a-", "A", "a/b/z/c", "é", "🦊", "\uffee"]
        await write(engine, *(created(path) for path in paths))
        expected = sorted(paths, key=lambda path: path.split("/"))
        assert await files(engine) == expected
        for index, path in enumerate(expected):
            assert await files(engine, after=path) == expected[index + 1 :]

    async def test_a_walk_can_stop_at_a_depth(self, engine: Filesystem) -> None:
        await write(engine, *(created(path) for path in ("a/b/c/d", "a/b/e", "a/f", "g", "a.h/i")))
        assert await files(engine, depth=1) == ["a", "a.h", "g"]
        assert await files(engine, depth=2) == ["a", "a/b", "a/f", "a.h", "a.h/i", "g"]
        assert await files(engine, "a", depth=2) == ["a/b", "a/b/c", "a/b/e", "a/f"]
        assert await files(engine, depth=2, after="a/b") == ["a/f", "a.h", "a.h/i", "g"]
        assert await files(engine, depth=1, after="a/b/c/d") == ["a.h", "g"]
        await write(engine, removed("a/b/e"), removed("a/b/c/d"))
        assert await files(engine, "a", depth=2) == ["a/f"]
        assert await files(engine, "a", 1, depth=2) == ["a/b", "a/b/c", "a/b/e", "a/f"]
        assert await files(engine, "", 1, depth=1) == ["a", "a.h", "g"]

    async def test_below_a_file_or_nothing_there_is_nothing(self, engine: Filesystem) -> None:
        await write(engine, created("a"), created("ab/c"))
        assert await files(engine, "a") == []
        assert await files(engine, "missing") == []

    async def test_contents_can_be_asked_for_by_a_literal(self, engine: Filesystem) -> None:
        await write(engine, created("a/1", "needle\n"), created("a/2", "hay\n"), created("b", "a need\nle needle"))

        async def holding(**options: Any) -> list[tuple[str, str]]:
            return await engine.read(lambda s: [(e.path, t) for e, t in s.tree("memories").texts(**options)])

        found = [path for path, content in await holding(containing="needle") if "needle" in content]
        assert found == ["a/1", "b"]
        assert [path for path, _ in await holding()] == ["a/1", "a/2", "b"]
        assert await holding(path="a/2") == [("a/2", "hay\n")]
        assert [path for path, _ in await holding(after="a/1")] == ["a/2", "b"]
        assert await holding(path="missing") == []

    async def test_what_a_read_leaves_unread_disturbs_nobody(self, engine: Filesystem) -> None:
        await write(engine, *(created(f"a/{number:04}") for number in range(300)))

        def first(snapshot: Snapshot) -> str:
            return next(iter(snapshot.tree("memories").walk())).path

        assert await engine.read(first) == "a/0000"
        await write(engine, removed("a/0000"))
        assert await engine.read(first) == "a/0001"

    async def test_history_is_newest_first_and_by_path_within_a_revision(self, engine: Filesystem) -> None:
        made = await write(engine, created("b"), created("a/z"), created("a/y"))
        await write(engine, modified("b", "one\ntwo\n"), author=OTHER, message="why")
        await write(engine, removed("b"))
        changes = await log(engine)
        assert rows(changes) == [
            (3, "deleted", "b"),
            (2, "modified", "b"),
            (1, "created", "a/y"),
            (1, "created", "a/z"),
            (1, "created", "b"),
        ]
        assert rows(made.changes) == rows(changes[2:])
        deleted, change = changes[:2]
        assert (change.previous, change.added, change.removed, change.size_bytes) == (1, 1, 0, 8)
        assert (deleted.previous, deleted.added, deleted.removed, deleted.sha256) == (2, 0, 2, None)
        assert (change.revision.author, change.revision.message, change.change_number) == (OTHER, "why", 2)
        assert rows(await log(engine, limit=2)) == rows(changes[:2])

    async def test_a_write_answers_with_its_rows_of_history(self, engine: Filesystem) -> None:
        await write(engine, created("a"), created("b/c"))
        committed: Committed = await write(engine, moved("a", "d"), removed("b/c"), created("e"))
        assert list(committed.changes) == list(await log(engine, after_version=1))

    async def test_a_rename_is_one_row_found_by_both_its_paths(self, engine: Filesystem) -> None:
        await write(engine, created("a/x", "1\n"))
        await write(engine, moved("a/x", "b/y"))
        (row,) = await log(engine, after_version=1)
        assert (row.operation, row.path, row.old_path, row.previous) == ("renamed", "b/y", "a/x", 1)
        assert (row.size_bytes, row.added, row.removed) == (2, 0, 0)
        for path in ("a/x", "a", "b/y", "b"):
            assert row in await log(engine, path=path), path
        assert [change.version for change in await log(engine, path="b")] == [2]
        assert [change.version for change in await log(engine, path="a/x")] == [2, 1]

    async def test_a_move_can_carry_a_new_content(self, engine: Filesystem) -> None:
        await write(engine, created("a", "1\n2\n"))
        await write(engine, Move("memories", "a", "memories", "b", "1\n3\n4\n"))
        (row,) = await log(engine, after_version=1)
        assert (row.operation, row.added, row.removed) == ("renamed", 2, 1)
        assert await text(engine, "b") == "1\n3\n4\n"
        assert await text(engine, "a", 1) == "1\n2\n"

    async def test_a_move_may_fill_a_path_that_an_earlier_edit_emptied(self, engine: Filesystem) -> None:
        await write(engine, created("a", "A"), created("b", "B"), created("c", "C"))
        kept = (await there(engine, "a")).memory_id
        await write(engine, removed("b"), moved("a", "b"))
        assert await files(engine) == ["b", "c"]
        assert ((await there(engine, "b")).memory_id, await text(engine, "b")) == (kept, "A")
        assert await text(engine, "b", 1) == "B"
        await write(engine, moved("c", "d"), moved("b", "c"))
        assert [await text(engine, path) for path in ("c", "d")] == ["A", "C"]
        assert [await text(engine, path, 2) for path in ("b", "c")] == ["A", "C"]

    async def test_files_can_change_places_in_one_revision(self, engine: Filesystem) -> None:
        await write(engine, created("a", "A"), created("b", "B"), created("c", "C"))
        ids = [(await there(engine, path)).memory_id for path in "abc"]
        await write(engine, moved("a", "b"), Move("memories", "b", "memories", "c", "B2"), moved("c", "a"))
        assert [(await there(engine, path)).memory_id for path in "bca"] == ids
        assert [await text(engine, path) for path in "abc"] == ["C", "A", "B2"]
        assert [await text(engine, path, 1) for path in "abc"] == ["A", "B", "C"]
        assert rows(await log(engine, after_version=1)) == [(2, "renamed", path) for path in "abc"]
        await write(engine, moved("a", "d"), created("a", "new"))
        assert [await text(engine, path) for path in "ad"] == ["new", "C"]
        assert [await text(engine, path, 2) for path in "ab"] == ["C", "A"]
        assert rows(await log(engine, after_version=2)) == [(3, "created", "a"), (3, "renamed", "d")]

    async def test_a_new_file_gets_the_id_that_it_has_in_another_store(self, engine: Filesystem) -> None:
        await write(engine, created("a", store="notes"))
        kept = (await there(engine, "a", store="notes")).memory_id
        await write(engine, Put("memories", "b", "B", "created", kept), created("c"))
        found = await there(engine, "b")
        assert (found.memory_id, found.change_number) == (kept, 1)
        assert (await there(engine, "c")).memory_id != kept

    async def test_a_merge_is_remembered_with_the_revision_that_it_made(self, engine: Filesystem) -> None:
        await write(engine, created("a", store="notes"))
        merge = StoreMerge("notes", 1, "memories")
        await engine.write(lambda _: Planned(None, [created("a")], merge=merge), AUTHOR)
        await engine.write(lambda _: Planned(None, merge=replace(merge, source_revision=2)), AUTHOR)
        found = await engine.read(lambda snapshot: snapshot.merges("memories"))
        assert [(one.source, one.source_revision, one.revision) for one in found] == [("notes", 2, 2), ("notes", 1, 1)]
        assert found[0].number > found[1].number
        assert await engine.read(lambda snapshot: snapshot.merges("notes")) == []

    async def test_a_file_may_be_put_where_another_was_taken_away(self, engine: Filesystem) -> None:
        await write(engine, created("a", "A"), created("b", "B"))
        first, second = [(await there(engine, path)).memory_id for path in ("a", "b")]
        await write(engine, removed("a"), removed("b"), put_back("a", "B", second), put_back("b", "A", first))
        assert [(await there(engine, path)).memory_id for path in ("a", "b")] == [second, first]
        assert [await text(engine, path) for path in ("a", "b")] == ["B", "A"]
        assert [await text(engine, path, 1) for path in ("a", "b")] == ["A", "B"]
        await write(engine, modified("a", "newer"))
        assert await text(engine, "a", 2) == "B"

    async def test_a_file_may_become_a_folder_and_a_file_again(self, engine: Filesystem) -> None:
        await write(engine, created("a", "file"))
        await write(engine, removed("a"), created("a/b", "below"))
        await write(engine, removed("a/b"), created("a", "again"))
        assert [(await there(engine, "a", at)).kind for at in (1, 2, 3)] == ["file", "folder", "file"]
        assert [await text(engine, "a", at) for at in (1, 3)] == ["file", "again"]
        assert await files(engine, at=2) == ["a/b"]
        assert {row[0] for row in rows(await log(engine, path="a"))} == {1, 2, 3}

    async def test_a_move_between_stores_is_a_revision_in_both(self, engine: Filesystem) -> None:
        await write(engine, created("a/b", "1\n"))
        await write(engine, modified("a/b", "2\n"))
        memory = (await there(engine, "a/b")).memory_id
        made = await write(engine, Move("memories", "a/b", "notes", "c"))
        assert {slug: revision.number for slug, revision in made.revisions.items()} == {"memories": 3, "notes": 1}
        found = await there(engine, "c", store="notes")
        assert (found.memory_id, found.version, found.change_number) == (memory, 1, 3)
        (arrived,) = await log(engine, store="notes")
        assert (arrived.operation, arrived.path, arrived.old_path) == ("renamed", "c", "/memories/a/b")
        (left, *_) = await log(engine, path="a/b")
        assert (left.version, left.operation, left.path, left.sha256) == (3, "deleted", "a/b", None)
        assert await entry(engine, "a/b") is None
        assert await text(engine, "a/b", 2) == "2\n"

    async def test_history_can_be_narrowed_by_each_field(self, engine: Filesystem) -> None:
        await write(engine, created("a/x"), created("b"))
        await write(engine, modified("a/x", "2\n"), author=OTHER)
        await write(engine, created("a/y"), dream="d-1")
        await write(engine, removed("b"), author=OTHER)
        memory = (await there(engine, "a/x")).memory_id
        times = [change.revision.created_at for change in await log(engine)]
        assert rows(await log(engine, path="a")) == [
            (3, "created", "a/y"),
            (2, "modified", "a/x"),
            (1, "created", "a/x"),
        ]
        assert rows(await log(engine, path="a/x", session="s-1")) == [(1, "created", "a/x")]
        for session, versions in (("s-1", [3, 1, 1]), ("c-1", [3, 1, 1]), ("h-2", [4, 2]), ("c-2", [4, 2]), ("?", [])):
            assert [change.version for change in await log(engine, session=session)] == versions
        assert [change.version for change in await log(engine, actor="token:ci")] == [4, 2]
        assert [change.version for change in await log(engine, operation="created")] == [3, 1, 1]
        assert [change.version for change in await log(engine, dream_id="d-1")] == [3]
        assert [change.version for change in await log(engine, memory_id=memory)] == [2, 1]
        assert [change.version for change in await log(engine, memory_id="nothing")] == []
        assert [change.version for change in await log(engine, after_version=1, up_to_version=3)] == [3, 2]
        assert {change.version for change in await log(engine, since=times[1])} >= {3, 4}
        assert {change.version for change in await log(engine, until=times[-1])} >= {1}
        assert await log(engine, path="missing") == []

    async def test_history_can_be_read_in_pages(self, engine: Filesystem) -> None:
        for number in range(4):
            await write(engine, *(Put("memories", f"f/{name}", f"{number}", "modified") for name in "cab"))
        for path in ("", "f"):
            whole = rows(await log(engine, path=path))
            paged: list[tuple[int, str, str]] = []
            before = None
            while page := rows(await log(engine, limit=5, path=path, before=before)):
                paged += page
                before = (page[-1][0], page[-1][2])
            assert len(whole) == 12
            assert paged == whole

    async def test_concurrent_changes_of_one_file_are_all_kept(self, engine: Filesystem) -> None:
        await write(engine, created("a", ""))

        def plan(snapshot: Snapshot, line: str) -> Planned[None]:
            tree = snapshot.tree("memories")
            found = tree.entry("a")
            assert found is not None
            return Planned(None, [modified("a", (tree.text(found) or "") + line)])

        async def append(number: int) -> None:
            await engine.write(lambda snapshot: plan(snapshot, f"{number}\n"), AUTHOR)

        async with anyio.create_task_group() as tasks:
            for number in range(30):
                tasks.start_soon(append, number)
        assert sorted((await text(engine, "a") or "").split()) == sorted(map(str, range(30)))
        assert (await there(engine, "a")).change_number == 31

    async def test_a_cancelled_write_happened_whole_or_not_at_all(self, engine: Filesystem) -> None:
        async def attempt(number: int, scope: anyio.CancelScope) -> None:
            with scope:
                await write(engine, created(f"{number}/a"), created(f"{number}/b"))

        async with anyio.create_task_group() as tasks:
            scopes = [anyio.CancelScope() for _ in range(20)]
            for number, scope in enumerate(scopes):
                tasks.start_soon(attempt, number, scope)
            await anyio.lowlevel.checkpoint()
            for scope in scopes[::2]:
                scope.cancel()
        found = await files(engine)
        assert {f"{number}/{name}" for number in range(1, 20, 2) for name in "ab"} <= set(found)
        assert len(found) % 2 == 0
        assert (await there(engine, "")).version == len(found) // 2
        await write(engine, created("after"))

    async def test_a_noted_read_costs_nothing_and_promises_nothing(self, engine: Filesystem) -> None:
        engine.note(AccessNote("memories", "a", "view", 1, "s-1"))
        engine.note(AccessNote("nowhere", "a", "miss", 0, "s-1"))
        await write(engine, created("a"))
        assert (await there(engine, "")).version == 1

    async def test_noted_reads_are_found_after_the_next_write_newest_first(self, engine: Filesystem) -> None:
        engine.note(AccessNote("memories", "a", "view", 1, "s-1"))
        engine.note(AccessNote("memories", "a", "search", 2, "s-2", "needle"))
        engine.note(AccessNote("notes", "b", "miss", 0, "s-1"))
        await write(engine, created("a"))

        async def found(store: str, limit: int = 9, **which: Any) -> list[tuple[str, str, int, str, str]]:
            notes = await engine.read(lambda snapshot: snapshot.accesses(store, limit, **which))
            assert all(note.at is not None and note.at.tzinfo is not None for note in notes)
            return [(note.path, note.kind, note.version, note.session, note.query) for note in notes]

        first, second = ("a", "view", 1, "s-1", ""), ("a", "search", 2, "s-2", "needle")
        assert await found("memories") == [second, first]
        assert await found("memories", 1) == [second]
        assert await found("memories", session="s-1") == [first]
        assert await found("memories", path="a", session="s-2") == [second]
        assert await found("memories", path="a") == [second, first]
        assert await found("memories", path="b") == []
        assert await found("notes", session="s-1", path="b") == [("b", "miss", 0, "s-1", "")]
        now = await engine.read(lambda snapshot: snapshot.now)
        assert await found("memories", since=now + timedelta(days=1)) == []
        with pytest.raises(KeyError):
            await found("nowhere")
