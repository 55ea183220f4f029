"""Any sequence of writes and forks: the engine agrees with a plain dictionary of histories."""

import asyncio
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.filesystem import (
    Author,
    ChangeFilter,
    Edit,
    Entry,
    Move,
    Planned,
    Put,
    Remove,
    Snapshot,
    Store,
    Tree,
)

T = TypeVar("T")

PATHS = ["a", "a/b", "a/b/c", "a.b", "a/d", "e/f", "e/g", "e/g/h", "i"]
TEXTS = ["", "1\n", "1\n" * 100, "1\n" * 100 + "2\n", "3\n" * 100]

File = tuple[str, int, str]  # memory, version, text
Row = tuple[int, str, str, str]  # version, operation, path, old path


@dataclass
class Kept:
    """One store: its files after each revision, and its rows of history."""

    states: list[dict[str, File]] = field(default_factory=lambda: [{}])
    rows: list[Row] = field(default_factory=list[Row])

    def can_hold(self, path: str, files: dict[str, File]) -> bool:
        return path not in files and not any(below(other, path) or below(path, other) for other in files)


def below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")


def segments(path: str) -> list[str]:
    return path.split("/")


class Histories(RuleBasedStateMachine):
    stores: Bundle[str] = Bundle("stores")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.Runner()
        self.engine = self.run_(Engine.open(Path(self.folder.name) / "memory.db", lambda: datetime.now(UTC)))
        self.kept: dict[str, Kept] = {}
        self.ids: dict[str, str] = {}

    def run_(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    def teardown(self) -> None:
        self.run_(self.engine.close())
        self.loop.close()
        self.folder.cleanup()

    @initialize(target=stores)
    def first(self) -> str:
        self.kept["memories"] = Kept()
        return "memories"

    @rule(target=stores, base=stores, data=st.data())
    @precondition(lambda self: len(self.kept) < 4)
    def fork(self, base: str, data: st.DataObject) -> str:
        slug, kept = f"fork-{len(self.kept)}", self.kept[base]
        at = data.draw(st.integers(0, len(kept.states) - 1))
        self.run_(self.engine.fork_store(base, Store(slug, slug), at))
        self.kept[slug] = Kept(kept.states[: at + 1], [row for row in kept.rows if row[0] <= at])
        return slug

    @rule(store=stores, data=st.data())
    def write(self, store: str, data: st.DataObject) -> None:
        kept = self.kept[store]
        files, number = dict(kept.states[-1]), len(kept.states)
        edits: list[Edit] = []
        rows: list[Row] = []
        touched: set[str] = set()
        for _ in range(data.draw(st.integers(1, 3))):
            verb = data.draw(st.sampled_from(["put", "remove", "move"]))
            free = sorted(path for path in PATHS if path not in touched and kept.can_hold(path, files))
            taken = sorted(path for path in files if path not in touched)
            if verb == "put" and (choice := [path for path in PATHS if path in free or path in taken]):
                path, text = data.draw(st.sampled_from(choice)), data.draw(st.sampled_from(TEXTS))
                operation: Literal["created", "modified"] = "modified" if path in files else "created"
                edits.append(Put(store, path, text, operation))
                memory = files[path][0] if path in files else f"{store}@{number}:{path}"
                files[path] = (memory, number, text)
                rows.append((number, operation, path, ""))
                touched.add(path)
            elif verb == "remove" and taken:
                path = data.draw(st.sampled_from(taken))
                edits.append(Remove(store, path))
                del files[path]
                rows.append((number, "deleted", path, ""))
                touched.add(path)
            elif verb == "move" and taken and free:
                path, new_path = data.draw(st.sampled_from(taken)), data.draw(st.sampled_from(free))
                edits.append(Move(store, path, store, new_path))
                memory, _, text = files.pop(path)
                files[new_path] = (memory, number, text)
                rows.append((number, "renamed", new_path, path))
                touched |= {path, new_path}
        if not edits:
            return
        _, committed = self.run_(self.engine.write(lambda _: Planned(None, edits), Author(session_id=store)))
        assert committed is not None
        assert committed.revisions[store].number == number
        rows.sort(key=lambda row: segments(row[2]))
        assert [(c.version, c.operation, c.path, c.old_path) for c in committed.changes] == rows
        kept.states.append(files)
        kept.rows = rows + kept.rows

    @rule()
    def pack(self) -> None:
        self.run_(self.engine.pack())

    @rule(store=stores, data=st.data())
    def look_back(self, store: str, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.kept[store].states) - 1))
        self.run_(self.engine.read(lambda snapshot: self.compare(store, snapshot.tree(store, at), at)))

    @rule(store=stores, path=st.sampled_from(["", *PATHS, "e"]), limit=st.integers(1, 4))
    def read_history(self, store: str, path: str, limit: int) -> None:
        expected = [row for row in self.kept[store].rows if not path or self.shows(row, path)]

        def pages(snapshot: Snapshot) -> list[Row]:
            found: list[Row] = []
            before = None
            while page := snapshot.changes(store, ChangeFilter(path=path, before=before), limit):
                found += [(c.version, c.operation, c.path, c.old_path) for c in page]
                before = (page[-1].version, page[-1].path)
            return found

        assert self.run_(self.engine.read(pages)) == expected

    @invariant()
    def the_present_is_as_the_dictionary_says(self) -> None:
        for store, kept in self.kept.items():
            self.run_(self.engine.read(partial(self.compare_now, store, len(kept.states) - 1)))

    def compare_now(self, store: str, head: int, snapshot: Snapshot) -> None:
        self.compare(store, snapshot.tree(store), head)

    def compare(self, store: str, tree: Tree, at: int) -> None:
        files = self.kept[store].states[at]
        paths = sorted(files, key=segments)
        assert [entry.path for entry in tree.walk()] == paths
        for path in ["", *PATHS, "e"]:
            entry = tree.entry(path)
            if path in files:
                assert entry is not None
                memory, version, text = files[path]
                assert (entry.kind, entry.version, tree.text(entry)) == ("file", version, text)
                assert self.ids.setdefault(memory, entry.memory_id) == entry.memory_id
            else:
                self.compare_folder(store, entry, path, at)
        folders = {"/".join(segments(path)[:n]) for path in files for n in range(1, path.count("/") + 1)}
        shallow = sorted((path for path in folders | set(files) if path.count("/") < 2), key=segments)
        assert [entry.path for entry in tree.walk(depth=2)] == shallow

    def compare_folder(self, store: str, entry: Entry | None, path: str, at: int) -> None:
        kept = self.kept[store]
        inside = [file for name, file in kept.states[at].items() if not path or below(name, path)]
        if path and not inside:
            assert entry is None
            return
        assert entry is not None
        touched = [
            row[0] for row in kept.rows if row[0] <= at and (not path or below(row[2], path) or below(row[3], path))
        ]
        size = sum(len(text) for _, _, text in inside)
        assert (entry.kind, entry.files, entry.size_bytes) == ("folder", len(inside), size)
        assert entry.version == max(touched, default=0)
        assert (entry.revision.number if entry.revision else 0) == entry.version

    @staticmethod
    def shows(row: Row, path: str) -> bool:
        return any(shown == path or below(shown, path) for shown in row[2:])


Histories.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestHistories = Histories.TestCase
