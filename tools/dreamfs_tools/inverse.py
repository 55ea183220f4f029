"""What takes some changes back and keeps what others wrote since. Pure.

The changes of one file that are to be undone fall into runs with nothing of others between. A run is undone by a three-way
merge of the file's whole state, newest run first: the base is what the run left behind, one side is what it found, the
other is what is there now. Existence and path are merged as the text is: what others did not touch goes back, what both
touched is an overlap, and an overlap is reported and never guessed at. A file that others deleted since stays deleted: of
the change in it nothing is left. One that others brought back is left as they made it.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Literal

from dreamfs_tools.ancestry import Ancestry, Key, Step
from dreamfs_tools.conflict import arrived
from dreamfs_tools.filesystem import Change, ChangeFilter, Edit, Entry, FileAt, Move, Put, Remove, Snapshot
from dreamfs_tools.lineage import Lineage, Sees, sees_all
from dreamfs_tools.merge import Overlap, merge

Inherited = Sequence[tuple[str, str, Change]]
"""(store, memory, change): a change in another store that is in a file of this one."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file at a moment: where it is and what it says."""

    store: str
    path: str
    text: str | None
    """None where the content is gone; what moved the file can be undone all the same."""
    content_key: int = field(default=0, compare=False)
    """Tells equal contents that are gone: see `Entry`."""
    is_whole: bool = field(default=True, compare=False)
    """Whether nothing of the content was redacted."""

    def says_as(self, other: "Held") -> bool:
        """Whether both hold the same content."""
        if self.text is None or other.text is None:
            return self.text is other.text and self.content_key == other.content_key != 0
        return self.text == other.text


@dataclass(frozen=True, slots=True)
class Undone:
    """What becomes of one file; None where it is not, or will not be."""

    memory_id: str
    now: Held | None
    then: Held | None
    entry: Entry | None
    """The file as it is now."""
    version: int
    """The last in which its store had a change of it."""
    is_exact: bool
    """The text goes back to one that was there before; False: merged with what others wrote since."""

    @property
    def held(self) -> Held:
        """Where to speak of it."""
        held = self.now or self.then
        assert held is not None
        return held


@dataclass(frozen=True, slots=True)
class Blocked:
    """A file whose changes cannot be taken back."""

    store: str
    path: str
    why: str
    since: Sequence[Change] = ()
    """What others did to it after the changes, newest first."""
    overlaps: Sequence[Overlap] = ()
    """Where both changed the text: `ours` is now, `theirs` what it would go back to."""


@dataclass(frozen=True, slots=True)
class Inverse:
    """How to take changes back."""

    files: Sequence[Undone]
    """Those for which there is something to do, sorted by store and path."""
    blocked: Sequence[Blocked]

    @property
    def edits(self) -> Sequence[Edit]:
        """What does it."""
        return _edits(self.files)


def invert(snapshot: Snapshot, changes: Sequence[Change], inherited: Inherited = (), sees: Sees = sees_all) -> Inverse:
    """Find out how to take changes back.

    Args:
        snapshot: the stores as they are.
        changes: what is to be undone, of one or several stores.
        inherited: what is to be undone in a file, of what came into it from other stores.
        sees: which other stores may be looked into.
    """
    ancestry = Ancestry(Lineage(snapshot, sees))
    files: list[Undone] = []
    blocked: list[Blocked] = []
    chosen: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        chosen.setdefault((change.store, change.memory_id), []).append(change)
    own = {ancestry.key(change) for change in changes}
    wanted: dict[tuple[str, str], list[Change]] = {where: list(rows) for where, rows in chosen.items()}
    for store, memory_id, change in inherited:
        wanted.setdefault((store, memory_id), []).append(change)
    for (store, memory_id), rows in wanted.items():
        line = _Line(ancestry, store, memory_id, {ancestry.key(row) for row in rows}, own)
        try:
            undone = line.undo()
        except _Overlapping as overlapping:
            blocked.append(overlapping.blocked)
        else:
            files += [undone] if undone is not None else []
    files, alone = _joined(snapshot, files, chosen)
    files, taken = _settled(snapshot, files)
    by_path = sorted([*blocked, *alone, *taken], key=lambda one: (one.store, one.path.split("/")))
    return Inverse(sorted(files, key=lambda one: (one.held.store, one.held.path.split("/"))), by_path)


_Chosen = Mapping[tuple[str, str], Sequence[Change]]
"""What is to be undone, by store and memory."""


class _Overlapping(Exception):  # noqa: N818  # a finding, not a failure
    def __init__(self, blocked: Blocked) -> None:
        super().__init__(blocked.why)
        self.blocked = blocked


@dataclass(frozen=True, slots=True)
class _Line:
    """The life of one file, and which of its changes are to be undone."""

    ancestry: Ancestry
    store: str
    memory_id: str
    chosen: AbstractSet[Key]
    own: AbstractSet[Key]
    """What is to be undone in whichever file of its own store."""

    def undo(self) -> Undone | None:
        """What becomes of the file; None for nothing."""
        rows = self.ancestry.life(self.store, self.memory_id)
        entry = self._entry_now(rows[-1])
        now = then = self._held(rows, len(rows) - 1, self.store)
        is_exact = True
        steps = self.ancestry.steps(self.store, self.memory_id, self.own)
        for first, last in self._runs(steps):
            life, end = steps[first].life, steps[last]
            # What a merge brought is undone in the store that it was brought to.
            where = end.change.store if end.is_moved else self.store
            before, after = self._held(life, steps[first].index - 1, where), self._held(life, end.index, where)
            newer = [step.change for step in reversed(steps[last + 1 :]) if not self._is_chosen(step)]
            then = self._back(after, before, then, newer)
            is_exact = then is None or before is None or then.says_as(before)
        is_gone = then is not None and (then.text is None or not then.is_whole)
        if then is not None and is_gone and not (now is not None and now.says_as(then)):
            raise _Overlapping(Blocked(self.store, then.path, "the content that it would go back to is gone for good"))
        return None if then == now else Undone(self.memory_id, now, then, entry, rows[-1].version, is_exact)

    def _is_chosen(self, step: Step) -> bool:
        return self.ancestry.key(step.change) in self.chosen

    def _runs(self, steps: Sequence[Step]) -> Iterator[tuple[int, int]]:
        """First and last index of each run of chosen steps in one store, newest first."""
        last = len(steps) - 1
        while last >= 0:
            if not self._is_chosen(steps[last]):
                last -= 1
                continue
            first = last
            while first > 0 and self._is_chosen(steps[first - 1]) and _follows(steps[first - 1], steps[first]):
                first -= 1
            yield first, last
            last = first - 1

    def _back(self, after: Held | None, before: Held | None, now: Held | None, since: Sequence[Change]) -> Held | None:
        if after is not None and before is not None and after.path == before.path and after.says_as(before):
            return now
        if after is None and before is None:
            return now
        if after is None:
            return now or before
        if now is None:
            return None
        if before is None:
            if (now.store, now.path) == (after.store, after.path) and now.says_as(after):
                return None
            raise _Overlapping(
                Blocked(self.store, now.path, "it came with these changes, and others changed it since", since)
            )
        path = now.path
        if after.path != before.path:
            if now.path not in {after.path, before.path}:
                why = f"these changes renamed it from {before.path} to {after.path}, and others renamed it again since"
                raise _Overlapping(Blocked(self.store, now.path, why, since))
            path = before.path
        if after.says_as(before):
            return replace(now, path=path)
        if now.says_as(after):
            return replace(before, store=self.store, path=path)
        if now.says_as(before):
            return replace(now, path=path)
        is_whole = after.is_whole and before.is_whole
        if after.text is None or now.text is None or before.text is None or not is_whole:
            why = "what these changes wrote was removed for good, so it cannot be told from what others wrote since"
            raise _Overlapping(Blocked(self.store, now.path, why, since))
        merged = merge(after.text, now.text, before.text)
        if merged.text is None:
            raise _Overlapping(
                Blocked(self.store, now.path, "others changed the same lines since", since, merged.overlaps)
            )
        return Held(self.store, path, merged.text)

    def _held(self, rows: Sequence[Change], index: int, store: str) -> Held | None:
        """The file after a change, spoken of in a store; None before its first and after a deletion."""
        if index < 0 or rows[index].operation == "deleted":
            return None
        row = rows[index]
        tree = self.ancestry.lineage.snapshot.tree(row.store, row.version)
        entry = tree.entry(row.path)
        if entry is None or entry.kind != "file":
            return None
        return Held(store, row.path, tree.text(entry), entry.content_key, entry.sha256 is not None)

    def _entry_now(self, last: Change) -> Entry | None:
        snapshot = self.ancestry.lineage.snapshot
        return None if last.operation == "deleted" else snapshot.tree(self.store).entry(last.path)


def _key(change: Change) -> tuple[int, int]:
    return change.version, change.change_number


def _follows(step: Step, other: Step) -> bool:
    """Whether one change is the next after another in the life of one file in one store."""
    return step.life is other.life and step.index + 1 == other.index


def _joined(snapshot: Snapshot, files: Sequence[Undone], chosen: _Chosen) -> tuple[list[Undone], list[Blocked]]:
    """A file that was moved between stores goes back as one; half of such a move cannot be undone."""
    back = {file.memory_id: file for file in files if file.now is None}
    gone = {file.memory_id: file for file in files if file.then is None}
    undone = {(file.now.store, file.memory_id) for file in files if file.now}
    whole: list[Undone] = []
    blocked: list[Blocked] = []
    for file in files:
        if file.now is not None and file.then is not None:
            whole.append(file)
        elif file.now is None and file.memory_id in gone:
            continue  # it comes by the move of the other
        elif file.then is None and (other := back.get(file.memory_id)):
            whole.append(replace(file, then=other.then))
        else:
            own = chosen.get((file.held.store, file.memory_id))
            end = (
                "whole"
                if not own
                else (
                    _origin(min(own, key=_key), chosen)
                    if file.then is None
                    else _fate(snapshot, max(own, key=_key), chosen, undone)
                )
            )
            whole += [file] if end == "whole" else []
            if end == "half":
                why = "it was moved from one store to another, and only one end of the move can be undone"
                blocked.append(Blocked(file.held.store, file.held.path, why))
    return whole, blocked


def _origin(arrival: Change, chosen: _Chosen) -> Literal["whole", "half"]:
    """Whether a file may go that came by a change: from another store only if its leaving there is undone too."""
    if not arrival.old_path.startswith("/"):
        return "whole"
    store, _, path = arrival.old_path[1:].partition("/")
    # Where the memory lived already, as in a fork, it arrived as a new one.
    memory_id = arrival.came_from.memory_id if arrival.came_from else arrival.memory_id
    left = chosen.get((store, memory_id), ())
    return "whole" if any((one.operation, one.path) == ("deleted", path) for one in left) else "half"


def _fate(
    snapshot: Snapshot, left: Change, chosen: _Chosen, undone: AbstractSet[tuple[str, str]]
) -> Literal["whole", "half", "deleted"]:
    """Whether a file may come back that went by a change: not where it lives elsewhere, or others deleted it there.

    `undone` are the files that are there, by store and memory, and go back to what they were, or go.
    """
    arrival = arrived(snapshot, left.store, left)
    if arrival is None:
        return "whole"
    own = {_key(one) for one in chosen.get((arrival.store, arrival.memory_id), ())}
    newest = max(snapshot.changes(arrival.store, ChangeFilter(memory_id=arrival.memory_id), 2), key=_key)
    if _key(arrival) in own and (arrival.store, arrival.memory_id) in undone:
        return "whole"  # it came where its memory had been or was, as in a fork, and that is there again, or this goes
    if _key(arrival) not in own or newest.operation != "deleted":
        return "half"
    if _key(newest) in own:
        return _fate(snapshot, newest, chosen, undone)
    return "half" if arrived(snapshot, newest.store, newest) else "deleted"


def _settled(snapshot: Snapshot, files: Sequence[Undone]) -> tuple[list[Undone], list[Blocked]]:
    """The files whose places are free in the end, and those whose are not."""
    left = list(files)
    blocked: list[Blocked] = []
    while True:
        emptied = {(file.now.store, file.now.path) for file in left if file.now and _leaves(file)}
        filled = [(file.then.store, file.then.path) for file in left if file.then and _leaves(file)]
        clashing = {id(file): why for file in left if (why := _obstacle(snapshot, file, emptied, filled))}
        if not clashing:
            return left, blocked
        for file in left:
            if id(file) in clashing:
                assert file.then is not None
                blocked.append(Blocked(file.then.store, file.then.path, clashing[id(file)]))
        left = [file for file in left if id(file) not in clashing]


def _leaves(file: Undone) -> bool:
    """Whether a file is at another place in the end, or at none."""
    places = {(held.store, held.path) for held in (file.now, file.then) if held}
    return file.now is None or file.then is None or len(places) > 1


def _obstacle(
    snapshot: Snapshot, file: Undone, emptied: set[tuple[str, str]], filled: Sequence[tuple[str, str]]
) -> str:
    """What stands where a file goes back to; "" for nothing."""
    then = file.then
    if then is None or not _leaves(file):
        return ""
    store, path = then.store, then.path
    tree = snapshot.tree(store)
    here = tree.entry(path)
    if filled.count((store, path)) > 1:
        return "two files would go back to this path"
    if here is not None and here.kind == "file" and (store, path) not in emptied:
        return f"another file is at its path since version {here.version}"
    if here is not None and here.kind == "folder" and any((store, one.path) not in emptied for one in tree.walk(path)):
        return "a folder is at its path now"
    segments = path.split("/")
    for depth in range(1, len(segments)):
        above = "/".join(segments[:depth])
        entry = tree.entry(above)
        if (store, above) in filled or (entry is not None and entry.kind == "file" and (store, above) not in emptied):
            return f"{above}, above its path, is a file now"
    return ""


def _edits(files: Sequence[Undone]) -> list[Edit]:
    """Lines that come back have the writers that they had: each edit says of which file it is the past."""
    edits: list[Edit] = []
    for file in files:
        now, then = file.now, file.then
        past = FileAt(then.store, file.version, file.memory_id) if then else None
        is_kept = then is not None and then.text is None  # only a move keeps a content that is gone
        if now is not None and then is not None and _leaves(file) and (is_kept or not _nested(now.path, then.path)):
            text = None if then.says_as(now) else then.text
            edits.append(
                Move(
                    now.store,
                    now.path,
                    then.store,
                    then.path,
                    text,
                    came_from=past if now.store == then.store else None,
                )
            )
            continue
        if now is not None and (then is None or _leaves(file)):
            edits.append(Remove(now.store, now.path))
        if then is not None and then.text is not None:
            edits.append(Put(then.store, then.path, then.text, _operation(file), file.memory_id, past))
    return edits


def _nested(path: str, other: str) -> bool:
    """Whether one path lies below the other: a file cannot move there in one step."""
    return path.startswith(f"{other}/") or other.startswith(f"{path}/")


def _operation(file: Undone) -> Literal["restored", "merged"]:
    return "restored" if file.is_exact else "merged"
