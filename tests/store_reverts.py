"""Changes that are taken back, held against the plain model."""

from dataclasses import replace
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import rule

from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change
from dreamfs_tools.revert import revert
from dreamfs_tools.selection import Selection
from merge_model import SLOTS, File, Files, Slot
from store_comparison import row_of, rows_of
from store_machine import StoreWrites, Touched, paths, places, slots, stores, values
from store_model import (
    GONE,
    UNKNOWN,
    Overlap,
    Row,
    all_who,
    below,
    clashes,
    find,
    taken_back,
)


class StoreReverts(StoreWrites):
    """Reverts of one version among others, and of all that a session did."""

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
