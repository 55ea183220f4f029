"""Blame: for each line of a file, the change that wrote it, through renames, merges and restores.

A line belongs to the oldest version since which it has stood in the file. A rename changes no line. A merge is a
version like any other: the lines that were there before it keep their writers, the lines it brought are its own. A
restore brings lines back with the writers they had.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dreamfs_tools.filesystem import Change, ChangeFilter, Entry, Snapshot
from dreamfs_tools.text import ended_lines, matches

VERSIONS_MAX = 100_000
"""More changes of one file than this are not followed back."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line and who wrote it."""

    number: int
    """From 1."""
    text: str
    """Without its line end."""
    change: Change
    """The change that wrote it: version, session, actor, time and message are in its revision."""


@dataclass(frozen=True, slots=True)
class Blame:
    """Every line of one version of a file."""

    lines: Sequence[Line]
    gaps: Sequence[int]
    """Versions whose content is gone (redacted or pruned): what they wrote is put down to the next version."""


def blame(snapshot: Snapshot, entry: Entry, up_to_version: int | None = None) -> Blame:
    """Who wrote each line of a file.

    Args:
        snapshot: where the file's history is read.
        entry: the file, as it is or was.
        up_to_version: the revision at which `entry` was read; None for now.
    """
    newest_first = snapshot.changes(
        entry.store, ChangeFilter(memory_id=entry.memory_id, up_to_version=up_to_version), VERSIONS_MAX
    )
    history: list[tuple[Change, str | None]] = []
    for change in reversed(newest_first):
        if change.version > entry.version:
            break
        history.append((change, _text(snapshot, change)))
    return attribute(history)


def attribute(history: Sequence[tuple[Change, str | None]]) -> Blame:
    """Who wrote each line of the last text.

    Args:
        history: the file's changes, oldest first, each with the content after it: "" after a deletion, None where
            the content is gone.
    """
    lines: list[str] = []
    writers: list[Change] = []
    seen: dict[str, list[Change]] = {}
    for change, text in history:
        if text is None or change.operation == "deleted":
            continue
        after = ended_lines(text)
        if change.operation == "restored" and text in seen:
            writers = seen[text]
        else:
            writers = _carried(lines, after, writers, change)
        lines = after
        seen[text] = writers
    gaps = [change.version for change, text in history if text is None and change.operation != "deleted"]
    return Blame(
        [Line(n, line.removesuffix("\n"), by) for n, (line, by) in enumerate(zip(lines, writers, strict=True), 1)],
        gaps,
    )


def _carried(before: Sequence[str], after: Sequence[str], writers: Sequence[Change], change: Change) -> list[Change]:
    """The writers of the new text: a line that was there before keeps its own."""
    carried = [change] * len(after)
    for old, new, size in matches(before, after):
        carried[new : new + size] = writers[old : old + size]
    return carried


def _text(snapshot: Snapshot, change: Change) -> str | None:
    if change.operation == "deleted":
        return ""
    tree = snapshot.tree(change.store, change.version)
    entry = tree.entry(change.path)
    return None if entry is None else tree.text(entry)


def by_version(found: Blame) -> Mapping[int, Change]:
    """The changes that wrote at least one line, by version, oldest first."""
    return {line.change.version: line.change for line in sorted(found.lines, key=lambda line: line.change.version)}
