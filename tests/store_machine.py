"""Stores that are begun, forked and written to through the tools, each beside its plain model."""

import asyncio
import sys
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, precondition, rule

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_server.sqlite.redaction import SqliteEraser
from dreamfs_server.sqlite.verify import verify
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Store
from dreamfs_tools.mounts import Mounts
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.str_replace import str_replace
from merge_model import SLOTS, File, Files, Node, Slot, Writer
from store_comparison import FOLDERS, PATHS, Comparison, text_of
from store_model import (
    GONE,
    Kept,
    Row,
    Slots,
    at_or_below,
    below,
    decided,
    find,
    is_below_a_file,
    is_folder,
)
from writing_world import noon

T = TypeVar("T")

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
stores: Bundle[str] = Bundle("stores")


class StoreWrites(RuleBasedStateMachine):
    """What one call does to one store, or by a rename to two; and what every machine over it needs."""

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
        self.comparison = Comparison(self.kept, self.ids)
        self.is_pruned = False

    def clock(self) -> Any:
        return noon() + timedelta(minutes=self.minutes)

    def run_(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                for store in self.kept:
                    self.run_(self.engine.read(partial(self.comparison.everything, store)))
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

    def check_integrity(self) -> None:
        problems = self.run_(self.engine.database.read(verify)).problems
        assert not problems, problems

    def check(self) -> None:
        self.run_(self.engine.read(self.comparison.present))
