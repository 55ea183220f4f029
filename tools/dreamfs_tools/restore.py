"""`restore`: make a path exactly as it was at a version, as a new revision."""

from collections.abc import Sequence

from dreamfs_tools.answers import version_line
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.conflict import arrived, moved_to, newest_change
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import ChangeFilter, Edit, FileAt, Put, Remove, Snapshot
from dreamfs_tools.mounts import Place
from dreamfs_tools.precondition import Moment, Request
from dreamfs_tools.writing import check_nothing_above, files_at, write


async def restore(
    call: Call, path: str, version: int, expected_version: int | None = None, message: str = ""
) -> Answer:
    """Make a file or folder as it was at a version (-1: before its latest change), deleted ones too."""

    def request(snapshot: Snapshot) -> Request:
        place = call.mounts.writable_place(snapshot, path)

        def edits(moment: Moment) -> Sequence[Edit]:
            return _edits(moment, place, _revision(moment, place, version))

        return Request(place, edits, "restore")

    written = await write(call, request, expected_version=expected_version, message=message)
    shown = written.request.place.shown
    which = f"version {version}" if version >= 0 else "the version before its latest change"
    return written.answer(f"Successfully restored {shown} to {which}")


def _revision(moment: Moment, place: Place, version: int) -> int:
    """The store's revision that `version` means at a moment."""
    head = moment.revision(place.store)
    entry = moment.entry(place)
    line = f"\n{version_line(entry)}" if entry else ""
    if version == -1:
        newest = newest_change(moment.snapshot, place, up_to=head)
        if newest is None:
            raise Refusal("not_found", f"Error: The path {place.shown} does not exist", path=place.shown)
        return newest.version - 1
    if version < 0:
        raise Refusal(
            "invalid_argument",
            f"Error: Invalid `version` parameter: {version}. "
            f"Send a version from history, or -1 for the one before the latest change.{line}",
            path=place.shown,
        )
    if version > head:
        raise Refusal(
            "not_found", f"Error: There is no version {version} yet; the newest is {head}.{line}", path=place.shown
        )
    return version


def _edits(moment: Moment, place: Place, revision: int) -> Sequence[Edit]:
    tree, then = moment.tree(place.store), moment.snapshot.tree(place.store, revision)
    before = then.entry(place.path)
    if before is None or (place.is_folder and before.kind == "file"):
        raise _nothing_then(moment, place, revision)
    if place.path:
        check_nothing_above(tree, place)
    live = {file.path: file for file in files_at(tree, place.path)}
    wanted = {file.path: file for file in files_at(then, place.path)}
    edits: list[Edit] = [Remove(place.store, path) for path in live if path not in wanted]
    removed = {live[path].memory_id for path in live if path not in wanted}
    for path, file in wanted.items():
        now = live.get(path)
        if now is not None and now.version == file.version:
            continue
        text = then.text(file)
        if text is None or file.sha256 is None:
            raise Refusal(
                "not_allowed",
                f"Error: The content of {_shown(place, path)} at version {file.version} was removed for good, whole or "
                "in part, and cannot be restored. Choose another version.",
                path=place.shown,
            )
        free = file.memory_id in removed or not _lives(moment, place.store, file.memory_id)
        memory_id = file.memory_id if free else ""
        then_it_was = FileAt(place.store, file.version, file.memory_id)
        edits.append(Put(place.store, path, text, "restored", memory_id, then_it_was))
    return edits


def _lives(moment: Moment, store: str, memory_id: str) -> bool:
    """Whether a live file has this id: in the store, or in another that it was moved to. A fork's files do not count."""
    which = ChangeFilter(memory_id=memory_id, up_to_version=moment.revision(store))
    rows = moment.snapshot.changes(store, which, 1)
    if not rows:
        return False
    if arrival := arrived(moment.snapshot, store, rows[0]):
        return _lives(moment, arrival.store, memory_id)
    entry = moment.tree(store).entry(rows[0].path)
    return entry is not None and entry.memory_id == memory_id


def _nothing_then(moment: Moment, place: Place, revision: int) -> Refusal:
    newest = newest_change(moment.snapshot, place, up_to=revision + 1)
    came = f" See history of {place.shown} for the versions there are."
    if newest is not None and newest.version == revision + 1 and newest.old_path and not moved_to(place, newest):
        came = f" It came there by a rename in version {newest.version}: rename it back."
    elif newest_change(moment.snapshot, place) is None:
        came = " There never was; list shows what there is."
    entry = moment.entry(place)
    return Refusal(
        "not_found",
        f"Error: There was nothing at {place.shown} at version {revision}.{came}"
        + (f"\n{version_line(entry)}" if entry else ""),
        path=place.shown,
        version=entry.version if entry else 0,
    )


def _shown(place: Place, path: str) -> str:
    return f"{place.shown}{path[len(place.path) :]}" if place.path else f"{place.shown}/{path}"
