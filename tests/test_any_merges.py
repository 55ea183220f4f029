"""Whatever stores are forked, written, renamed in, restored and merged: they agree with plain dictionaries."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.annotation import annotate
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.create import create
from dreamfs_tools.delete import delete
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Filesystem, Snapshot, Store
from dreamfs_tools.merging_stores import merge_stores
from dreamfs_tools.mounts import Mounts
from dreamfs_tools.rename import rename
from dreamfs_tools.restore import restore
from dreamfs_tools.stores import StoreKeeper
from memory_filesystem import MemoryFilesystem
from merge_model import SLOTS, File, Files, Node, Writer, ancestors, merged
from writing_world import noon

T = TypeVar("T")

PATHS = ["a", "b", "f/c", "f/d"]


def text_of(file: File) -> str:
    return "".join(f"slot {n}: {value}\nend of {n}\n" for n, value in enumerate(file.slots))


def version_of(snapshot: Snapshot, store: str, path: str) -> int:
    entry = snapshot.tree(store).entry(path)
    return entry.version if entry else 0


def held(snapshot: Snapshot, store: str, at: int | None = None) -> dict[str, str]:
    return {entry.path: text for entry, text in snapshot.tree(store, at).texts()}


def lives(snapshot: Snapshot, store: str) -> None:
    ids = [entry.memory_id for entry in snapshot.tree(store).walk()]
    assert len(ids) == len(set(ids))


class Merges(RuleBasedStateMachine):
    stores: Bundle[str] = Bundle("stores")

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.loop = asyncio.Runner()
        self.filesystem = self.opened()
        self.call = Call(self.filesystem, Mounts(), Author(session_id="s"))
        self.states: dict[str, list[Files]] = {}
        self.nodes: dict[str, list[Node]] = {}
        """For each revision of a store, its node."""
        self.heads: dict[str, Node] = {}

    def opened(self) -> Filesystem:
        raise NotImplementedError

    def minute(self) -> datetime:
        """A time that is later with every change of the model."""
        return noon() + timedelta(minutes=self.count)

    def run_(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    def teardown(self) -> None:
        self.loop.close()

    def done(self, work: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer | Refusal:
        try:
            return self.run_(work())
        except Refusal as refusal:
            return refusal

    def commit(self, store: str, files: Files, *merged_in: Node) -> None:
        self.grow(store, Node(files, (self.heads[store], *merged_in)))

    def grow(self, store: str, node: Node) -> None:
        self.heads[store] = node
        self.nodes[store].append(node)
        self.states[store].append(node.files)

    def now(self, store: str) -> Files:
        return dict(self.states[store][-1])

    @initialize(target=stores)
    def first(self) -> str:
        self.states["memories"], self.nodes["memories"] = [{}], [Node({})]
        self.heads["memories"] = self.nodes["memories"][0]
        return "memories"

    @rule(target=stores, base=stores, data=st.data())
    @precondition(lambda self: len(self.states) < 3)
    def fork(self, base: str, data: st.DataObject) -> str:
        slug, states = f"fork-{len(self.states)}", self.states[base]
        at = data.draw(st.integers(max(0, len(states) - 3), len(states) - 1))
        self.run_(cast("StoreKeeper", self.filesystem).fork_store(base, Store(slug, slug), at))
        self.states[slug] = states[: at + 1]
        self.nodes[slug] = self.nodes[base][: at + 1]
        self.heads[slug] = self.nodes[slug][-1]
        return slug

    @rule(store=stores, path=st.sampled_from(PATHS), slot=st.integers(0, SLOTS - 1), value=st.integers(1, 3))
    def write(self, store: str, path: str, slot: int, value: int) -> None:
        files = self.now(store)
        self.count += 1
        by = (self.count, store, len(self.states[store]))
        old = files.get(path) or File(f"{store} {self.count}", (0,) * SLOTS, (by,) * SLOTS, by)
        new = replace(old, slots=(*old.slots[:slot], value, *old.slots[slot + 1 :]))
        if new.slots != old.slots:
            new = replace(new, by=(*old.by[:slot], by, *old.by[slot + 1 :]))
        if files.get(path) == new:
            return
        version = self.run_(self.filesystem.read(lambda snapshot: version_of(snapshot, store, path)))
        self.run_(create(self.call, f"/{store}/{path}", text_of(new), expected_version=version))
        self.commit(store, files | {path: new})

    @rule(store=stores, path=st.sampled_from(PATHS))
    def delete(self, store: str, path: str) -> None:
        files = self.now(store)
        answer = self.done(lambda: delete(self.call, f"/{store}/{path}"))
        assert isinstance(answer, Answer) == (path in files)
        if files.pop(path, None):
            self.commit(store, files)

    @rule(store=stores, path=st.sampled_from(PATHS), new_path=st.sampled_from(PATHS))
    def rename(self, store: str, path: str, new_path: str) -> None:
        files = self.now(store)
        answer = self.done(lambda: rename(self.call, f"/{store}/{path}", f"/{store}/{new_path}"))
        assert isinstance(answer, Answer) == (path in files and new_path not in files)
        if isinstance(answer, Answer):
            files[new_path] = files.pop(path)
            self.commit(store, files)

    @rule(store=stores, path=st.sampled_from(PATHS), data=st.data())
    def restore(self, store: str, path: str, data: st.DataObject) -> None:
        states, files = self.states[store], self.now(store)
        at = data.draw(st.integers(0, len(states) - 1))
        then, here = states[at].get(path), files.get(path)
        answer = self.done(lambda: restore(self.call, f"/{store}/{path}", at))
        assert isinstance(answer, Answer) == (then is not None)
        if then is None or (here is not None and here.slots == then.slots):
            return
        self.count += 1
        is_free = all(file.who != then.who for file in files.values())
        who = here.who if here else then.who if is_free else f"{store} {self.count}"
        self.commit(store, files | {path: replace(then, who=who)})

    @rule(source=stores, into=stores)
    def merge(self, source: str, into: str) -> None:
        if source == into:
            return
        theirs, ours = self.now(source), self.now(into)
        results = [merged(base, theirs, ours) for base in self.bases(source, into)]
        expected = results[0] if all(result == results[0] for result in results) else None
        planned = self.done(lambda: merge_stores(self.call, source, into, dry_run=True))
        back = self.done(lambda: merge_stores(self.call, into, source, dry_run=True))
        answer = self.done(lambda: merge_stores(self.call, source, into))
        assert isinstance(answer, Answer) == isinstance(planned, Answer) == isinstance(back, Answer)
        if expected is None:
            assert isinstance(answer, Refusal)
            assert answer.code == "conflict"
            return
        assert isinstance(answer, Answer), answer
        assert isinstance(planned, Answer)
        assert answer.data["changes"] == planned.data["changes"]
        if expected != ours:
            assert answer.data["version"] == len(self.states[into])
            self.commit(into, expected, self.heads[source])
        else:
            assert answer.data["code"] == "unchanged"
            self.heads[into] = Node(ours, (self.heads[into], self.heads[source]))
        again = self.run_(merge_stores(self.call, source, into))
        assert again.data["code"] == "unchanged"

    def bases(self, source: str, into: str) -> list[Files]:
        """The common states that are in no other common state."""
        common = ancestors(self.heads[source]) & ancestors(self.heads[into])
        return [node.files for node in common if not any(node in ancestors(one) for one in common - {node})]

    @invariant()
    def the_stores_hold_what_the_dictionaries_hold(self) -> None:
        for store, states in self.states.items():
            found = self.run_(self.filesystem.read(partial(held, store=store)))
            assert found == {path: text_of(file) for path, file in states[-1].items()}
            self.run_(self.filesystem.read(partial(lives, store=store)))

    @rule(store=stores)
    def blame(self, store: str) -> None:
        for path, file in self.states[store][-1].items():
            found = self.run_(annotate(self.call, f"/{store}/{path}"))
            wrote = [(line.change.store, line.change.version) for line in found.blame.lines]
            expected = [self.home(by, store) for n in range(SLOTS) for by in (file.by[n], file.ends)]
            assert wrote == expected

    def home(self, by: Writer, store: str) -> tuple[str, int]:
        """A version as a store shows it: its own, where it began with it."""
        _, other, version = by
        base = self.nodes[other][version] if version < len(self.nodes[other]) else None
        is_own = version < len(self.nodes[store]) and self.nodes[store][version] is base
        return (store if is_own else other), version

    @rule(store=stores, data=st.data())
    def look_back(self, store: str, data: st.DataObject) -> None:
        states = self.states[store]
        at = data.draw(st.integers(0, len(states) - 1))
        found = self.run_(self.filesystem.read(partial(held, store=store, at=at)))
        assert found == {path: text_of(file) for path, file in states[at].items()}


class MergesInMemory(Merges):
    def opened(self) -> Filesystem:
        return MemoryFilesystem()


class MergesInSqlite(Merges):
    def opened(self) -> Filesystem:
        self.folder = tempfile.TemporaryDirectory()
        self.engine = self.run_(Engine.open(Path(self.folder.name) / "memory.db", self.minute))
        return self.engine

    def teardown(self) -> None:
        self.run_(self.engine.close())
        super().teardown()
        self.folder.cleanup()


TestMergesInMemory = MergesInMemory.TestCase
TestMergesInMemory.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, report_multiple_bugs=False
)
TestMergesInSqlite = MergesInSqlite.TestCase
TestMergesInSqlite.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None, report_multiple_bugs=False
)
