"""Whatever stores are forked, written, renamed in, restored and merged: they agree with plain dictionaries.

A text here is a few slots with a fixed line between each two, so that what a merge by lines has to give is known without
merging lines: each slot has the value of the side that changed it.
"""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from dreamfs_server.sqlite.filesystem import Engine
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
from writing_world import noon

T = TypeVar("T")

PATHS = ["a", "b", "f/c", "f/d"]
SLOTS = 3


@dataclass(frozen=True)
class File:
    """A file of the model; `who` tells it from every other that ever was."""

    who: str
    slots: tuple[int, ...]


Files = dict[str, File]
"""Path → file."""


@dataclass
class Model:
    states: list[Files]
    lineage: dict[str, int]
    """What it began as → up to which revision."""


@dataclass(frozen=True)
class Merge:
    source: str
    source_at: int
    target: str
    target_at: int


def text_of(file: File) -> str:
    return "".join(f"slot {n}: {value}\nend of {n}\n" for n, value in enumerate(file.slots))


def merged(base: Files, theirs: Files, ours: Files) -> Files | None:
    """What a merge has to come to; None where it has to refuse."""
    known = {file.who for file in base.values()}
    then = {file.who: (path, file) for path, file in base.items()}
    new, now = named(base, theirs, ours), named(base, ours, theirs)
    for who, (path, _) in list(now.items()):
        twin = next((other for other, (at, _) in new.items() if at == path and other not in known | now.keys()), None)
        if who not in known | new.keys() and twin:
            now[twin] = now.pop(who)
    result: Files = {}
    for who in then.keys() | new.keys() | now.keys():
        old, their, our = then.get(who), new.get(who), now.get(who)
        if their is None or our is None:
            left = their or our
            if old is not None and left is not None and differs(left, old):
                return None
            if old is None and left is not None:
                if left[0] in result:
                    return None
                result[left[0]] = left[1]
            continue
        where = one_of(old and old[0], their[0], our[0])
        slots = [one_of(old and old[1].slots[n], their[1].slots[n], our[1].slots[n]) for n in range(SLOTS)]
        if where is None or where in result or any(slot is None for slot in slots):
            return None
        result[where] = replace(our[1], slots=tuple(slot for slot in slots if slot is not None))
    return result


def named(base: Files, side: Files, other: Files) -> dict[str, tuple[str, File]]:
    """Files by who they are; one written anew where a file of the base was is that file."""
    there = {file.who for file in side.values()}
    elsewhere = {file.who for files in (base, other) for file in files.values()}
    found: dict[str, tuple[str, File]] = {}
    for path, file in side.items():
        before = base.get(path)
        is_anew = before is not None and before.who not in there and file.who not in elsewhere
        found[before.who if before is not None and is_anew else file.who] = (path, file)
    return found


def differs(one: tuple[str, File], other: tuple[str, File]) -> bool:
    return (one[0], one[1].slots) != (other[0], other[1].slots)


def one_of(base: T | None, theirs: T, ours: T) -> T | None:
    """Three ways; None where there are two answers."""
    if theirs in {base, ours}:
        return ours
    return theirs if ours == base else None


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
        self.loop = asyncio.Runner()
        self.filesystem = self.opened()
        self.call = Call(self.filesystem, Mounts(), Author(session_id="s"))
        self.models: dict[str, Model] = {}
        self.merges: list[Merge] = []
        self.count = 0

    def opened(self) -> Filesystem:
        raise NotImplementedError

    def run_(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    def teardown(self) -> None:
        self.loop.close()

    def done(self, work: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer | Refusal:
        try:
            return self.run_(work())
        except Refusal as refusal:
            return refusal

    def commit(self, store: str, files: Files) -> None:
        self.models[store].states.append(files)

    def now(self, store: str) -> Files:
        return dict(self.models[store].states[-1])

    @initialize(target=stores)
    def first(self) -> str:
        self.models["memories"] = Model([{}], {})
        return "memories"

    @rule(target=stores, base=stores, data=st.data())
    @precondition(lambda self: len(self.models) < 3)
    def fork(self, base: str, data: st.DataObject) -> str:
        slug, states = f"fork-{len(self.models)}", self.models[base].states
        at = data.draw(st.integers(max(0, len(states) - 3), len(states) - 1))
        self.run_(cast("StoreKeeper", self.filesystem).fork_store(base, Store(slug, slug), at))
        earlier = {store: min(up_to, at) for store, up_to in self.models[base].lineage.items()}
        self.models[slug] = Model(states[: at + 1], {base: at} | earlier)
        return slug

    @rule(store=stores, path=st.sampled_from(PATHS), slot=st.integers(0, SLOTS - 1), value=st.integers(1, 3))
    def write(self, store: str, path: str, slot: int, value: int) -> None:
        files = self.now(store)
        self.count += 1
        old = files.get(path) or File(f"{store} {self.count}", (0,) * SLOTS)
        new = replace(old, slots=(*old.slots[:slot], value, *old.slots[slot + 1 :]))
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
        states, files = self.models[store].states, self.now(store)
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
        base, theirs, ours = self.base(source, into), self.now(source), self.now(into)
        expected = merged(base, theirs, ours)
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
        head = len(self.models[source].states) - 1
        if expected != ours:
            assert answer.data["version"] == len(self.models[into].states)
            self.commit(into, expected)
        else:
            assert answer.data["code"] == "unchanged"
        self.merges.append(Merge(source, head, into, len(self.models[into].states) - 1))
        again = self.run_(merge_stores(self.call, source, into))
        assert again.data["code"] == "unchanged"

    def base(self, source: str, target: str) -> Files:
        """The state that both have in them: of the last merge between them, or where they parted."""
        theirs, ours = self.lineage(source), self.lineage(target)
        for merge in reversed(self.merges):
            for one, other in ((theirs, ours), (ours, theirs)):
                if merge.source_at <= one.get(merge.source, -1) and merge.target_at <= other.get(merge.target, -1):
                    return self.models[merge.source].states[merge.source_at]
        common = next(store for store in theirs if store in ours)
        return self.models[common].states[min(theirs[common], ours[common])]

    def lineage(self, store: str) -> dict[str, int]:
        return {store: len(self.models[store].states) - 1} | self.models[store].lineage

    @invariant()
    def the_stores_hold_what_the_dictionaries_hold(self) -> None:
        for store, model in self.models.items():
            found = self.run_(self.filesystem.read(partial(held, store=store)))
            assert found == {path: text_of(file) for path, file in model.states[-1].items()}
            self.run_(self.filesystem.read(partial(lives, store=store)))

    @rule(store=stores, data=st.data())
    def look_back(self, store: str, data: st.DataObject) -> None:
        states = self.models[store].states
        at = data.draw(st.integers(0, len(states) - 1))
        found = self.run_(self.filesystem.read(partial(held, store=store, at=at)))
        assert found == {path: text_of(file) for path, file in states[at].items()}


class MergesInMemory(Merges):
    def opened(self) -> Filesystem:
        return MemoryFilesystem(clock=noon)


class MergesInSqlite(Merges):
    def opened(self) -> Filesystem:
        self.folder = tempfile.TemporaryDirectory()
        self.engine = self.run_(Engine.open(Path(self.folder.name) / "memory.db", noon))
        return self.engine

    def teardown(self) -> None:
        self.run_(self.engine.close())
        super().teardown()
        self.folder.cleanup()


TestMergesInMemory = MergesInMemory.TestCase
TestMergesInMemory.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestMergesInSqlite = MergesInSqlite.TestCase
TestMergesInSqlite.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
