"""`expected_version`: whether a write may happen, has happened already, can be merged, or is a conflict.

All six writing tools go through `decide`, inside the engine's transaction. A tool says what it would do to the stores
as they are at *some* moment; the same function then answers what it does now, what it would have done just before the
newest change (was this a retry whose first answer was lost?), and what it would have done to the version that the
caller saw (for a merge). The rules are DESIGN section 4.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from dreamfs_tools.admission import masked
from dreamfs_tools.answers import changed_by, version_line, who
from dreamfs_tools.conflict import Clash, arrived, conflict, missing, newest_change
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, ChangeFilter, Edit, Entry, Move, Put, Remove, Snapshot, Tree
from dreamfs_tools.merge import Merged, merge
from dreamfs_tools.mounts import Place

Status = Literal["ok", "merged", "unchanged", "already_applied"]
OnConflict = Literal["fail", "merge"]

_ROWS_MAX = 1_000_000
"""More rows than a revision can have; every row of one is wanted."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The stores now, or some of them as they were after an earlier revision."""

    snapshot: Snapshot
    at: Mapping[str, int] = field(default_factory=dict[str, int])

    def tree(self, store: str) -> Tree:
        """A store's files at this moment."""
        return self.snapshot.tree(store, self.at.get(store))

    def revision(self, store: str) -> int:
        """The number of a store's newest revision at this moment."""
        if store in self.at:
            return self.at[store]
        found = self.snapshot.store(store)
        return found.head if found else 0

    def entry(self, place: Place) -> Entry | None:
        """What is at a place."""
        return self.tree(place.store).entry(place.path)


@dataclass(frozen=True, slots=True)
class Request:
    """One write, as asked for."""

    place: Place
    """What `expected_version` speaks of."""
    edits: Callable[[Moment], Sequence[Edit]]
    """What the request does at a moment where `place` is as it needs it; refuses what the contents do not allow."""
    verb: Literal["create", "edit", "delete", "rename", "restore"]
    absent: str = ""
    """The sentence for a path that does not exist; "" where that is fine."""
    target: Place | None = None
    """For a rename, where it goes."""

    @property
    def places(self) -> Sequence[Place]:
        """Everywhere the request writes."""
        return [self.place, self.target] if self.target else [self.place]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about a request."""

    status: Status
    edits: Sequence[Edit] = ()
    before: Entry | None = None
    """What was at the path."""
    text: str | None = None
    """What a file held."""
    applied: Change | None = None
    """For `already_applied`, the change that did it."""
    merged_with: Change | None = None
    """For `merged`, the newest change that was merged with."""


def decide(
    snapshot: Snapshot, request: Request, expected_version: int | None = None, on_conflict: OnConflict = "fail"
) -> Decision:
    """Hold a request against the state of its path.

    Raises:
        Refusal: `conflict` with everything needed to retry; `not_found`; `already_exists`; `invalid_argument`; what
            the request itself refuses.
    """
    _check_arguments(expected_version, on_conflict)
    now, place = Moment(snapshot), request.place
    entry = now.entry(place)
    if entry is not None:
        _check_kind(request, entry)
    current = entry.version if entry else 0
    if expected_version is None:
        _check_omitted(snapshot, request, entry)
    elif expected_version != current:
        return _decide_late(snapshot, request, entry, expected_version, on_conflict)
    return _permitted(now, request, entry, _asked(request, now))


def _decide_late(
    snapshot: Snapshot, request: Request, entry: Entry | None, expected: int, on_conflict: OnConflict
) -> Decision:
    """The path is not at the version sent: a retry, a merge or a conflict."""
    now, place = Moment(snapshot), request.place
    if applied := _applied(snapshot, request, expected):
        return Decision("already_applied", before=entry, applied=applied)
    if entry is None and request.absent and newest_change(snapshot, place) is None:
        raise missing(snapshot, place, request.absent)
    put, attempt = _merged(snapshot, request, entry, expected)
    if put is not None and on_conflict == "merge":
        permitted = _permitted(now, request, entry, [put])
        return replace(permitted, merged_with=newest_change(snapshot, place))
    objection: Refusal | None = None
    try:
        _asked(request, now)
    except Refusal as refusal:
        objection = refusal
    raise conflict(
        snapshot, Clash(place, entry, expected, request.verb, attempt, on_conflict == "merge", objection)
    ) from None


def _permitted(now: Moment, request: Request, entry: Entry | None, edits: Sequence[Edit]) -> Decision:
    """What is left to do once the write is allowed: content that is there already makes no revision."""
    left = _missing_from(now, edits)
    text = now.tree(request.place.store).text(entry) if entry and entry.kind == "file" else None
    if not left:
        return Decision("unchanged", before=entry, text=text)
    merged = any(isinstance(edit, Put) and edit.operation == "merged" for edit in left)
    return Decision("merged" if merged else "ok", left, entry, text)


def _missing_from(moment: Moment, edits: Sequence[Edit]) -> Sequence[Edit]:
    """The edits without those whose content is there already."""
    return [edit for edit in edits if not (isinstance(edit, Put) and _holds(moment, edit))]


def _holds(moment: Moment, put: Put) -> bool:
    tree = moment.tree(put.store)
    entry = tree.entry(put.path)
    return entry is not None and entry.kind == "file" and tree.text(entry) == put.text


def _asked(request: Request, moment: Moment) -> Sequence[Edit]:
    """What the request does at a moment; refuses where the path is not as it needs it."""
    entry = moment.entry(request.place)
    if entry is not None:
        _check_kind(request, entry)
    elif request.absent:
        raise missing(moment.snapshot, request.place, request.absent)
    return masked(moment.snapshot, request.edits(moment))


def _applied(snapshot: Snapshot, request: Request, expected: int) -> Change | None:
    """The change that did exactly this, if it is the newest of the path and the first after the version sent."""
    newest: dict[str, Change] = {}
    for place in request.places:
        change = newest_change(snapshot, place)
        if change is None:
            return None
        if place.store not in newest or change.version > newest[place.store].version:
            newest[place.store] = change
    before = Moment(snapshot, {store: change.version - 1 for store, change in newest.items()})
    entry = before.entry(request.place)
    if (entry.version if entry else 0) != expected:
        return None
    try:
        edits = _missing_from(before, _asked(request, before))
    except Refusal:
        return None
    rows = {
        (place.store, change.path): change
        for place in request.places
        for change in snapshot.changes(place.store, _only(place, newest[place.store].version), _ROWS_MAX)
    }
    if edits and all(_did(snapshot, rows, edit) for edit in edits):
        return newest[request.place.store]
    return None


def _only(place: Place, version: int) -> ChangeFilter:
    return ChangeFilter(path=place.path, after_version=version - 1, up_to_version=version)


def _did(snapshot: Snapshot, rows: Mapping[tuple[str, str], Change], edit: Edit) -> bool:
    """Whether a revision's rows show that it made this edit."""
    if isinstance(edit, Put):
        row = rows.get((edit.store, edit.path))
        made = row is not None and row.operation in {"created", "modified", "restored", "merged"}
        return made and _holds(Moment(snapshot), edit)
    if isinstance(edit, Remove):
        row = rows.get((edit.store, edit.path))
        return row is not None and row.operation == "deleted" and arrived(snapshot, edit.store, row) is None
    row = rows.get((edit.new_store, edit.new_path))
    return row is not None and row.operation == "renamed" and row.old_path == _old_path(edit)


def _old_path(move: Move) -> str:
    return move.path if move.store == move.new_store else f"/{move.store}/{move.path}"


def _merged(
    snapshot: Snapshot, request: Request, entry: Entry | None, expected: int
) -> tuple[Put | None, Merged | None]:
    """The request made on the version that the caller saw, merged with what others did since.

    Returns:
        The merged write, and what the merge came to; None and None where there is nothing to merge.
    """
    place, now = request.place, Moment(snapshot)
    if entry is None or not 0 < expected <= now.revision(place.store):
        return None, None
    then = Moment(snapshot, {place.store: expected})
    seen = then.entry(place)
    if seen is None or seen.version != expected or seen.memory_id != entry.memory_id or entry.kind != "file":
        return None, None
    base, theirs = then.tree(place.store).text(seen), now.tree(place.store).text(entry)
    if base is None or theirs is None or seen.sha256 is None:  # what was redacted must not come back by a merge
        return None, None
    try:
        edits = _asked(request, then)
    except Refusal:
        return None, None
    if len(edits) != 1 or not isinstance(edits[0], Put) or edits[0].operation == "restored":
        return None, None
    merged = merge(base, edits[0].text, theirs)
    if merged.text is None:
        return None, merged
    return replace(edits[0], text=merged.text, operation="merged"), merged


def check_expected_version(expected_version: int | None) -> None:
    """Refuse what cannot be a version.

    Raises:
        Refusal: `invalid_argument`.
    """
    if expected_version is not None and expected_version < 0:
        raise Refusal(
            "invalid_argument",
            f"Error: Invalid `expected_version` parameter: {expected_version}. "
            "Send the version that you saw, or 0 for a path that does not exist.",
        )


def _check_arguments(expected_version: int | None, on_conflict: OnConflict) -> None:
    check_expected_version(expected_version)
    if on_conflict == "merge" and expected_version is None:
        raise Refusal(
            "invalid_argument",
            'Error: on_conflict="merge" needs `expected_version`: the version that your edit was made from.',
        )


def _check_kind(request: Request, entry: Entry) -> None:
    place = request.place
    if request.verb in {"create", "edit"} and entry.kind == "folder":
        raise Refusal(
            "already_exists" if request.verb == "create" else "invalid_argument",
            f"Error: The path {place.shown} is a folder, not a file. Name a file in it, as {place.shown}/notes.md.\n"
            f"{version_line(entry)}",
            path=place.shown,
            version=entry.version,
        )
    if place.is_folder and entry.kind == "file":
        raise Refusal(
            "not_found",
            f"{request.absent or f'Error: The path {place.shown}/ does not exist'}"
            f"{'' if request.absent.endswith('.') else '.'} {place.shown} is a file: leave out the trailing slash.\n"
            f"{version_line(entry)}",
            path=place.shown,
            version=entry.version,
        )


def _check_omitted(snapshot: Snapshot, request: Request, entry: Entry | None) -> None:
    place = request.place
    if request.verb == "create" and entry is not None:
        assert entry.revision is not None
        newest = newest_change(snapshot, place)
        raise Refusal(
            "already_exists",
            f"Error: File {place.shown} already exists\n"
            f"It is at version {entry.version}, written by {who(entry.revision)}. "
            f"To replace it, send expected_version={entry.version}; to change a part of it, use str_replace.\n"
            f"{version_line(entry)}",
            path=place.shown,
            version=entry.version,
            current=entry.version,
            **({"changed_by": changed_by(newest)} if newest else {}),
        )
    store = snapshot.store(place.store)
    if store is not None and store.require_expected_version and (entry is not None or not request.absent):
        current = entry.version if entry else 0
        raise Refusal(
            "invalid_argument",
            f"Error: The store of {place.shown} takes writes only with `expected_version`. "
            + (
                f"Look at the current one, then send expected_version={current}."
                if entry
                else "For a new file, send expected_version=0."
            )
            + (f"\n{version_line(entry)}" if entry else ""),
            path=place.shown,
            version=current,
        )
