"""Find the file or folder that a read asks for: at a path, now or at some version."""

from dataclasses import dataclass

from dreamfs_tools import conflict
from dreamfs_tools.absence import missing
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, ChangeFilter, Entry, Snapshot, Tree
from dreamfs_tools.mounts import Mount, Place, tree_of
from dreamfs_tools.shapes import shown_path


@dataclass(frozen=True, slots=True)
class Found:
    """What a path names at a moment."""

    mount: Mount
    entry: Entry
    tree: Tree
    at: int | None
    """The revision that `tree` shows; None for now."""
    shown: str
    """Where the entry is in `tree`: another path than the one asked for when it was renamed since."""


def find(snapshot: Snapshot, place: Place, version: int | None = None) -> Found:
    """Find what a place names, now or in the past.

    Args:
        snapshot: where to look.
        place: a path below a mount, or a mount's root.
        version: any revision up to the head, or -1 for the change before the current one. A file that had another
            path then is found there.

    Raises:
        Refusal: `not_found` where nothing is or was, naming who deleted it; `invalid_argument` for a version that
            cannot be one.
    """
    mount = place.mount
    assert mount is not None
    path, at = place.path, _revision(snapshot, place, version)
    if version == -1:
        path = _path_before(newest_change(snapshot, place), path)
    tree = tree_of(snapshot, mount, at)
    entry = tree.entry(path)
    if entry is None and at is not None:
        entry = _then(snapshot, place, tree, at)
    if entry is None:
        raise missing(snapshot, place) if version is None else _absent_then(snapshot, place, version)
    if place.is_folder and entry.kind == "file":
        raise Refusal(
            "not_found",
            f"The path {place.shown}/ does not exist. Please provide a valid path. "
            f"{place.shown} is a file: leave out the slash at the end.",
            path=place.shown,
        )
    return Found(mount, entry, tree, at if at is not None else mount.revision, shown_path(mount, entry.path))


def newest_change(snapshot: Snapshot, place: Place) -> Change | None:
    """The last change of a file, or of anything below a folder; None where there never was one."""
    assert place.mount is not None
    return conflict.newest_change(snapshot, place, place.mount.revision)


def check_has_versions(place: Place, version: int | None) -> None:
    """Refuse a version of what has none.

    Raises:
        Refusal: `invalid_argument` for `/` and the virtual trees.
    """
    if version is not None and (place.mount is None or place.mount.kind != "store"):
        what = "the list of mounts" if place.mount is None else f"/{place.mount.name}"
        raise Refusal(
            "invalid_argument",
            f"{place.shown} has no versions: {what} is not kept in a store. Leave out the version.",
            path=place.shown,
        )


def _revision(snapshot: Snapshot, place: Place, version: int | None) -> int | None:
    check_has_versions(place, version)
    if version is None or version >= 0:
        return version
    if version < -1:
        raise Refusal(
            "invalid_argument",
            f"There is no version {version}. A version is a number from 0, or -1 for the change before the current one.",
            path=place.shown,
        )
    change = newest_change(snapshot, place)
    if change is None:
        raise missing(snapshot, place)
    return change.version - 1


def _path_before(change: Change | None, path: str) -> str:
    """Where a file was before its last change."""
    renamed = change is not None and change.old_path and change.path == path
    return change.old_path if renamed and change and not change.old_path.startswith("/") else path


def _then(snapshot: Snapshot, place: Place, tree: Tree, at: int) -> Entry | None:
    """The file that is at a place now, where it was at revision `at`."""
    assert place.mount is not None
    now = tree_of(snapshot, place.mount).entry(place.path)
    if now is None or now.kind == "folder":
        return None
    changes = snapshot.changes(place.store, ChangeFilter(memory_id=now.memory_id, up_to_version=at), 1)
    then = tree.entry(changes[0].path) if changes else None
    return then if then is not None and then.memory_id == now.memory_id else None


def _absent_then(snapshot: Snapshot, place: Place, version: int) -> Refusal:
    change = newest_change(snapshot, place)
    if change is None:
        return missing(snapshot, place)
    if version == -1:
        sentence = f"{place.shown} has no change before version {change.version}, which {change.operation} it."
    else:
        sentence = f"The path {place.shown} did not exist at version {version}."
    return Refusal(
        "not_found",
        f"{sentence} history shows at which versions it did.",
        path=place.shown,
        version=version,
        current=change.version,
    )
