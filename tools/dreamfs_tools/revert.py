"""`revert`: take back everything that one session, dream, actor, source or range of revisions led to, in one revision.

It is for people at a terminal: no tool that a model is offered. What others wrote since is kept; where that is not safe for
every file, nothing is changed and each obstacle is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dreamfs_tools.admission import admit, masked
from dreamfs_tools.answers import plural, rfc3339, who
from dreamfs_tools.call import Call
from dreamfs_tools.derived import TRANSCRIPTS, derived_from, with_helpers
from dreamfs_tools.difference import NOTHING, all_changes
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, ChangeFilter, Committed, Planned, Revision, Snapshot
from dreamfs_tools.inverse import Blocked, Held, Inverse, Undone, invert
from dreamfs_tools.mounts import Mount
from dreamfs_tools.shapes import shown_path
from dreamfs_tools.text import unified_diff

SINCE_SHOWN_MAX = 3
OVERLAPS_SHOWN_MAX = 3


@dataclass(frozen=True, slots=True)
class Selection:
    """Which changes to take back; every field that is given narrows."""

    path: str = "/"
    """A store, folder or file; `/` for all stores."""
    session: str = ""
    actor: str = ""
    dream_id: str = ""
    source: str = ""
    """What dreams drew on: a session's id, `/transcripts/<session>`, or a memory's path."""
    first: int = 0
    """A range of revisions; they count inside a store. 0: from the first."""
    last: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def words(self) -> str:
        """`what session s-1 did below /memories/ops in versions 3 to 9`."""
        names = [f"session {self.session}"] if self.session else []
        names += [self.actor] if self.actor else []
        names += [f"dream {self.dream_id}"] if self.dream_id else []
        words = f"what {' as '.join(names)} did" if names else "what was done" if not self.source else "what"
        words += (
            f" rests on {self.cited}"
            if self.source and not names
            else f", resting on {self.cited}"
            if self.source
            else ""
        )
        words += f" in {self.path}" if self.path != "/" else ""
        if self.first == self.last:
            words += f" in version {self.first}"
        elif self.first or self.last is not None:
            words += f" in versions {self.first} to {'now' if self.last is None else self.last}"
        words += f" since {rfc3339(self.since)}" if self.since else ""
        return words + (f" until {rfc3339(self.until)}" if self.until else "")

    @property
    def cited(self) -> str:
        """The source as claims cite it."""
        return self.source if self.source.startswith("/") else f"{TRANSCRIPTS}{self.source}"


@dataclass(frozen=True, slots=True)
class Reverted:
    """What was, or would be, taken back."""

    selection: Selection
    mounts: Mapping[str, Mount]
    """By store."""
    changes: Sequence[Change]
    """What the selection names, newest first in each store."""
    inverse: Inverse
    revisions: Mapping[str, Revision] = field(default_factory=dict[str, Revision])
    """Made by it, by store; none for a look ahead."""

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
        changes = [
            change
            for slug, path in _places(call, snapshot, selection, mounts)
            for change in _chosen(snapshot, slug, path, selection)
        ]
        if not changes:
            raise Refusal("not_found", f"No change fits: {selection.words}. `dreamfs log` shows the changes there are.")
        for slug in sorted({change.store for change in changes}):
            call.mounts.writable_place(snapshot, f"/{mounts[slug].name}")
        return Reverted(selection, mounts, changes, invert(snapshot, changes))

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
        return Planned(found, edits, kept, reverts=_proposals(snapshot, found.changes))

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
            yield f"  version {change.version}: {change.operation} by {who(change.revision)}"
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


def _places(call: Call, snapshot: Snapshot, selection: Selection, mounts: Mapping[str, Mount]) -> list[tuple[str, str]]:
    place = call.mounts.resolve(snapshot, selection.path)
    return [(slug, "") for slug in mounts] if place.mount is None else [(place.store, place.path)]


def _chosen(snapshot: Snapshot, store: str, path: str, selection: Selection) -> list[Change]:
    """The changes of one store that a selection names, newest first."""
    which = ChangeFilter(
        path=path,
        session=selection.session,
        actor=selection.actor,
        dream_id=selection.dream_id,
        since=selection.since,
        until=selection.until,
        after_version=max(selection.first - 1, 0),
        up_to_version=selection.last,
    )
    found = list(all_changes(snapshot, store, which))
    here = snapshot.tree(store).entry(path)
    if here is not None and here.kind == "file":  # followed back through its renames, as the log of a file is
        seen = {(change.version, change.change_number) for change in found if change.memory_id == here.memory_id}
        line = all_changes(snapshot, store, replace(which, path="", memory_id=here.memory_id))
        found += [change for change in line if (change.version, change.change_number) not in seen]
        found.sort(key=lambda change: (-change.version, change.path))
    if selection.source:
        sources = with_helpers(snapshot, store, selection.cited)
        versions = {proposal.version for _, proposal in derived_from(snapshot, store, sources)}
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
