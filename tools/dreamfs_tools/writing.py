"""The course of every write: find the place, decide, admit, commit, and say what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dreamfs_tools.admission import admit
from dreamfs_tools.answers import changed_by, revision_line, version_line
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Committed, Entry, Planned, Put, Snapshot, Tree
from dreamfs_tools.mounts import Place
from dreamfs_tools.precondition import Decision, Moment, OnConflict, Request, decide


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a write."""

    request: Request
    decision: Decision
    line: str
    """The version line."""
    data: Mapping[str, Any]

    @property
    def old_text(self) -> str:
        """What the file held before."""
        return self.decision.text or ""

    @property
    def new_text(self) -> str | None:
        """What the file holds now; None where this call wrote no content."""
        edits = self.decision.edits
        return edits[0].text if len(edits) == 1 and isinstance(edits[0], Put) else None

    def answer(self, sentence: str, details: str = "") -> Answer:
        """The tool's answer: its sentence, then what was special, then the version line."""
        decision, shown = self.decision, self.request.place.shown
        version = self.data["version"]
        lines = [sentence]
        if decision.status == "unchanged":
            lines = [f"{shown} is so already: unchanged, version {version}."]
        elif decision.status == "already_applied" and decision.applied is not None:
            by = decision.applied.revision
            lines.append(f"It was already applied as version {by.number} by {by.author.label}; nothing was done again.")
        else:
            if decision.merged_with is not None:
                by = decision.merged_with.revision
                lines.append(
                    f"It was merged with what changed meanwhile, last in version {by.number} by {by.author.label}."
                )
            if details:
                lines.append(details.removesuffix("\n"))
        return Answer("\n".join([*lines, self.line]), self.data)


async def write(
    call: Call,
    request_of: Callable[[Snapshot], Request],
    *,
    expected_version: int | None,
    message: str,
    on_conflict: OnConflict = "fail",
) -> Written:
    """Run one write through the engine.

    Args:
        call: the tool's call.
        request_of: resolves paths and access, and gives the request; pure.
        expected_version: as in DESIGN section 4.
        message: why, for the history.
        on_conflict: whether to merge three ways.

    Raises:
        Refusal: whatever stands in the way; nothing was changed.
    """

    def plan(snapshot: Snapshot) -> Planned[tuple[Request, Decision, Written | None]]:
        request = request_of(snapshot)
        decision = decide(snapshot, request, expected_version, on_conflict)
        if not decision.edits:
            return Planned((request, decision, _unwritten(snapshot, request, decision)))
        names = {place.store: place.mount.name for place in request.places if place.mount}
        kept = admit(snapshot, decision.edits, message, names)
        return Planned((request, decision, None), decision.edits, kept)

    (request, decision, unwritten), committed = await call.filesystem.write(plan, call.author)
    if unwritten is not None:
        return unwritten
    assert committed is not None
    return _written(request, decision, committed)


def place_for_file(call: Call, snapshot: Snapshot, path: str) -> Place:
    """A place where a file can be written; a trailing slash names a folder and is refused.

    Raises:
        Refusal: `invalid_path`, `not_found`, `read_only`.
    """
    place = call.mounts.writable_place(snapshot, path)
    if place.is_folder and place.path:
        raise Refusal(
            "invalid_path",
            f"Error: The path {place.shown}/ names a folder. Leave out the trailing slash to name a file.",
            path=place.shown,
        )
    return place


def place_but_not_root(call: Call, snapshot: Snapshot, path: str, what: str) -> Place:
    """A place below a mount's root.

    Raises:
        Refusal: `not_allowed` for the root itself; `invalid_path`, `not_found`, `read_only`.
    """
    place = call.mounts.writable_place(snapshot, path)
    if not place.path:
        raise Refusal(
            "not_allowed",
            f"Error: The path {place.shown} is the root of a mount and cannot be {what}. Name a path below it.",
            path=place.shown,
        )
    return place


def text_at(moment: Moment, place: Place) -> str:
    """The content of the file at a place, which must be there.

    Raises:
        Refusal: `not_allowed` when it was redacted or pruned.
    """
    entry = moment.entry(place)
    assert entry is not None
    text = moment.tree(place.store).text(entry)
    if text is None:
        raise Refusal(
            "not_allowed",
            f"Error: The content of {place.shown} was removed for good: there is nothing to edit. "
            f"Write it anew with create and expected_version={entry.version}.\n{version_line(entry)}",
            path=place.shown,
            version=entry.version,
        )
    return text


def files_at(tree: Tree, path: str) -> Sequence[Entry]:
    """The file at a path, or all files below the folder there; none where there is nothing."""
    entry = tree.entry(path)
    if entry is None:
        return []
    return [entry] if entry.kind == "file" else list(tree.walk(path))


def check_nothing_above(tree: Tree, place: Place) -> None:
    """Refuse a path below a file.

    Raises:
        Refusal: `invalid_path`, naming the file.
    """
    segments = place.path.split("/")
    for depth in range(1, len(segments)):
        entry = tree.entry("/".join(segments[:depth]))
        if entry is not None and entry.kind == "file":
            assert place.mount is not None
            raise Refusal(
                "invalid_path",
                f"Error: The path {place.shown} is not valid: /{place.mount.name}/{entry.path} is a file, "
                "and nothing can be below a file. Choose another path, or rename that file first.",
                path=place.shown,
            )
        if entry is None:
            return


def _written(request: Request, decision: Decision, committed: Committed) -> Written:
    place = request.target or request.place
    revision = committed.revisions[place.store]
    number = next(
        (c.change_number for c in committed.changes if (c.store, c.path) == (place.store, place.path)),
        0,
    )
    previous = decision.before.version if decision.before else 0
    data: dict[str, Any] = {
        "code": decision.status,
        "path": place.shown,
        "version": revision.number,
        "previous": previous,
        "current": revision.number,
        "change_number": number,
        "files": len(decision.edits),
    }
    if request.target:
        data["old_path"] = request.place.shown
    return Written(request, decision, revision_line(revision, number), data)


def _unwritten(snapshot: Snapshot, request: Request, decision: Decision) -> Written:
    """Nothing had to be done: the state as it is."""
    place = request.target or request.place
    entry = snapshot.tree(place.store).entry(place.path)
    change = decision.applied
    version = entry.version if entry else change.version if change else 0
    data: dict[str, Any] = {"code": decision.status, "path": place.shown, "version": version, "current": version}
    if change is not None:
        data |= {"previous": change.previous, "changed_by": changed_by(change)}
        line = revision_line(change.revision, change.change_number if change.path == place.path else 0)
    else:
        line = ""
    return Written(request, decision, version_line(entry) if entry else line, data)
