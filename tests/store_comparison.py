"""Whether stores show what the plain model holds: every state, every row of history, every writer of a line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dreamfs_tools.blame import Line
from dreamfs_tools.filesystem import Change, ChangeFilter, Snapshot
from merge_model import SLOTS, File, Writer
from store_model import (
    GONE,
    UNKNOWN,
    Kept,
    Row,
    Slots,
    all_who,
    below,
)

PATHS = ["a", "f/b", "f/g", "f/g/d", "h"]
FOLDERS = ["", "f", "e"]


def text_of(slots: Slots) -> str:
    """Long enough to be stored as a difference, in lines too short to be looked for by themselves."""
    return "".join(
        f"{n}: {value}\n" + "".join(f"end {n}.{k} {k**6}\n" for k in range(5)) for n, value in enumerate(slots)
    )


LINES = 6
"""For each slot."""


@dataclass(frozen=True)
class Comparison:
    """The model's stores beside a snapshot of the real ones."""

    kept: dict[str, Kept]
    ids: dict[str, str]
    """Who a file is in the model → its memory; filled as files are met."""

    def present(self, snapshot: Snapshot) -> None:
        """Every store as it is now, and its newest revision."""
        for slug, kept in self.kept.items():
            found = snapshot.store(slug)
            assert found is not None
            assert found.head == kept.head
            self.state(slug, kept.head, snapshot)
            self.history(slug, snapshot, ChangeFilter(after_version=kept.head - 1))

    def everything(self, store: str, snapshot: Snapshot) -> None:
        """All that a store was, and its history in every way it can be asked for."""
        for at in range(self.kept[store].head + 1):
            self.state(store, at, snapshot)
        for path in [*PATHS, *FOLDERS]:
            self.history(store, snapshot, ChangeFilter(path=path))
        for session in ("s-1", "bob-1"):
            self.history(store, snapshot, ChangeFilter(session=session))
        for who in all_who(self.kept[store].rows):
            self.history(store, snapshot, ChangeFilter(memory_id=self.ids[who]))

    def writers(self, store: str, file: File, lines: Sequence[Line]) -> None:
        """Who wrote each line of a file, as far as the model follows it."""
        wrote = [(line.change.store, line.change.version) for line in lines]
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

    def state(self, store: str, at: int, snapshot: Snapshot) -> None:
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

    def history(self, store: str, snapshot: Snapshot, which: ChangeFilter) -> None:
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
