"""From a proposal to edits: what its changes make of a tree, how that reads as a diff, and whether it still applies.

Pure. `fold` plays the changes on the tree they were made against; `rebase` turns the result into edits of the tree as it
is now, merging where a file moved on and saying *stale* where that is not safe. Nothing is ever deleted: `retire` moves a
memory to `archive/` with a line that names what replaced it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dreamfs_tools.dreaming import ProposedChange
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Edit, Entry, Move, Put, Tree
from dreamfs_tools.merge import merge
from dreamfs_tools.paths import check_path
from dreamfs_tools.text import occurrences, unified_diff

ARCHIVE = "archive"
ARCHIVE_SUFFIX_MAX = 1_000


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a proposal makes of one file; paths inside the store."""

    path: str
    """Where it is at the base; for a new file, where it will be."""
    new_path: str
    before: str
    after: str
    base: Entry | None
    """None for a new file."""
    retires: bool = False

    @property
    def moves(self) -> bool:
        """Whether the file gets another path."""
        return self.path != self.new_path


@dataclass(frozen=True, slots=True)
class Folded:
    """A proposal played on its base."""

    changes: Sequence[ProposedChange]
    """As proposed, with `expected_version` and `diff` filled in."""
    files: Sequence[FileChange]
    """What comes of them, one a file, sorted by path."""
    failures: Sequence[str] = ()
    """`change 2: why`; no files where there are any."""

    def diff(self, mount: str) -> str:
        """The unified diff of all files, as a reviewer sees it."""
        return "".join(_diff(mount, change) for change in self.files)


def fold(tree: Tree, mount: str, changes: Sequence[ProposedChange], *, note: str) -> Folded:
    """Play the changes in order on the tree they were made against.

    Args:
        tree: the store at the proposal's base.
        mount: `/<store>`, with which every path begins.
        changes: the proposal's.
        note: who retires and when, for the line that a retired memory gets: `2026-11-22 by dream d-1`.
    """
    bench = _Bench(tree, mount, note)
    done: list[ProposedChange] = []
    failures: list[str] = []
    for number, change in enumerate(changes, 1):
        try:
            done.append(bench.play(change))
        except _Failed as failed:
            failures.append(f"change {number}: {failed}")
        except Refusal as refusal:
            failures.append(f"change {number}: {refusal.sentence.removeprefix('Error: ')}")
    if failures:
        return Folded(changes, (), failures)
    return Folded(done, bench.files())


def rebase(files: Sequence[FileChange], now: Tree, store: str) -> Sequence[Edit]:
    """The edits that do to the tree as it is now what the proposal did to its base.

    Raises:
        Stale: a file moved on in a way that no three-way merge settles.
    """
    edits: list[Edit] = []
    for change in files:
        edits += _created(change, now, store) if change.base is None else _changed(change, change.base, now, store)
    return edits


class Stale(Exception):  # noqa: N818  # a state, not a failure
    """A proposal no longer applies; the text says which file moved on."""


class _Failed(Exception):  # noqa: N818  # becomes one line of a refusal
    pass


@dataclass(slots=True)
class _Held:
    """A file on the bench."""

    text: str
    origin: Entry | None
    retired: bool = False


@dataclass(slots=True)
class _Bench:
    """The files that a proposal touched so far, over the tree. None: moved away."""

    tree: Tree
    mount: str
    note: str
    held: dict[str, _Held | None] = field(default_factory=dict[str, "_Held | None"])

    def play(self, change: ProposedChange) -> ProposedChange:
        path = self._inside(change.path)
        if change.operation == "create":
            self._check_free(path)
            self._expect(change, 0)
            self.held[path] = _Held(change.file_text, None)
            return self._told(change, FileChange(path, path, "", change.file_text, None), 0)
        file = self._file(path)
        version = file.origin.version if file.origin else 0
        self._expect(change, version)
        before, target = file.text, path
        if change.operation == "replace":
            file.text = change.file_text
        elif change.operation == "edit":
            file.text = self._edited(file.text, change)
        elif change.operation == "rename":
            target = self._inside(change.new_path)
            self._check_free(target)
        else:
            target = self._archive_path(path)
            file.text = self._retired(file.text, change)
            file.retired = True
        if target == path and file.text == before:
            raise _Failed(f"it changes nothing in {change.path}.")
        if target != path:
            self.held[path] = None
        self.held[target] = file
        return self._told(change, FileChange(path, target, before, file.text, file.origin), version)

    def files(self) -> list[FileChange]:
        made: list[FileChange] = []
        for path, file in self.held.items():
            if file is None:
                continue
            before = self.tree.text(file.origin) or "" if file.origin else ""
            made.append(
                FileChange(
                    file.origin.path if file.origin else path, path, before, file.text, file.origin, file.retired
                )
            )
        return sorted(
            (change for change in made if change.base is None or change.moves or change.before != change.after),
            key=lambda change: change.new_path.split("/"),
        )

    def _inside(self, path: str) -> str:
        segments, is_folder = check_path(path)
        if not segments or "/" + segments[0] != self.mount:
            raise _Failed(f"{path} is outside this dream's store; its paths begin with {self.mount}/.")
        if is_folder or len(segments) == 1:
            raise _Failed(f"{path} names a folder; a change names one file.")
        return "/".join(segments[1:])

    def _file(self, path: str) -> _Held:
        if path in self.held:
            held = self.held[path]
            if held is None:
                raise _Failed(f"{self.mount}/{path} was moved away by an earlier change of this proposal.")
            return held
        entry = self.tree.entry(path)
        if entry is None or entry.kind == "folder":
            word = "does not exist" if entry is None else "is a folder"
            raise _Failed(f"{self.mount}/{path} {word}. Look with list; use create for a new file.")
        if entry.pinned:
            raise _Failed(
                f"{self.mount}/{path} is pinned: a dream does not edit it. Say what you found in the rationale, or write "
                "it to another file."
            )
        text = self.tree.text(entry)
        if text is None:
            raise _Failed(f"the content of {self.mount}/{path} was redacted and cannot be changed by a dream.")
        return _Held(text, entry)

    def _check_free(self, path: str) -> None:
        shown = f"{self.mount}/{path}"
        if path in self.held:
            raise _Failed(f"{shown} is touched by an earlier change of this proposal; take another path.")
        entry = self.tree.entry(path)
        if entry is not None:
            hint = "use replace or edit to change it" if entry.kind == "file" else "it is a folder"
            raise _Failed(f"{shown} already exists; {hint}.")
        parts = path.split("/")
        for length in range(1, len(parts)):
            folder = "/".join(parts[:length])
            above = self.tree.entry(folder)
            if self.held.get(folder) or (folder not in self.held and above is not None and above.kind == "file"):
                raise _Failed(f"{shown} would lie below the file {self.mount}/{folder}.")
        if any(name.startswith(path + "/") and held for name, held in self.held.items()):
            raise _Failed(f"{shown} is a folder by an earlier change of this proposal.")

    def _expect(self, change: ProposedChange, version: int) -> None:
        if change.expected_version is not None and change.expected_version != version:
            raise _Failed(
                f"{change.path} is at version {version}, not {change.expected_version}; view it again and send "
                f"expected_version={version}."
            )

    def _edited(self, text: str, change: ProposedChange) -> str:
        if not change.old_str:
            raise _Failed("old_str is empty; give the text to replace.")
        count = len(occurrences(text, change.old_str))
        if count != 1:
            word = "does not appear verbatim" if count == 0 else f"appears {count} times"
            raise _Failed(f"old_str {word} in {change.path}; it must appear exactly once.")
        return text.replace(change.old_str, change.new_str)

    def _retired(self, text: str, change: ProposedChange) -> str:
        line = f"> Retired {self.note}; nothing replaced it."
        if change.new_path:
            target = self._inside(change.new_path)
            held = self.held.get(target)
            entry = self.tree.entry(target) if target not in self.held else None
            if held is None and (entry is None or entry.kind == "folder"):
                raise _Failed(
                    f"new_path {change.new_path} does not exist; it names the file that replaces {change.path}."
                )
            if target == self._inside(change.path):
                raise _Failed(f"{change.path} cannot be replaced by itself; new_path names another file.")
            line = f"> Retired {self.note}; replaced by {change.new_path}."
        return f"{line}\n\n{text}"

    def _archive_path(self, path: str) -> str:
        if path.startswith(ARCHIVE + "/"):
            raise _Failed(f"{self.mount}/{path} is in the archive already.")
        return archive_path(path, self._taken)

    def _taken(self, path: str) -> bool:
        return path in self.held or self.tree.entry(path) is not None

    def _told(self, change: ProposedChange, step: FileChange, version: int) -> ProposedChange:
        return replace(change, expected_version=version, diff=_diff(self.mount, step))


def archive_path(path: str, taken: Callable[[str], bool]) -> str:
    """`archive/<path>`, with `-2`, `-3`, … before its suffix while that is taken."""
    candidate = f"{ARCHIVE}/{path}"
    folder, _, name = candidate.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    for number in range(2, ARCHIVE_SUFFIX_MAX):
        if not taken(candidate):
            break
        candidate = f"{folder}/{stem}-{number}{dot}{suffix}"
    return candidate


def retirement_note(at: datetime, by: str) -> str:
    """When a memory is retired and by whom: `2026-11-22 by dream d-1`.

    For a dream it is the day of the dream, not that of the acceptance: what a person reviewed is what is written.
    """
    return f"{at.strftime('%Y-%m-%d')} by {by}"


def _created(change: FileChange, now: Tree, store: str) -> list[Edit]:
    entry = now.entry(change.new_path)
    if entry is not None and entry.kind == "file" and now.text(entry) == change.after:
        return []
    if entry is not None:
        raise Stale(f"{change.new_path} was created meanwhile (version {entry.version}).")
    _check_parents(change.new_path, now)
    return [Put(store, change.new_path, change.after, "created")]


def _changed(change: FileChange, base: Entry, now: Tree, store: str) -> list[Edit]:
    entry = now.entry(change.path)
    if change.moves and _is_moved_already(change, base, now):
        return []
    if entry is None or entry.kind == "folder" or entry.memory_id != base.memory_id:
        raise Stale(f"{change.path} was deleted or moved meanwhile.")
    if entry.pinned:
        raise Stale(f"{change.path} was pinned meanwhile.")
    text, operation = change.after, "modified"
    if entry.version != base.version:
        current = now.text(entry)
        if current is None:
            raise Stale(f"{change.path} was redacted meanwhile.")
        if change.retires:
            raise Stale(f"{change.path} was changed meanwhile (version {entry.version}).")
        merged = merge(change.before, change.after, current).text
        if merged is None:
            raise Stale(f"{change.path} was changed meanwhile on the same lines (version {entry.version}).")
        text, operation = merged, "merged"
        if merged == current and not change.moves:
            return []
    if not change.moves:
        return [Put(store, change.path, text, "merged" if operation == "merged" else "modified")]
    target = change.new_path
    if change.retires:
        target = archive_path(change.path, lambda path: now.entry(path) is not None)
    elif now.entry(target) is not None:
        raise Stale(f"{target} was created meanwhile.")
    _check_parents(target, now)
    return [Move(store, change.path, store, target, None if text == change.before else text)]


def _is_moved_already(change: FileChange, base: Entry, now: Tree) -> bool:
    """Whether a file lies where it is to go, with the text that it is to have: a fork of the dream was merged."""
    there = now.entry(change.new_path)
    return there is not None and there.memory_id == base.memory_id and now.text(there) == change.after


def _check_parents(path: str, now: Tree) -> None:
    parts = path.split("/")
    for length in range(1, len(parts)):
        above = now.entry("/".join(parts[:length]))
        if above is not None and above.kind == "file":
            raise Stale(f"{above.path} became a file meanwhile; {path} would lie below it.")


def _diff(mount: str, change: FileChange) -> str:
    old = f"{mount}/{change.path}" if change.base is not None else "/dev/null"
    new = f"{mount}/{change.new_path}"
    text = unified_diff(change.before, change.after, old, new)
    if change.moves:
        return f"rename {old} => {new}\n{text}"
    return text
