"""The words of a conflict: everything a caller needs to decide and to try again.

Which version was sent, which is current, who changed it in between (session, actor, when, why), the difference, and
whether the caller's own edit would still apply.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dreamfs_tools.answers import changed_by, version_line, version_words, who
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, ChangeFilter, Entry, Snapshot
from dreamfs_tools.merge import Merged, Overlap
from dreamfs_tools.mounts import Place, mount_of
from dreamfs_tools.text import clipped, unified_diff

DIFF_CHARACTERS_MAX = 12_000
CHANGES_SHOWN_MAX = 5
_ROWS_READ_MAX = 1_000
_MOVES_READ_MAX = 20


@dataclass(frozen=True, slots=True)
class Clash:
    """A write that did not find its path at the version sent."""

    place: Place
    entry: Entry | None
    expected: int
    verb: Literal["create", "edit", "delete", "rename", "restore"]
    attempt: Merged | None
    """What a three-way merge came to; None where there is nothing to merge with."""
    merge_asked: bool
    objection: Refusal | None
    """Why the edit would not apply to the current version; None where it would."""

    @property
    def merges(self) -> bool:
        """Whether `on_conflict="merge"` would succeed."""
        return self.attempt is not None and self.attempt.text is not None


def conflict(snapshot: Snapshot, clash: Clash) -> Refusal:
    """The refusal for a clash."""
    place, entry = clash.place, clash.entry
    newest = newest_change(snapshot, place)
    lines = [_headline(snapshot, clash, newest)]
    difference = ""
    if entry is None:
        lines.append(_way_back(clash, newest))
    else:
        since = _changes_since(snapshot, clash)
        lines += [_told(place, change) for change in since[:CHANGES_SHOWN_MAX]]
        if len(since) > CHANGES_SHOWN_MAX:
            lines.append(f"… and {len(since) - CHANGES_SHOWN_MAX:,} more: see history.")
        difference = _difference(snapshot, clash)
        if difference:
            lines.append(clipped(difference, DIFF_CHARACTERS_MAX).removesuffix("\n"))
        lines += [_way_out(clash, entry), version_line(entry)]
    return Refusal(
        "conflict",
        "\n".join(lines),
        path=place.shown,
        expected_version=clash.expected,
        version=entry.version if entry else 0,
        current=entry.version if entry else 0,
        changed_by=changed_by(newest) if newest else None,
        still_applies=entry is not None and clash.objection is None,
        merges=clash.merges,
        diff=clipped(difference, DIFF_CHARACTERS_MAX),
    )


def missing(snapshot: Snapshot, place: Place, sentence: str) -> Refusal:
    """The refusal for a path that does not exist: the tool's sentence, and where it went if it ever existed."""
    newest = newest_change(snapshot, place)
    if newest is None:
        return Refusal("not_found", sentence, path=place.shown, current=0)
    return Refusal(
        "not_found",
        f"{sentence}{'' if sentence.endswith('.') else '.'}\n{gone(snapshot, place, newest)}",
        path=place.shown,
        current=0,
        changed_by=changed_by(newest),
    )


def newest_change(snapshot: Snapshot, place: Place, up_to: int | None = None) -> Change | None:
    """The newest change of a file, or of anything below a folder, moves in and out included."""
    rows = snapshot.changes(place.store, ChangeFilter(path=place.path, up_to_version=up_to), 1)
    return rows[0] if rows else None


def arrived(snapshot: Snapshot, store: str, left: Change) -> Change | None:
    """For a file that left a store, which shows there as a deletion, the row of its arrival in another store."""
    if left.operation != "deleted":
        return None
    at = left.revision.created_at
    same = ChangeFilter(memory_id=left.memory_id, operation="renamed")
    # Where the memory lived already, as in a fork, it arrived as a new one.
    renewed = ChangeFilter(operation="renamed", incoming=True, since=at, until=at)
    for which in (same, renewed):
        for other in snapshot.stores():
            for row in snapshot.changes(other.slug, which, _MOVES_READ_MAX):
                if row.old_path == f"/{store}/{left.path}" and _of_one_move(store, left, row):
                    return row
    return None


def _of_one_move(store: str, left: Change, row: Change) -> bool:
    """Whether an arrival is the other end of a departure: several moves may have one time, if the clock is coarse."""
    origin = row.came_from
    departure = (left.version - 1, left.memory_id)
    if origin is not None and origin.store == store and (origin.revision, origin.memory_id) != departure:
        return False
    return row.revision.created_at == left.revision.created_at


def gone(snapshot: Snapshot, place: Place, change: Change) -> str:
    """Who removed what was at a place, or where it is now, and how to go on."""
    by = f"in version {change.version} by {who(change.revision)}"
    if arrival := arrived(snapshot, place.store, change):
        what = "It" if change.path == place.path else "The last file below it"
        there = mount_of(place.seen, arrival.store)
        if there is None:
            where = "a store that is not mounted here,"
        elif there.revision is not None:
            where = f"a store that is mounted here only as it was, as /{there.name},"
        else:
            where = f"another store, /{there.name}/{arrival.path},{'' if there.writable else ' read-only here,'}"
        return f"{what} was moved to {where} {by}."
    if moved := moved_to(place, change):
        return f"It was renamed to {moved} {by}."
    if change.old_path and change.path != place.path:
        where = change.path if change.path.startswith("/") or not place.mount else f"/{place.mount.name}/{change.path}"
        return f"The last file below it was renamed to {where} {by}."
    return f"It was deleted {by}. To bring it back, use restore with version=-1."


def moved_to(place: Place, change: Change) -> str:
    """Where a change moved what was at a place, as the mount shows it; "" where it did not."""
    if not change.old_path or not _at_or_below(change.old_path, place.path):
        return ""
    rest = change.old_path[len(place.path) :]
    if not change.path.endswith(rest):
        return ""
    target = change.path[: len(change.path) - len(rest)]
    if target.startswith("/") or place.mount is None:
        return target
    return f"/{place.mount.name}/{target}"


def _at_or_below(path: str, folder: str) -> bool:
    return path == folder or not folder or path.startswith(folder + "/")


def _headline(snapshot: Snapshot, clash: Clash, newest: Change | None) -> str:
    shown, entry, expected = clash.place.shown, clash.entry, clash.expected
    sent = f"you sent expected_version={expected}"
    if entry is None:
        if newest is None:
            return f"Error: The path {shown} does not exist: {sent}, the current version is 0."
        return f"Error: The path {shown} no longer exists: {sent}, the current version is 0. {gone(snapshot, clash.place, newest)}"
    current = f"the current version is {version_words(entry.version, entry.change_number).removeprefix('version ')}"
    if expected == 0:
        return f"Error: {shown} already exists: {sent}, {current}."
    head = _head(snapshot, clash.place)
    if expected > head:
        return f"Error: There is no version {expected} of {shown} yet: {current}."
    if expected > entry.version:
        return f"Error: {shown} did not change in version {expected}: {current}, and nothing has changed since."
    return f"Error: {shown} has changed: {sent}, {current}."


def _told(place: Place, change: Change) -> str:
    """One change as a line."""
    did = f"{change.operation}{_of(place, change)}"
    return f"version {change.version}: {did} by {who(change.revision)}, +{change.added} −{change.removed}"


def _of(place: Place, change: Change) -> str:
    """Which file a change is about, where that is not the place itself, and where it went."""
    assert place.mount is not None
    if _at_or_below(change.path, place.path):
        return f" {change.path.removeprefix(place.path + '/')}" if change.path != place.path else ""
    to = change.path if change.path.startswith("/") else f"/{place.mount.name}/{change.path}"
    rest = change.old_path.removeprefix(place.path).removeprefix("/")
    return f" {rest} to {to}" if rest else f" to {to}"


def _changes_since(snapshot: Snapshot, clash: Clash) -> Sequence[Change]:
    after = min(clash.expected, _head(snapshot, clash.place))
    which = ChangeFilter(path=clash.place.path, after_version=after)
    return snapshot.changes(clash.place.store, which, _ROWS_READ_MAX)


def _difference(snapshot: Snapshot, clash: Clash) -> str:
    """The unified diff of a file between the version sent and now; "" for folders."""
    place, entry, expected = clash.place, clash.entry, clash.expected
    if entry is None or entry.kind != "file" or expected > _head(snapshot, place):
        return ""
    then = snapshot.tree(place.store, expected)
    seen = then.entry(place.path)
    old = then.text(seen) if seen and seen.kind == "file" else ""
    new = snapshot.tree(place.store).text(entry)
    if old is None or new is None:
        return f"(the content of version {expected if old is None else entry.version} is [redacted])"
    return unified_diff(old, new, f"{place.shown} (version {expected})", f"{place.shown} (version {entry.version})")


def _way_out(clash: Clash, entry: Entry) -> str:
    again = f"repeat the call with expected_version={entry.version}"
    if clash.expected > entry.version:
        return f"Look at what is there, then {again}."
    if clash.verb in {"delete", "rename", "restore"}:
        return f"If that is still what you want, {again}."
    if clash.merges:
        return (
            "Your edit does not touch what changed: repeat the call with "
            f'expected_version={clash.expected} and on_conflict="merge" to keep both.'
        )
    unmerged = f"It was not merged: {_obstacle(clash)}. " if clash.merge_asked else ""
    if clash.objection is not None:
        return f"{unmerged}Your edit would not apply to version {entry.version}: {_why(clash.objection)}"
    if clash.verb == "create":
        return f"{unmerged}Your text would overwrite this: put both together, and {again}."
    return f"{unmerged}Your edit would still apply to version {entry.version}: {again}."


def _obstacle(clash: Clash) -> str:
    """Why a merge was not possible."""
    if clash.attempt is None:
        return f"version {clash.expected} of this file is not there to merge from"
    where = ", ".join(_lines(overlap) for overlap in clash.attempt.overlaps[:CHANGES_SHOWN_MAX])
    return f"both changed version {clash.expected} at or next to {where}"


def _lines(overlap: Overlap) -> str:
    if overlap.end - overlap.start > 1:
        return f"lines {overlap.start + 1}-{overlap.end}"
    return f"line {overlap.start + 1}" if overlap.end > overlap.start else f"the end of line {overlap.start}"


def _why(objection: Refusal) -> str:
    if objection.code == "not_matched":
        return "its old_str is not there any more. View the file and decide again."
    if objection.code == "not_unique":
        return "its old_str is there more than once now. View the file and decide again."
    return objection.sentence.split("\n", maxsplit=1)[0]


def _way_back(clash: Clash, newest: Change | None) -> str:
    if clash.verb == "create":
        return "To write it as a new file, repeat the call with expected_version=0."
    if newest is not None and moved_to(clash.place, newest):
        return "Look at it there and repeat the call with that path and its version."
    return "Nothing was done."


def _head(snapshot: Snapshot, place: Place) -> int:
    store = snapshot.store(place.store)
    return store.head if store else 0
