"""What stores hold and held, kept plainly: the whole state after every revision, and every row of history.

Nothing here merges by lines, stores differences or follows references. What each call has to come to is said in the words of
the rules, over these dictionaries.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from merge_model import SLOTS, File, Files, Node, Slot, Writer, one_of

GONE = "gone"
"""What the slots of a text hold of which nothing is left."""
UNKNOWN: Writer = (-1, "", 0)
"""Of a slot whose writer the model does not follow."""
Slots = tuple[Slot, ...]
Edit = Callable[[File | None], Slots | None]
"""What a request makes of the file at its path; None where it has to refuse."""


@dataclass(frozen=True)
class Row:
    """A row of history."""

    version: int
    path: str
    operation: str
    old_path: str
    number: int
    previous: int
    who: str
    session: str
    message: str
    moved_to: str = ""
    """The store to which a file left this one."""


@dataclass
class Kept:
    """One store."""

    name: str
    nodes: list[Node] = field(default_factory=lambda: [Node({})])
    """Its state after each revision."""
    rows: list[Row] = field(default_factory=list[Row])
    """Oldest first."""
    is_archived: bool = False

    @property
    def head(self) -> int:
        return len(self.nodes) - 1

    @property
    def files(self) -> Files:
        return self.nodes[-1].files

    def forked(self, name: str, at: int) -> "Kept":
        """A store that begins as this one was. Where a file went that had left is not its affair."""
        rows = [replace(row, moved_to="") for row in self.rows if row.version <= at]
        return Kept(name, self.nodes[: at + 1], rows)

    def version(self, path: str, at: int | None = None) -> int:
        """Of a file, or of a folder: when anything below it was last touched. 0 where there is nothing."""
        files = self.nodes[self.head if at is None else at].files
        if path in files:
            return files[path].version
        if path and not is_folder(path, files):
            return 0
        until = self.head if at is None else at
        return max((row.version for row in self.rows if row.version <= until and touches_below(row, path)), default=0)

    def newest(self, path: str) -> Row | None:
        """The newest row of a path or of anything below it."""
        return next(
            (
                row
                for row in reversed(self.rows)
                if row.path == path or touches_below(row, path) or row.old_path == path
            ),
            None,
        )

    def last(self, who: str, until: int | None = None) -> Row | None:
        """The newest row of a file."""
        return next((r for r in reversed(self.rows) if r.who == who and (until is None or r.version <= until)), None)


def below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")


def touches_below(row: Row, folder: str) -> bool:
    return below(row.path, folder) or (
        bool(row.old_path) and not row.old_path.startswith("/") and below(row.old_path, folder)
    )


def is_folder(path: str, files: Iterable[str]) -> bool:
    return any(below(other, path) for other in files)


def is_below_a_file(path: str, files: Iterable[str]) -> bool:
    return any(below(path, other) for other in files)


def at_or_below(path: str, files: Files) -> Files:
    return {other: file for other, file in files.items() if other == path or below(other, path)}


def clashes(paths: Iterable[str]) -> bool:
    """Whether two files would have one path, or one would lie below another."""
    listed = list(paths)
    return len(set(listed)) < len(listed) or any(is_below_a_file(path, listed) for path in listed)


def find(files: Mapping[str, File], who: str) -> tuple[str, File] | None:
    return next(((path, file) for path, file in files.items() if file.who == who), None)


@dataclass(frozen=True)
class Decision:
    """What has to come of a write to one path."""

    code: Literal["ok", "merged", "unchanged", "already_applied", "refused"]
    slots: Slots = ()


REFUSED = Decision("refused")


def decided(kept: Kept, path: str, edit: Edit, expected: int | None, *, is_create: bool, may_merge: bool) -> Decision:
    """DESIGN section 4, for `create` and `str_replace`."""
    files = kept.files
    now = files.get(path)
    if is_folder(path, files) or (may_merge and expected is None):
        return REFUSED
    if expected is None and is_create and now:
        return REFUSED
    if expected is not None and expected != kept.version(path):
        return late(kept, path, edit, expected, is_create=is_create, may_merge=may_merge)
    if is_create and is_below_a_file(path, files):
        return REFUSED
    slots = edit(now)
    if slots is None:
        return REFUSED
    return Decision("unchanged" if now and now.slots == slots else "ok", slots)


def late(kept: Kept, path: str, edit: Edit, expected: int, *, is_create: bool, may_merge: bool) -> Decision:
    """The path is not at the version sent."""
    now, newest = kept.files.get(path), kept.newest(path)
    if newest is not None and now is not None and newest.path == path:
        then = kept.nodes[newest.version - 1].files
        before = then.get(path)
        is_possible = not is_folder(path, then) and not (is_create and is_below_a_file(path, then))
        is_next = kept.version(path, newest.version - 1) == expected
        slots = edit(before) if is_possible and is_next else None
        is_change = slots is not None and not (before and before.slots == slots)
        if is_change and now.slots == slots and newest.operation in {"created", "modified", "restored", "merged"}:
            return Decision("already_applied")
    if not may_merge or now is None or not 0 < expected <= kept.head:
        return REFUSED
    seen = kept.nodes[expected].files.get(path)
    if seen is None or seen.version != expected or seen.who != now.who or not seen.is_whole or GONE in now.slots:
        return REFUSED
    wanted = edit(seen)
    if wanted is None:
        return REFUSED
    both = three_ways(seen.slots, wanted, now.slots)
    if both is None:
        return REFUSED
    return Decision("unchanged" if both == now.slots else "merged", both)


def three_ways(base: Slots, theirs: Slots, ours: Slots) -> Slots | None:
    slots = [one_of(base[n], theirs[n], ours[n]) for n in range(SLOTS)]
    return None if None in slots else tuple(slot for slot in slots if slot is not None)


class Overlap(Exception):  # noqa: N818  # a finding, not a failure
    """What cannot be taken back."""


def taken_back(
    before: tuple[str, File] | None, after: tuple[str, File] | None, now: tuple[str, File] | None
) -> tuple[str, File] | None:
    """What one file comes to when the change from `before` to `after` is taken back.

    Raises:
        Overlap: others changed the same since.
    """
    result = _taken_back(before, after, now)
    if result and not result[1].is_whole and not (now and now[1].slots == result[1].slots):
        raise Overlap
    return result


def _taken_back(
    before: tuple[str, File] | None, after: tuple[str, File] | None, now: tuple[str, File] | None
) -> tuple[str, File] | None:
    if after is None:
        return now or before
    if now is None:
        return None
    if before is None:
        if now != after:
            raise Overlap
        return None
    if before == after:
        return now
    path = one_of(after[0], before[0], now[0])
    if path is None:
        raise Overlap
    old, new, here = before[1], after[1], now[1]
    if old.slots in {new.slots, here.slots}:
        return path, here
    if here.slots == new.slots:
        return path, replace(here, slots=old.slots, is_whole=old.is_whole)
    slots = three_ways(new.slots, old.slots, here.slots)
    if slots is None or not (new.is_whole and old.is_whole):
        raise Overlap
    return path, replace(here, slots=slots)


def all_who(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.who for row in rows))
