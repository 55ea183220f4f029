"""Whatever is done to stores through the tools, in whatever order: everything that can be seen agrees with a plain model."""

from dataclasses import replace
from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from dreamfs_tools.annotation import annotate
from dreamfs_tools.create import create
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author
from dreamfs_tools.merging_stores import merge_stores
from dreamfs_tools.redaction import Pruning, Redaction
from merge_model import SLOTS, File, Files, ancestors, merged, named
from store_machine import SECRET, STORES_MAX, Touched, places, stores
from store_model import (
    GONE,
    Slots,
    clashes,
    find,
)
from store_reverts import StoreReverts


class Stores(StoreReverts):
    """What is done to whole stores."""

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
            self.run_(self.engine.read(partial(self.comparison.state, slug, self.kept[slug].head)))
        self.run_(self.engine.undelete_store(store))

    @rule(store=stores, data=st.data())
    def look_back(self, store: str, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, self.kept[store].head))
        self.run_(self.engine.read(partial(self.comparison.state, store, at)))

    @rule(store=stores)
    @precondition(lambda self: not self.is_pruned)
    def blame(self, store: str) -> None:
        for path, file in self.kept[store].files.items():
            if GONE in file.slots:
                continue
            found = self.run_(annotate(self.call, f"/{store}/{path}")).blame
            self.comparison.writers(store, file, found.lines)

    @invariant()
    def the_present_is_as_the_model_says(self) -> None:
        self.check()


TestStores = Stores.TestCase
TestStores.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, derandomize=True, report_multiple_bugs=False
)
