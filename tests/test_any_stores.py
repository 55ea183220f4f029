"""Whatever is done to stores through the tools, in whatever order: everything that can be seen agrees with a plain model."""

import asyncio
import sys
import tempfile
from collections.abc import Coroutine, Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.sqlite.redaction import SqliteEraser
from dreamfs_server.sqlite.verify import verify
from dreamfs_tools.annotation import annotate
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Change, ChangeFilter, Snapshot, Store
from dreamfs_tools.merging_stores import merge_stores
from dreamfs_tools.mounts import Mounts
from dreamfs_tools.redaction import Pruning, Redaction
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.revert import revert
from dreamfs_tools.selection import Selection
from dreamfs_tools.str_replace import str_replace
from merge_model import SLOTS, File, Files, Node, Slot, Writer, ancestors, merged, named
from store_model import (
    GONE,
    UNKNOWN,
    Kept,
    Overlap,
    Row,
    Slots,
    all_who,
    at_or_below,
    below,
    clashes,
    decided,
    find,
    is_below_a_file,
    is_folder,
    taken_back,
)
from writing_world import noon

T = TypeVar("T")

PATHS = ["a", "f/b", "f/g", "f/g/d", "h"]
FOLDERS = ["", "f", "e"]
SECRET = "sesame"
VALUES = ["1", "2", SECRET]
STORES_MAX = 4
Done = Answer | Refusal
Touched = list[tuple[str, str, str, File | None]]
"""(path, operation, old path, file): what a revision does, deletions first."""

paths = st.sampled_from(PATHS)
places = st.sampled_from([*PATHS, "f"])
slots = st.integers(0, SLOTS - 1)
values = st.sampled_from(VALUES)
messages = st.sampled_from(["", "why", f"for {SECRET}"])
expectations = st.sampled_from(["none", "none", "right", "future", "older"])


def text_of(slots: Slots) -> str:
    """Long enough to be stored as a difference, in lines too short to be looked for by themselves."""
    return "".join(
        f"{n}: {value}\n" + "".join(f"end {n}.{k} {k**6}\n" for k in range(5)) for n, value in enumerate(slots)
    )


LINES = 6
"""For each slot."""


class Stores(RuleBasedStateMachine):
    stores: Bundle[str] = Bundle("stores")

    def __init__(self) -> None:
        super().__init__()
        self.minutes = 0
        self.count = 0
        self.session = "s-1"
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.Runner()
        self.engine = self.run_(Engine.open(Path(self.folder.name) / "memory.db", self.clock))
        self.eraser = SqliteEraser(self.engine.database, self.clock, lambda size: b"\1" * size)
        self.kept: dict[str, Kept] = {}
        self.heads: dict[str, Node] = {}
        """As `Kept.nodes[-1]`, but for merges that changed nothing."""
        self.nodes: list[Node] = []
        self.ids: dict[str, str] = {}
        self.is_pruned = False

    def clock(self) -> Any:
        return noon() + timedelta(minutes=self.minutes)

    def run_(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                for store in self.kept:
                    self.look_at_everything(store)
                self.check_integrity()
        finally:
            self.run_(self.engine.close())
            self.loop.close()
            self.folder.cleanup()

    @property
    def call(self) -> Call:
        return Call(self.engine, Mounts(), Author(session_id=self.session))

    def done(self, work: Coroutine[Any, Any, T]) -> T | Refusal:
        self.minutes += 1
        try:
            return self.run_(work)
        except Refusal as refusal:
            return refusal

    def node(self, files: Files, *parents: Node) -> Node:
        node = Node(files, parents)
        self.nodes.append(node)
        return node

    def commit(self, store: str, touched: Touched, message: str = "", *merged_in: Node) -> None:
        """One revision of a store; the order of what is touched is that in which it happens."""
        kept = self.kept[store]
        number, files = kept.head + 1, dict(kept.files)
        rows: list[Row] = []
        for path, operation, _, file in touched:
            if file is None:
                gone = files.pop(path)
                rows.append(
                    Row(number, path, operation, "", gone.number + 1, gone.version, gone.who, self.session, message)
                )
        leaving = {old_path: files.pop(old_path) for _, _, old_path, file in touched if file and old_path in files}
        for path, operation, old_path, file in touched:
            if file is not None:
                here = leaving.get(old_path) or files.get(path)
                who, least, previous = (
                    (here.who, here.number + 1, here.version)
                    if here
                    else self.landing(store, file, rows, is_move=old_path.startswith("/"))
                )
                files[path] = replace(file, who=who, number=least, version=number)
                rows.append(Row(number, path, operation, old_path, least, previous, who, self.session, message))
        kept.rows += sorted(rows, key=lambda row: (row.path.split("/"), row.operation == "deleted"), reverse=True)
        self.heads[store] = self.node(files, self.heads[store], *merged_in)
        kept.nodes.append(self.heads[store])

    def landing(self, store: str, file: File, rows: list[Row], *, is_move: bool) -> tuple[str, int, int]:
        """(who, number, previous) of a file that comes to be: it is who it was, unless a live file is."""
        kept = self.kept[store]
        known, now = kept.last(file.who), [row for row in rows if row.who == file.who]
        if known is not None and not now and self.lives(store, file.who):
            self.count += 1
            return f"{store} {self.count}", 1, 0
        number = max(file.number if is_move else 0, *(row.number for row in [*now, *([known] if known else [])]), 0)
        return file.who, number + 1, known.version if known and not is_move else 0

    def lives(self, store: str, who: str) -> bool:
        """In the store, or where it moved from there."""
        kept = self.kept[store]
        if find(kept.files, who):
            return True
        last = kept.last(who)
        return last is not None and last.moved_to != "" and self.lives(last.moved_to, who)

    def writer(self, store: str) -> Writer:
        return (self.minutes, store, self.kept[store].head + 1)

    @initialize(target=stores, data=st.data(), revisions=st.integers(1, 4))
    def begun(self, data: st.DataObject, revisions: int) -> Any:
        """Two stores that have nothing in common, and a fork."""
        self.run_(self.engine.create_store(Store("team", "team")))
        found = [self.begin(slug, Kept(slug)) for slug in ("memories", "team")]
        for number in range(revisions):
            self.write("memories", PATHS[number % 3], number % SLOTS, VALUES[number % 2], "right", data, "")
        return multiple(*found, self.fork("memories", data))

    def begin(self, slug: str, kept: Kept) -> str:
        self.kept[slug], self.heads[slug] = kept, kept.nodes[-1]
        self.nodes += [node for node in kept.nodes if node not in self.nodes]
        return slug

    @rule(target=stores, base=stores, data=st.data())
    @precondition(lambda self: len(self.kept) < STORES_MAX)
    def fork(self, base: str, data: st.DataObject) -> str:
        kept, slug = self.kept[base], f"fork-{len(self.kept)}"
        at = data.draw(st.integers(max(0, kept.head - 3), kept.head))
        is_refused = isinstance(self.done(self.engine.fork_store(base, Store(slug, slug), at)), Refusal)
        assert not is_refused
        return self.begin(slug, kept.forked(slug, at))

    @rule(store=stores, path=paths, slot=slots, value=values, expect=expectations, data=st.data(), message=messages)
    def write(
        self, store: str, path: str, slot: int, value: Slot, expect: str, data: st.DataObject, message: str
    ) -> None:
        kept = self.kept[store]
        is_create, may_merge = data.draw(st.booleans()), expect == "older" and data.draw(st.booleans())
        seen = kept.files.get(path)
        expected = {"none": None, "right": kept.version(path), "future": kept.head + 1}.get(expect)
        if expect == "older":
            at = data.draw(st.integers(max(0, kept.head - 4), kept.head))
            seen, expected = kept.nodes[at].files.get(path), kept.version(path, at)
        is_readable = seen is not None and GONE not in seen.slots
        old = seen.slots if seen and is_readable else ("0",) * SLOTS
        new = (*old[:slot], value, *old[slot + 1 :])
        if not is_create and new == old:
            return

        def edit(file: File | None) -> Slots | None:
            if is_create:
                return new
            if file is None or GONE in file.slots or file.slots[slot] != old[slot]:
                return None
            return (*file.slots[:slot], value, *file.slots[slot + 1 :])

        decision = decided(kept, path, edit, expected, is_create=is_create, may_merge=may_merge)
        on_conflict = "merge" if may_merge else "fail"
        given: dict[str, Any] = {"expected_version": expected, "message": message, "on_conflict": on_conflict}
        answer = self.done(
            create(self.call, f"/{store}/{path}", text_of(new), **given)
            if is_create
            else str_replace(self.call, f"/{store}/{path}", f"{slot}: {old[slot]}\n", f"{slot}: {value}\n", **given)
        )
        is_allowed = not kept.is_archived
        assert self.code(answer) == (decision.code if is_allowed else "refused"), answer
        if is_allowed and decision.code in {"ok", "merged"}:
            here = kept.files.get(path)
            operation = "merged" if decision.code == "merged" else "modified" if here else "created"
            self.commit(store, [(path, operation, "", self.rewritten(store, here, decision.slots))], message)

    def rewritten(self, store: str, here: File | None, new: Slots) -> File:
        by = self.writer(store)
        if here is None:
            self.count += 1
            return File(f"{store} {self.count}", new, (by,) * SLOTS, by)
        is_gone = GONE in here.slots
        writers = tuple(by if is_gone or here.slots[n] != new[n] else here.by[n] for n in range(SLOTS))
        return replace(here, slots=new, by=writers, ends=by if is_gone else here.ends, is_whole=True)

    @staticmethod
    def code(answer: Done) -> str:
        return "refused" if isinstance(answer, Refusal) else str(answer.data["code"])

    def expected(self, store: str, path: str, expect: str) -> int | None:
        kept = self.kept[store]
        return {"right": kept.version(path), "future": kept.head + 1}.get(expect)

    @rule(store=stores, path=places, expect=expectations)
    def delete(self, store: str, path: str, expect: str) -> None:
        kept = self.kept[store]
        found = at_or_below(path, kept.files)
        answer = self.done(delete(self.call, f"/{store}/{path}", self.expected(store, path, expect)))
        is_done = bool(found) and expect != "future" and not kept.is_archived
        assert self.code(answer) == ("ok" if is_done else "refused"), answer
        if is_done:
            self.commit(store, [(one, "deleted", "", None) for one in found])

    @rule(store=stores, path=places, into=stores, new_path=st.sampled_from([*PATHS, "e", "e/h"]), expect=expectations)
    def rename(self, store: str, path: str, into: str, new_path: str, expect: str) -> None:
        kept, other = self.kept[store], self.kept[into]
        found = at_or_below(path, kept.files)
        expected = self.expected(store, path, expect)
        answer = self.done(rename(self.call, f"/{store}/{path}", f"/{into}/{new_path}", expected))
        is_free = new_path not in other.files and not is_folder(new_path, other.files)
        is_possible = is_free and not is_below_a_file(new_path, other.files)
        is_in_itself = store == into and below(new_path, path)
        is_done = bool(found) and is_possible and not is_in_itself and expect != "future"
        is_done = is_done and not kept.is_archived and not other.is_archived
        assert self.code(answer) == ("ok" if is_done else "refused"), answer
        if not is_done:
            return
        to = {one: new_path + one[len(path) :] for one in found}
        if store == into:
            self.commit(store, [(to[one], "renamed", one, file) for one, file in found.items()])
            return
        self.commit(store, [(one, "deleted", "", None) for one in found])
        self.commit(into, [(to[one], "renamed", f"/{store}/{one}", file) for one, file in found.items()])
        arrived = {one for one, file in found.items() if other.files[to[one]].who == file.who}
        kept.rows = [
            replace(row, moved_to=into) if row.version == kept.head and row.path in arrived else row
            for row in kept.rows
        ]

    @rule(store=stores, path=st.sampled_from([*PATHS, *FOLDERS]), data=st.data(), expect=expectations)
    def restore(self, store: str, path: str, data: st.DataObject, expect: str) -> None:
        kept = self.kept[store]
        at = data.draw(st.integers(0, kept.head))
        then, here = at_or_below(path, kept.nodes[at].files), at_or_below(path, kept.files)
        wanted = {p: f for p, f in then.items() if p not in here or here[p].version != f.version}
        answer = self.done(restore(self.call, f"/{store}/{path}", at, self.expected(store, path, expect)))
        is_possible = (bool(then) or not path) and not (path and is_below_a_file(path, kept.files))
        is_possible = is_possible and all(file.is_whole for file in wanted.values())
        if not is_possible or expect == "future" or kept.is_archived:
            assert self.code(answer) == "refused", answer
            return
        added = [one for one in here if one not in then]
        news = {one: f for one, f in wanted.items() if one not in here or here[one].slots != f.slots}
        assert self.code(answer) == ("ok" if added or news else "unchanged"), answer
        if added or news:
            back = [(one, "restored", "", self.identified(here.get(one), file)) for one, file in news.items()]
            self.commit(store, [*((one, "deleted", "", None) for one in added), *back])

    @staticmethod
    def identified(here: File | None, file: File) -> File:
        return replace(file, who=here.who) if here else file

    @rule(source=stores, into=stores)
    def merge(self, source: str, into: str) -> None:
        ours, theirs = self.kept[into].files, self.kept[source].files
        if any(not file.is_whole for files in (ours, theirs) for file in files.values()):
            return
        bases = self.bases(source, into)
        results = [self.merged(base, theirs, ours) for base in bases]
        expected = results[0] if results and all(result == results[0] for result in results) else None
        answer = self.done(merge_stores(self.call, source, into))
        if source == into or expected is None or clashes(expected) or self.kept[into].is_archived:
            assert self.code(answer) == "refused", answer
            return
        if expected == ours:
            assert self.code(answer) == "unchanged", answer
            self.heads[into] = self.node(ours, self.heads[into], self.heads[source])
            return
        assert self.code(answer) == "ok", answer
        touched: Touched = [(path, "deleted", "", None) for path, file in ours.items() if not find(expected, file.who)]
        for path, file in expected.items():
            was = find(ours, file.who)
            if was and (was[0] != path or was[1].slots != file.slots):
                operation = "merged" if was[1].slots != file.slots else "renamed"
                touched.append((path, operation, was[0] if was[0] != path else "", file))
            elif not was:
                touched.append((path, "merged", "", file))
        self.commit(into, touched, f"Merge /{source} at version {self.kept[source].head}", self.heads[source])

    @staticmethod
    def merged(base: Files, theirs: Files, ours: Files) -> Files | None:
        """As `merged`, but that what was removed for good is nothing to merge against."""
        new, now = named(base, theirs, ours), named(base, ours, theirs)
        for file in base.values():
            sides = {side[file.who][1].slots for side in (new, now) if file.who in side}
            if not file.is_whole and len(sides) == 2 and file.slots not in sides:
                return None
        return merged(base, theirs, ours)

    def bases(self, source: str, into: str) -> list[Files]:
        """The common states that are in no other common state."""
        common = ancestors(self.heads[source]) & ancestors(self.heads[into])
        return [node.files for node in common if not any(node in ancestors(one) for one in common - {node})]

    @rule(store=stores, data=st.data())
    def take_back(self, store: str, data: st.DataObject) -> None:
        """Revert one revision among those of others."""
        kept = self.kept[store]
        if not kept.head:
            return
        self.take_back_version(store, data.draw(st.integers(max(1, kept.head - 4), kept.head)))

    @rule(store=stores, path=paths, first=slots, second=slots, value=values, other=values, data=st.data())
    def write_twice_and_take_back_the_first(
        self, store: str, path: str, first: int, second: int, value: Slot, other: Slot, data: st.DataObject
    ) -> None:
        head = self.kept[store].head
        self.write(store, path, first, value, "right", data, "")
        self.check()
        self.write(store, path, second, other, "right", data, "")
        self.check()
        if self.kept[store].head > head:
            self.take_back_version(store, head + 1)

    def take_back_version(self, store: str, at: int) -> None:
        kept = self.kept[store]
        rows = [row for row in kept.rows if row.version == at]
        before, after, now = kept.nodes[at - 1].files, kept.nodes[at].files, kept.files
        is_gone = any(GONE in file.slots for files in (before, after, now) for file in files.values())
        is_between = any(row.moved_to or row.old_path.startswith("/") for row in kept.rows if row.version >= at)
        if is_gone or is_between:
            return
        result: dict[str, tuple[str, File] | None] = {}
        is_blocked = False
        for who in all_who(rows):
            try:
                then = taken_back(find(before, who), find(after, who), find(now, who))
            except Overlap:
                is_blocked = True
                continue
            if then != find(now, who):
                result[who] = then
        stay = [path for path, file in now.items() if file.who not in result]
        is_blocked = is_blocked or clashes([*stay, *(then[0] for then in result.values() if then)])
        answer = self.done(revert(self.call, Selection(path=f"/{store}", first=at, last=at), message="back"))
        if is_blocked or not result or kept.is_archived:
            assert isinstance(answer, Refusal)
            assert is_blocked == (answer.code == "conflict") or kept.is_archived, answer
            return
        assert not isinstance(answer, Refusal), answer
        self.commit_as_found(store, result, "back")

    def commit_as_found(self, store: str, result: dict[str, tuple[str, File] | None], message: str) -> None:
        """A revert's revision: what it comes to is known; how it is told is up to it, and has to be consistent."""
        kept = self.kept[store]
        unknown = (UNKNOWN,) * SLOTS
        touched: Touched = []
        for who, then in result.items():
            was = find(kept.files, who)
            if then is None:
                assert was is not None
                touched.append((was[0], "deleted", "", None))
            elif was is None:
                touched.append((then[0], "restored", "", then[1]))
            elif was[0] != then[0] and (below(was[0], then[0]) or below(then[0], was[0])):
                touched.append((was[0], "deleted", "", None))
                touched.append((then[0], "restored", "", replace(then[1], by=unknown, ends=UNKNOWN)))
            else:
                by = tuple(
                    b if s == t else UNKNOWN for b, s, t in zip(was[1].by, was[1].slots, then[1].slots, strict=True)
                )
                operation = "renamed" if was[0] != then[0] else "restored"
                touched.append((then[0], operation, was[0] if was[0] != then[0] else "", replace(then[1], by=by)))
        self.commit(store, touched, message)
        told: set[tuple[str, str]] = {
            (c.path, c.operation) for c in self.run_(self.engine.read(partial(rows_of, store, kept.head)))
        }
        kept.rows[:] = [self.as_told(row, told) if row.version == kept.head else row for row in kept.rows]

    @staticmethod
    def as_told(row: Row, told: set[tuple[str, str]]) -> Row:
        """What goes back with the text of others in it is told as merged."""
        is_merged = row.operation == "restored" and (row.path, "merged") in told
        return replace(row, operation="merged") if is_merged else row

    @rule(data=st.data(), count=st.integers(1, 3))
    def change_and_revert(self, data: st.DataObject, count: int) -> None:
        """All that a session did, taken back at once, leaves everything as it was."""
        everywhere = [file for kept in self.kept.values() for file in kept.files.values()]
        if any(kept.is_archived for kept in self.kept.values()) or not all(file.is_whole for file in everywhere):
            return
        before = {store: kept.files for store, kept in self.kept.items()}
        self.count += 1
        self.session = f"bob-{self.count}"
        store = st.sampled_from(sorted(self.kept))
        for _ in range(count):
            match data.draw(st.sampled_from(["write", "write", "delete", "rename", "restore"])):
                case "write":
                    self.write(
                        data.draw(store), data.draw(paths), data.draw(slots), data.draw(values), "right", data, ""
                    )
                case "delete":
                    self.delete(data.draw(store), data.draw(places), "none")
                case "rename":
                    self.rename(data.draw(store), data.draw(places), data.draw(store), data.draw(paths), "none")
                case _:
                    self.restore(data.draw(store), data.draw(places), data, "none")
            self.check()
        bob, self.session = self.session, "s-1"
        answer = self.done(revert(self.call, Selection(session=bob), message="back"))
        changed = {store: kept for store, kept in self.kept.items() if kept.files != before[store]}
        if not changed:
            assert isinstance(answer, Refusal)
            assert answer.code == "not_found"
            return
        assert not isinstance(answer, Refusal), answer
        assert answer.revisions.keys() == changed.keys()
        rows = {
            slug: self.run_(self.engine.read(partial(rows_of, slug, kept.head + 1))) for slug, kept in changed.items()
        }
        moves = {row.old_path: slug for slug, found in rows.items() for row in found if row.old_path.startswith("/")}
        for slug in changed:
            self.as_before(slug, before[slug], rows[slug], moves)

    def as_before(self, store: str, before: Files, rows: list[Change], moves: dict[str, str]) -> None:
        """Take a revision from the engine that has to lead back to a state."""
        kept = self.kept[store]
        whos = {memory_id: who for who, memory_id in self.ids.items()}
        files = {path: file for path, file in before.items() if file == kept.files.get(path)}
        for row in rows:
            if row.operation != "deleted":
                then = before[row.path]
                files[row.path] = replace(
                    then, version=row.version, number=row.change_number, by=(UNKNOWN,) * SLOTS, ends=UNKNOWN
                )
        assert files == before
        for row in reversed(rows):
            moved_to = moves.get(f"/{store}/{row.path}", "") if row.operation == "deleted" else ""
            kept.rows.append(replace(row_of(row, whos[row.memory_id], "back"), moved_to=moved_to))
        self.heads[store] = self.node(files, self.heads[store])
        kept.nodes.append(self.heads[store])

    @rule(store=stores, path=places)
    def redact(self, store: str, path: str) -> None:
        """Everywhere, from every version and message."""
        redaction = Redaction(store, path, SECRET, everywhere=True)
        author = Author(actor="user:ada", session_id=self.session)
        erased = self.done(self.eraser.erase(redaction, author))
        if isinstance(erased, Refusal):
            is_there = any(SECRET in file.slots for node in self.nodes for file in node.files.values())
            is_said = any(SECRET in row.message for kept in self.kept.values() for row in kept.rows)
            was_ever = self.kept[store].newest(path) is not None
            assert erased.code == "not_found"
            assert not was_ever or not (is_there or is_said)
            return
        assert erased.is_erased
        live = {slug: [p for p, f in kept.files.items() if SECRET in f.slots] for slug, kept in self.kept.items()}
        for node in self.nodes:
            node.files = {p: self.without_secret(file, is_whole=False) for p, file in node.files.items()}
        for slug, found in live.items():
            kept = self.kept[slug]
            kept.rows = [replace(row, message=row.message.replace(SECRET, "[redacted]")) for row in kept.rows]
            if found:
                self.commit(slug, [(p, "redacted", "", replace(kept.files[p], is_whole=True)) for p in found])
        assert erased.revisions == {slug: self.kept[slug].head for slug, found in live.items() if found}

    @staticmethod
    def without_secret(file: File, *, is_whole: bool) -> File:
        if SECRET not in file.slots:
            return file
        return replace(
            file, slots=tuple("[redacted]" if slot == SECRET else slot for slot in file.slots), is_whole=is_whole
        )

    @rule(keep=st.integers(1, 3), away=st.none() | stores)
    def prune(self, keep: int, away: str | None) -> None:
        """What goes is old, is nobody's present, and is no state that stores may be merged from; one may be deleted."""
        self.minutes += 1
        if away:
            self.run_(self.engine.delete_store(away))
        try:
            self.prune_now(keep, away)
        finally:
            if away:
                self.run_(self.engine.undelete_store(away))

    def prune_now(self, keep: int, away: str | None) -> None:
        plan = self.run_(self.eraser.plan_pruning([Pruning(keep_versions=keep)]))
        self.run_(self.eraser.prune([Pruning(keep_versions=keep)], Author(actor="user:ada")))
        going: set[Slots] = set()
        for copy in plan.copies:
            where, _, version = copy.where.removesuffix(" (of a deleted store)").rpartition(" version ")
            _, slug, path = where.split("/", 2)
            kept = self.kept[slug]
            file = kept.nodes[int(version)].files[path]
            newest = [row for row in kept.rows if row.who == file.who and row.operation != "deleted"][-keep:]
            assert all(row.version != int(version) for row in newest)
            going.add(file.slots)
        live = {file.slots for kept in self.kept.values() for file in kept.files.values()}
        assert not going & live, going
        pairs = [(one, other) for one in self.kept for other in self.kept if one < other and away not in {one, other}]
        bases = {file.slots for pair in pairs for base in self.bases(*pair) for file in base.values() if file.is_whole}
        assert not going & bases
        for node in self.nodes:
            node.files = {path: self.emptied(file, going) for path, file in node.files.items()}
        self.is_pruned = self.is_pruned or bool(going)

    @staticmethod
    def emptied(file: File, going: set[Slots]) -> File:
        return replace(file, slots=(GONE,) * SLOTS, is_whole=False) if file.slots in going else file

    @rule()
    def pack(self) -> None:
        self.run_(self.engine.pack())

    @rule(store=stores, more=st.integers(0, 4))
    @precondition(lambda self: len(self.kept) == STORES_MAX)
    def archive(self, store: str, more: int) -> None:
        if not more and not any(kept.is_archived for kept in self.kept.values()):
            self.run_(self.engine.archive_store(store))
            self.kept[store].is_archived = True

    @rule(store=stores)
    def delete_store_and_bring_it_back(self, store: str) -> None:
        """While it is away the others are as they were."""
        self.minutes += 1
        self.run_(self.engine.delete_store(store))
        answer = self.done(create(self.call, f"/{store}/a", "x"))
        assert isinstance(answer, Refusal)
        for slug in self.kept.keys() - {store}:
            self.run_(self.engine.read(partial(self.compare, slug, self.kept[slug].head)))
        self.run_(self.engine.undelete_store(store))

    @rule(store=stores, data=st.data())
    def look_back(self, store: str, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, self.kept[store].head))
        self.run_(self.engine.read(partial(self.compare, store, at)))

    def look_at_everything(self, store: str) -> None:
        def query(snapshot: Snapshot) -> None:
            for at in range(self.kept[store].head + 1):
                self.compare(store, at, snapshot)
            for path in [*PATHS, *FOLDERS]:
                self.compare_history(store, snapshot, ChangeFilter(path=path))
            for session in ("s-1", "bob-1"):
                self.compare_history(store, snapshot, ChangeFilter(session=session))
            for who in all_who(self.kept[store].rows):
                self.compare_history(store, snapshot, ChangeFilter(memory_id=self.ids[who]))

        self.run_(self.engine.read(query))

    def check_integrity(self) -> None:
        problems = self.run_(self.engine.database.read(verify)).problems
        assert not problems, problems

    @rule(store=stores)
    @precondition(lambda self: not self.is_pruned)
    def blame(self, store: str) -> None:
        for path, file in self.kept[store].files.items():
            if GONE in file.slots:
                continue
            found = self.run_(annotate(self.call, f"/{store}/{path}")).blame
            wrote = [(line.change.store, line.change.version) for line in found.lines]
            for n in range(SLOTS):
                if file.by[n] != UNKNOWN:
                    assert wrote[n * LINES] == self.home(file.by[n], store)
                if file.ends != UNKNOWN:
                    assert set(wrote[n * LINES + 1 : (n + 1) * LINES]) == {self.home(file.ends, store)}

    def home(self, by: Writer, store: str) -> tuple[str, int]:
        """A version as a store shows it: its own, where it began with it."""
        _, other, version = by
        mine, made = self.kept[store].nodes, self.kept[other].nodes
        return (store if version < len(mine) and mine[version] is made[version] else other), version

    @invariant()
    def the_present_is_as_the_model_says(self) -> None:
        self.check()

    def check(self) -> None:
        def query(snapshot: Snapshot) -> None:
            for slug, kept in self.kept.items():
                found = snapshot.store(slug)
                assert found is not None
                assert found.head == kept.head
                self.compare(slug, kept.head, snapshot)
                self.compare_history(slug, snapshot, ChangeFilter(after_version=kept.head - 1))

        self.run_(self.engine.read(query))

    def compare(self, store: str, at: int, snapshot: Snapshot) -> None:
        kept = self.kept[store]
        files = kept.nodes[at].files
        tree = snapshot.tree(store, at)
        revision, rows = snapshot.revision(store, at), [row for row in kept.rows if row.version == at]
        assert (revision and revision.message) == (rows[0].message if rows else None)
        assert [entry.path for entry in tree.walk()] == sorted(files, key=lambda path: path.split("/"))
        for path, file in files.items():
            entry = tree.entry(path)
            assert entry is not None
            assert (entry.version, entry.change_number) == (file.version, file.number)
            assert self.ids.setdefault(file.who, entry.memory_id) == entry.memory_id
            assert tree.text(entry) == (None if GONE in file.slots else text_of(file.slots))
            assert (entry.sha256 is not None) == file.is_whole
        assert len(set(self.ids.values())) == len(self.ids)
        for folder in ["", "f", "f/g", "e"]:
            inside = [file for path, file in files.items() if below(path, folder)]
            entry = tree.entry(folder)
            if folder in files:
                continue
            if folder and not inside:
                assert entry is None
            else:
                assert entry is not None
                assert (entry.files, entry.version) == (len(inside), kept.version(folder, at))

    def compare_history(self, store: str, snapshot: Snapshot, which: ChangeFilter) -> None:
        whos = {memory_id: who for who, memory_id in self.ids.items()}
        rows = snapshot.changes(store, which, 1_000)
        found = [(row_of(row, whos[row.memory_id], row.revision.message)) for row in rows]
        expected = [replace(row, moved_to="") for row in reversed(self.kept[store].rows) if fits(row, which, self.ids)]
        assert found == expected


def fits(row: Row, which: ChangeFilter, ids: dict[str, str]) -> bool:
    ways: Iterable[str] = (row.path, row.old_path)
    return (
        row.version > which.after_version
        and (not which.path or any(way == which.path or (way and below(way, which.path)) for way in ways))
        and which.session in {"", row.session}
        and which.memory_id in {"", ids[row.who]}
    )


def rows_of(store: str, version: int, snapshot: Snapshot) -> list[Change]:
    return list(snapshot.changes(store, ChangeFilter(after_version=version - 1, up_to_version=version), 100))


def row_of(row: Change, who: str, message: str) -> Row:
    session = row.revision.author.session_id
    return Row(
        row.version, row.path, row.operation, row.old_path, row.change_number, row.previous, who, session, message
    )


TestStores = Stores.TestCase
TestStores.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, derandomize=True, report_multiple_bugs=False
)
