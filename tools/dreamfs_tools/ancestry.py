"""A file's changes in all the stores that its text came through, in the order in which they came to be in it.

What a store merge brought stands before the change that the merge made, what a file was before it came from another store
before its arrival. A change that came by several ways stands where it came first.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from dreamfs_tools.difference import all_changes
from dreamfs_tools.filesystem import Change, ChangeFilter, FileAt
from dreamfs_tools.lineage import Lineage, is_incoming, is_move_in

Key = tuple[str, int, str, int]


@dataclass(frozen=True, slots=True)
class Step:
    """One change in the life of a file."""

    life: Sequence[Change]
    """All changes of the file in the store that shows this one, oldest first."""
    index: int
    """Of the change among them."""
    is_moved: bool
    """It was made before the file came from another store; False: in this store, or in one that was merged in."""

    @property
    def change(self) -> Change:
        """The change itself."""
        return self.life[self.index]


@dataclass(slots=True)
class Ancestry:
    """Reads the ancestry of files; what several have in common is read once."""

    lineage: Lineage
    _lives: dict[tuple[str, str], Sequence[Change]] = field(default_factory=dict[tuple[str, str], "Sequence[Change]"])

    def key(self, change: Change) -> Key:
        """Tells a change of a file from all others, whichever store shows it."""
        return *self.lineage.key(change), change.change_number

    def life(self, store: str, memory_id: str) -> Sequence[Change]:
        """The changes of a file that a store shows, oldest first."""
        if (store, memory_id) not in self._lives:
            rows = all_changes(self.lineage.snapshot, store, ChangeFilter(memory_id=memory_id))
            self._lives[store, memory_id] = sorted(rows, key=lambda row: (row.version, row.change_number))
        return self._lives[store, memory_id]

    def steps(self, store: str, memory_id: str, own: AbstractSet[Key]) -> Sequence[Step]:
        """All that made a file what it is, oldest first.

        Args:
            store: where the file is or was.
            memory_id: which.
            own: changes that are looked at with their own store: what a move among them took along is left out.
        """
        left: list[tuple[Iterator[Step], Step | None]] = []
        found: list[Step] = []
        seen: set[Key] = set()
        left.append((self._life_steps(FileAt(store, -1, memory_id), is_moved=False), None))
        while left:
            steps, then = left[-1]
            step = next(steps, None)
            if step is None:
                left.pop()
                found += [then] if then else []
                continue
            change = step.change
            if self.key(change) in seen:
                continue
            seen.add(self.key(change))
            came_from = change.came_from
            is_left_out = is_move_in(change) and self.key(change) in own
            if came_from and is_incoming(change) and self.lineage.follows(came_from) and not is_left_out:
                is_moved = step.is_moved or is_move_in(change)
                left.append((self._life_steps(came_from, is_moved=is_moved), step))
            else:
                found.append(step)
        return found

    def _life_steps(self, at: FileAt, *, is_moved: bool) -> Iterator[Step]:
        life = self.life(at.store, at.memory_id)
        for index, change in enumerate(life):
            if at.revision < 0 or change.version <= at.revision:
                yield Step(life, index, is_moved)
