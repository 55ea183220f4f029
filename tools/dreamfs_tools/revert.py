"""`revert`: take back everything that one session, dream, actor, source or range of revisions led to, in one revision.

It is for people at a terminal: no tool that a model is offered. What others wrote since is kept; where that is not safe for
every file, nothing is changed and each obstacle is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dreamfs_tools.admission import admit, masked
from dreamfs_tools.answers import plural, who
from dreamfs_tools.call import Call
from dreamfs_tools.difference import NOTHING, all_changes
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, ChangeFilter, Committed, Planned, Revision, Snapshot
from dreamfs_tools.inverse import Blocked, Held, Inherited, Inverse, Undone, invert
from dreamfs_tools.mounts import Mount
from dreamfs_tools.provenance import former_slug
from dreamfs_tools.selection import Search, Selection, versions_resting_on
from dreamfs_tools.shapes import shown_path
from dreamfs_tools.text import unified_diff

SINCE_SHOWN_MAX = 3
OVERLAPS_SHOWN_MAX = 3


@dataclass(frozen=True, slots=True)
class Reverted:
    """What was, or would be, taken back."""

    selection: Selection
    mounts: Mapping[str, Mount]
    """By store."""
    own: Sequence[Change]
    """What the selection names in the stores looked at, newest first in each."""
    inherited: Inherited
    """What it names in others, from which a merge or a move brought it to one of these."""
    inverse: Inverse
    revisions: Mapping[str, Revision] = field(default_factory=dict[str, Revision])
    """Made by it, by store; none for a look ahead."""

    @property
    def changes(self) -> Sequence[Change]:
        """Everything that the selection names, each change once."""
        seen = {(change.store, change.version, change.memory_id) for change in self.own}
        others = {(change.store, change.version, change.memory_id): change for _, _, change in self.inherited}
        more = [change for key, change in others.items() if key not in seen]
        return [*self.own, *sorted(more, key=lambda change: (change.store, -change.version, change.path))]

    @property
    def diff(self) -> str:
        """The whole, as a unified diff."""
        return "".join(self.difference(file) for file in self.inverse.files)

    def difference(self, file: Undone) -> str:
        """One file's part of it."""
        old, new = self._label(file.now), self._label(file.then)
        head = f"rename from {old}\nrename to {new}\n" if file.now and file.then and old != new else ""
        lines = unified_diff(_text(file.now), _text(file.then), old, new)
        return head + (lines or ("" if head else f"--- {old}\n+++ {new}\n"))

    def shown(self, store: str, path: str) -> str:
        """A path as the caller knows it."""
        return shown_path(self.mounts[store], path)

    def _label(self, held: Held | None) -> str:
        return self.shown(held.store, held.path) if held else NOTHING


async def revert(call: Call, selection: Selection, *, message: str = "", dry_run: bool = False) -> Reverted:
    """Take changes back, all or nothing.

    Args:
        call: who asks.
        selection: which changes.
        message: why, for the history; by default what was reverted.
        dry_run: only look what it would come to, obstacles included.

    Raises:
        Refusal: `not_found` when no change fits, or nothing is left of what fits; `conflict` naming every obstacle;
            `read_only` when a change is in a store that cannot be written; `invalid_argument` for versions without a
            store, which count in each store apart.
    """

    def look(snapshot: Snapshot) -> Reverted:
        mounts = _mounts(call, snapshot, selection)
        places = _places(call, snapshot, selection, mounts)
        own = [change for slug, path in places for change in _chosen(snapshot, slug, path, selection)]
        search = Search(snapshot, call.mounts, selection)
        inherited = [one for slug, path in places for one in search.inherited(slug, path, own)]
        if not own and not inherited:
            raise Refusal("not_found", f"No change fits: {selection.words}. `dreamfs log` shows the changes there are.")
        own, inherited = _without_archived(mounts, own, inherited)
        for slug in sorted({*(change.store for change in own), *(slug for slug, _, _ in inherited)}):
            call.mounts.writable_place(snapshot, f"/{mounts[slug].name}")
        shown = dict(mounts) | search.mounts_of(change for _, _, change in inherited if change.store not in mounts)
        return Reverted(selection, shown, own, inherited, invert(snapshot, own, inherited, search.sees))

    def plan(snapshot: Snapshot) -> Planned[Reverted]:
        found = look(snapshot)
        if found.inverse.blocked:
            raise _refused(found)
        edits = masked(snapshot, found.inverse.edits)
        if not edits:
            raise Refusal(
                "not_found",
                f"Nothing is left to take back of {selection.words}: it was undone or written over since.",
            )
        names = {slug: mount.name for slug, mount in found.mounts.items()}
        kept = admit(snapshot, edits, message or f"Revert {selection.words}", names)
        return Planned(found, edits, kept, reverts=_proposals(snapshot, found.own))

    if dry_run:
        return await call.filesystem.read(look)
    found, committed = await call.filesystem.write(plan, call.author)
    return replace(found, revisions=_made(committed))


def _text(held: Held | None) -> str:
    """What a file says in a difference; nothing where its content is gone."""
    return (held.text if held else None) or ""


def blocked_words(found: Reverted) -> Iterator[str]:
    """The obstacles, a few lines each."""
    for blocked in found.inverse.blocked:
        yield f"{found.shown(blocked.store, blocked.path)}: {blocked.why}."
        for change in blocked.since[:SINCE_SHOWN_MAX]:
            of = "" if change.store == blocked.store else f" of /{former_slug(change.store)}"
            yield f"  version {change.version}{of}: {change.operation} by {who(change.revision)}"
        if len(blocked.since) > SINCE_SHOWN_MAX:
            yield f"  and {plural(len(blocked.since) - SINCE_SHOWN_MAX, 'earlier change')}"
        yield from _overlap_words(blocked)


def _overlap_words(blocked: Blocked) -> Iterator[str]:
    for overlap in blocked.overlaps[:OVERLAPS_SHOWN_MAX]:
        yield "  now (-), and what it would go back to (+):"
        for mark, text in (("-", overlap.ours), ("+", overlap.theirs)):
            for line in text.splitlines():
                yield f"  {mark}{line}"
    if len(blocked.overlaps) > OVERLAPS_SHOWN_MAX:
        yield f"  and {plural(len(blocked.overlaps) - OVERLAPS_SHOWN_MAX, 'more place')}"


def _refused(found: Reverted) -> Refusal:
    count = len(found.inverse.blocked)
    return Refusal(
        "conflict",
        "\n".join(
            [
                f"Error: {plural(count, 'file')} cannot be taken back, and nothing was changed:",
                *blocked_words(found),
                "Name a path or fewer versions to revert the rest, and edit or restore these by hand.",
            ]
        ),
        blocked=[found.shown(one.store, one.path) for one in found.inverse.blocked],
    )


def _mounts(call: Call, snapshot: Snapshot, selection: Selection) -> dict[str, Mount]:
    """The stores looked at, by slug."""
    table = [mount for mount in call.mounts.table(snapshot).values() if mount.store is not None]
    place = call.mounts.resolve(snapshot, selection.path)
    if place.mount is not None and not place.store:
        raise Refusal("invalid_argument", f"{place.shown} is computed, not written: there is nothing to take back.")
    if (selection.first or selection.last is not None) and place.mount is None and len(table) > 1:
        names = ", ".join(mount.name for mount in table)
        raise Refusal("invalid_argument", f"Versions count in each store apart: say which store, of {names}.")
    return {mount.store.slug: mount for mount in table if mount.store is not None}


def _without_archived(
    mounts: Mapping[str, Mount], own: list[Change], inherited: list[tuple[str, str, Change]]
) -> tuple[list[Change], list[tuple[str, str, Change]]]:
    """What archived stores hold stays as it is, where there is something else to take back."""
    archived = {slug for slug, mount in mounts.items() if mount.store and mount.store.archived_at}
    left = [change for change in own if change.store not in archived]
    brought = [one for one in inherited if one[0] not in archived]
    return (left, brought) if left or brought else (own, inherited)


def _places(call: Call, snapshot: Snapshot, selection: Selection, mounts: Mapping[str, Mount]) -> list[tuple[str, str]]:
    place = call.mounts.resolve(snapshot, selection.path)
    return [(slug, "") for slug in mounts] if place.mount is None else [(place.store, place.path)]


def _chosen(snapshot: Snapshot, store: str, path: str, selection: Selection) -> list[Change]:
    """The changes of one store that a selection names, newest first."""
    which = replace(selection.filter, path=path)
    found = list(all_changes(snapshot, store, which))
    here = snapshot.tree(store).entry(path)
    if here is not None and here.kind == "file":  # followed back through its renames, as the log of a file is
        seen = {(change.version, change.change_number) for change in found if change.memory_id == here.memory_id}
        line = all_changes(snapshot, store, replace(which, path="", memory_id=here.memory_id))
        found += [change for change in line if (change.version, change.change_number) not in seen]
        found.sort(key=lambda change: (-change.version, change.path))
    if selection.source:
        versions = versions_resting_on(snapshot, store, selection.cited)
        found = [change for change in found if change.version in versions]
    return found


def _proposals(snapshot: Snapshot, changes: Sequence[Change]) -> list[tuple[str, int]]:
    """The accepted proposals of which the changes hold everything that they wrote."""
    by_revision: dict[tuple[str, str, int], int] = {}
    for change in changes:
        if change.revision.dream_id:
            key = change.store, change.revision.dream_id, change.version
            by_revision[key] = by_revision.get(key, 0) + 1
    whole: list[tuple[str, int]] = []
    for (store, dream_id, version), count in by_revision.items():
        which = ChangeFilter(after_version=version - 1, up_to_version=version)
        if sum(1 for _ in all_changes(snapshot, store, which)) == count:
            proposals = snapshot.dreams.proposals(dream_id)
            whole += [(dream_id, one.number) for one in proposals if (one.status, one.version) == ("accepted", version)]
    return whole


def _made(committed: Committed | None) -> Mapping[str, Revision]:
    return committed.revisions if committed else {}
