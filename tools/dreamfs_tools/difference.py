"""What differs between two moments of a file or folder: which files, paired through renames, and their lines."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dreamfs_tools.answers import version_words
from dreamfs_tools.filesystem import Change, ChangeFilter, Entry, Snapshot, Tree
from dreamfs_tools.mounts import Mount
from dreamfs_tools.shapes import shown_path
from dreamfs_tools.text import unified_diff

REDACTED = "[redacted]"
NOTHING = "/dev/null"
_CHANGES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Pair:
    """A file at two moments; None where it was not there."""

    old: Entry | None
    new: Entry | None

    @property
    def path(self) -> str:
        """Where it is in the end, or was."""
        entry = self.new or self.old
        assert entry is not None
        return entry.path


def changed_files(
    snapshot: Snapshot, store: str, path: str, old_at: int, new_at: int, memory_id: str = ""
) -> list[Pair]:
    """The files at or below a path that two revisions disagree about, sorted by path.

    A file is paired with itself through renames; where one was deleted and another made in its place, the two are
    paired as they stand at the same path. `memory_id` is of a file that is meant whatever path it had.
    """
    low, high = sorted((old_at, new_at))
    before, after = snapshot.tree(store, low), snapshot.tree(store, high)
    which = ChangeFilter(path=path, after_version=low, up_to_version=high)
    newest_first = list(all_changes(snapshot, store, which))
    if memory_id:
        newest_first += all_changes(snapshot, store, replace(which, path="", memory_id=memory_id))
    by_memory: dict[str, list[Change]] = {}
    for change in sorted(newest_first, key=lambda change: change.version):
        by_memory.setdefault(change.memory_id, []).append(change)
    pairs = [
        Pair(_file(before, memory_id, _path_before(changes[0])), _file(after, memory_id, changes[-1].path))
        for memory_id, changes in by_memory.items()
    ]
    joined = _joined(pair for pair in pairs if pair.old or pair.new)
    turned = joined if old_at <= new_at else [Pair(pair.new, pair.old) for pair in joined]
    return sorted((pair for pair in turned if _differs(pair)), key=lambda pair: pair.path.split("/"))


def all_changes(snapshot: Snapshot, store: str, which: ChangeFilter) -> Iterator[Change]:
    """Every change that a filter lets through, newest first, read a page at a time."""
    while True:
        found: Sequence[Change] = snapshot.changes(store, which, _CHANGES_AT_ONCE)
        yield from found
        if len(found) < _CHANGES_AT_ONCE:
            return
        which = replace(which, before=(found[-1].version, found[-1].path))


def file_difference(mount: Mount, pair: Pair, old_tree: Tree, new_tree: Tree) -> str:
    """One file's difference in the unified format, every line ended by LF."""
    old_label, new_label = label(mount, pair.old), label(mount, pair.new)
    head = ""
    if pair.old is not None and pair.new is not None and pair.old.path != pair.new.path:
        head = f"rename from {shown_path(mount, pair.old.path)}\nrename to {shown_path(mount, pair.new.path)}\n"
    old = old_tree.text(pair.old) if pair.old is not None else ""
    new = new_tree.text(pair.new) if pair.new is not None else ""
    if old is None or new is None:
        return f"{head}--- {old_label}\n+++ {new_label}\n{REDACTED}\n"
    if old == new and any(entry is not None and entry.sha256 is None for entry in (pair.old, pair.new)):
        return f"{head}--- {old_label}\n+++ {new_label}\n{REDACTED}\n"  # what differed was taken out of both
    difference = unified_diff(old, new, old_label, new_label)
    # Making or deleting an empty file changes no line, and is a change all the same.
    return head + difference if difference or head else f"--- {old_label}\n+++ {new_label}\n"


def label(mount: Mount, entry: Entry | None) -> str:
    """`/memories/a.md (version 42)`, as a difference names its sides."""
    return NOTHING if entry is None else f"{shown_path(mount, entry.path)} ({version_words(entry.version)})"


def _path_before(change: Change) -> str:
    return change.old_path if change.old_path and not change.old_path.startswith("/") else change.path


def _file(tree: Tree, memory_id: str, path: str) -> Entry | None:
    entry = tree.entry(path)
    return entry if entry is not None and entry.kind == "file" and entry.memory_id == memory_id else None


def _joined(pairs: Iterable[Pair]) -> list[Pair]:
    """One file deleted and another made at its path is one changed path."""
    whole: list[Pair] = []
    gone: dict[str, Entry] = {}
    made: dict[str, Entry] = {}
    for pair in pairs:
        if pair.old is not None and pair.new is not None:
            whole.append(pair)
        elif pair.old is not None:
            gone[pair.old.path] = pair.old
        elif pair.new is not None:
            made[pair.new.path] = pair.new
    return whole + [Pair(gone.get(path), made.get(path)) for path in {**gone, **made}]


def _differs(pair: Pair) -> bool:
    if pair.old is None or pair.new is None or pair.old.path != pair.new.path:
        return True
    return pair.old.sha256 is None or pair.new.sha256 is None or pair.old.sha256 != pair.new.sha256
