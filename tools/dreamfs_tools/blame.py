"""Blame: for each line of a file, the change that wrote it, through renames, merges, restores and other stores.

A line belongs to the change that wrote it. A rename writes no line. What a store merge or a move between stores brought is
followed to where it was written; a line that both sides of a merge have belongs to who wrote it first. What is restored, or
comes back because a change was taken back, has the writers that it had.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dreamfs_tools.difference import all_changes
from dreamfs_tools.filesystem import Change, ChangeFilter, Entry, FileAt, Snapshot
from dreamfs_tools.lineage import Lineage, Sees, is_incoming, is_move_in, sees_all
from dreamfs_tools.text import ended_lines, matches


@dataclass(frozen=True, slots=True)
class Line:
    """A line and who wrote it."""

    number: int
    """From 1."""
    text: str
    """Without its line end."""
    change: Change
    """The change that wrote it: version, session, actor, time and message are in its revision. Its store is the file's
    own wherever that one's history has the change."""


@dataclass(frozen=True, slots=True)
class Blame:
    """Every line of one version of a file."""

    lines: Sequence[Line]
    gaps: Sequence[Change]
    """Changes whose content is gone (redacted or pruned): what they wrote is put down to the next one."""


def blame(snapshot: Snapshot, entry: Entry, up_to_version: int | None = None, sees: Sees = sees_all) -> Blame:
    """Who wrote each line of a file.

    Args:
        snapshot: where the file's history is read.
        entry: the file, as it is or was.
        up_to_version: the revision at which `entry` was read; None for now.
        sees: which other stores may be looked into; what came from others is put down to the merge or move.
    """
    at = entry.version if up_to_version is None else min(entry.version, up_to_version)
    lineage = Lineage(snapshot, sees)
    lives = _Lives(lineage)
    state = lives.state(FileAt(entry.store, at, entry.memory_id))

    def shown(change: Change) -> Change:
        is_own = lineage.shows(entry.store, change.store, change.version)
        return replace(change, store=entry.store) if is_own else change

    pairs = zip(state.lines, state.writers, strict=True)
    lines = [Line(n, line.removesuffix("\n"), shown(by)) for n, (line, by) in enumerate(pairs, 1)]
    return Blame(lines, [shown(change) for change in state.gaps])


def by_version(lines: Iterable[Line]) -> Mapping[tuple[str, int], Change]:
    """The changes that wrote at least one line, by store and version, oldest first."""
    found = {(line.change.store, line.change.version): line.change for line in lines}
    return dict(sorted(found.items(), key=lambda item: (item[1].revision.created_at, item[0][1], item[0][0])))


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """A file after a change: its lines with their writers. Of a deleted file, as it was before."""

    text: str = ""
    lines: Sequence[str] = ()
    writers: Sequence[Change] = ()
    gaps: tuple[Change, ...] = ()
    """Changes before it of which the content is gone."""


@dataclass(slots=True)
class _Life:
    """The changes of a file that one store made, oldest first, and what was worked out of them."""

    rows: Sequence[Change]
    begin: FileAt | None
    """What a fork began with."""
    states: list[_State] = field(default_factory=list[_State])


@dataclass(slots=True)
class _Lives:
    """The lives of files, each worked out as far as it is asked for."""

    lineage: Lineage
    _met: dict[tuple[str, str], _Life] = field(default_factory=dict[tuple[str, str], _Life])

    def state(self, wanted: FileAt) -> _State:
        """A file after a revision. Without recursion: stores may have been merged to and fro any number of times."""
        left = [wanted]
        while left:
            life, count = self._find(left[-1])
            if len(life.states) >= count:
                left.pop()
            elif needed := [one for one in self._needed(life) if not self._is_ready(one)]:
                left += needed
            else:
                life.states.append(self._next(life))
        return self._ready(wanted)

    def _find(self, at: FileAt) -> tuple[_Life, int]:
        """The life that a state belongs to, and how many changes lead to it."""
        while True:
            store = self.lineage.home(at.store, at.revision)
            key = store, at.memory_id
            if key not in self._met:
                self._met[key] = self._life(store, at.memory_id)
            life = self._met[key]
            count = bisect_right(life.rows, at.revision, key=_version)
            if count or life.begin is None:
                return life, count
            at = life.begin

    def _life(self, store: str, memory_id: str) -> _Life:
        base = self.lineage.base(store)
        which = ChangeFilter(memory_id=memory_id, after_version=base.revision if base.store else 0)
        rows = all_changes(self.lineage.snapshot, store, which)
        in_order = sorted(rows, key=lambda row: (row.version, row.change_number))
        return _Life(in_order, FileAt(base.store, base.revision, memory_id) if base.store else None)

    def _is_ready(self, at: FileAt) -> bool:
        life, count = self._find(at)
        return len(life.states) >= count

    def _ready(self, at: FileAt) -> _State:
        """A state that was worked out."""
        life, count = self._find(at)
        return life.states[count - 1] if count else _State()

    def _needed(self, life: _Life) -> Iterator[FileAt]:
        """The other states that the next change follows."""
        row = life.rows[len(life.states)]
        if not life.states and life.begin:
            yield life.begin
        if row.came_from is not None and self.lineage.follows(row.came_from):
            yield row.came_from

    def _next(self, life: _Life) -> _State:
        row = life.rows[len(life.states)]
        before = life.states[-1] if life.states else self._ready(life.begin) if life.begin else _State()
        came = self._ready(row.came_from) if row.came_from and self.lineage.follows(row.came_from) else None
        gaps = _united(before.gaps, came.gaps if came else ())
        text = "" if row.operation == "deleted" else _text(self.lineage.snapshot, row)
        if row.operation == "deleted":
            return replace(before, gaps=gaps)
        if text is None:
            return replace(before, gaps=(*gaps, row))
        lines = ended_lines(text)
        if row.operation == "restored" and (then := self._restored(life, text, came)):
            return replace(then, gaps=gaps)
        writers = _writers(lines, _parents(row, before, came))
        if row.came_from is not None and (is_move_in(row) or not is_incoming(row)):
            _find_again(lines, writers, self._earlier(life))
        return _State(text, lines, [row if by is None else by for by in writers], gaps)

    def _restored(self, life: _Life, text: str, came: _State | None) -> _State | None:
        """The version that was restored; the newest that says the same where none is named."""
        if came is not None and came.text == text:
            return came
        return next((state for state in self._earlier(life) if state.text == text and state.lines), None)

    def _earlier(self, life: _Life) -> Iterator[_State]:
        """What a file was before, newest first."""
        yield from reversed(life.states)
        while life.begin is not None:
            life, count = self._find(life.begin)
            yield from reversed(life.states[:count])


def _version(row: Change) -> int:
    return row.version


def _parents(row: Change, before: _State, came: _State | None) -> Sequence[_State]:
    """The states whose lines a change may have; a store merge that only renames a file takes no line of theirs."""
    if came is None or (is_incoming(row) and row.operation == "renamed" and not is_move_in(row)):
        return [before]
    return [came] if is_move_in(row) else [before, came]


def _writers(lines: Sequence[str], parents: Sequence[_State]) -> list[Change | None]:
    """The writers of the lines that a parent has; of what two have, who wrote it first. None for what is new."""
    writers: list[Change | None] = [None] * len(lines)
    for parent in parents:
        for old, new, size in matches(parent.lines, lines):
            for n in range(size):
                by, other = writers[new + n], parent.writers[old + n]
                if by is None or other.revision.created_at < by.revision.created_at:
                    writers[new + n] = other
    return writers


def _find_again(lines: Sequence[str], writers: list[Change | None], earlier: Iterable[_State]) -> None:
    """Lines that come back have the writers that they had when they went."""
    for state in earlier:
        if None not in writers:
            return
        for old, new, size in matches(state.lines, lines):
            for n in range(size):
                if writers[new + n] is None:
                    writers[new + n] = state.writers[old + n]


def _united(gaps: tuple[Change, ...], more: tuple[Change, ...]) -> tuple[Change, ...]:
    if not more or gaps is more:
        return gaps
    keys = {(gap.store, gap.version) for gap in gaps}
    return (*gaps, *(gap for gap in more if (gap.store, gap.version) not in keys))


def _text(snapshot: Snapshot, change: Change) -> str | None:
    tree = snapshot.tree(change.store, change.version)
    entry = tree.entry(change.path)
    return None if entry is None else tree.text(entry)
