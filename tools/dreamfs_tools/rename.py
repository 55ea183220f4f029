"""`rename`: give a file or a folder another path, perhaps in another store. Its history stays with it."""

from collections.abc import Sequence

from dreamfs_tools.answers import version_line
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Edit, Entry, Move, Snapshot, Tree
from dreamfs_tools.mounts import Place
from dreamfs_tools.paths import check_path
from dreamfs_tools.precondition import Moment, Request
from dreamfs_tools.writing import check_nothing_above, files_at, place_but_not_root, write


async def rename(
    call: Call, old_path: str, new_path: str, expected_version: int | None = None, message: str = ""
) -> Answer:
    """Rename or move a file or folder; the destination must not exist."""

    def request(snapshot: Snapshot) -> Request:
        place = place_but_not_root(call, snapshot, old_path, "renamed")
        target = call.mounts.writable_place(snapshot, new_path)
        _check_not_below_itself(place, target)

        def edits(moment: Moment) -> Sequence[Edit]:
            entry = moment.entry(place)
            assert entry is not None
            _check_destination(moment.tree(target.store), entry, place, target)
            return _moves(moment.tree(place.store), place, target)

        return Request(place, edits, "rename", f"Error: The path {place.shown} does not exist", target)

    written = await write(call, request, expected_version=expected_version, message=message)
    target = written.request.target
    assert target is not None
    return written.answer(f"Successfully renamed {written.request.place.shown} to {target.shown}")


def _check_not_below_itself(place: Place, target: Place) -> None:
    if place.store == target.store and target.path.startswith(place.path + "/"):
        raise Refusal(
            "invalid_path",
            f"Error: {place.shown} cannot be renamed to {target.shown}, which is below itself. "
            "Choose a destination outside it.",
            path=place.shown,
        )


def _check_destination(tree: Tree, entry: Entry, place: Place, target: Place) -> None:
    taken = tree.entry(target.path)
    if taken is not None:
        name = entry.path.rpartition("/")[2]
        way_out = f"It is a folder: name the new path in full, as {target.shown}/{name}."
        if (place.store, place.path) == (target.store, target.path):
            way_out = "That is its path already. Choose another name."
        elif taken.kind == "file":
            way_out = "Choose another name, or delete it first."
        raise Refusal(
            "already_exists",
            f"Error: The destination {target.shown} already exists\n{way_out}\n{version_line(taken)}",
            path=target.shown,
            version=taken.version,
        )
    if target.is_folder and entry.kind == "file":
        raise Refusal(
            "invalid_path",
            f"Error: The path {target.shown}/ names a folder, but a file is to be renamed. "
            f"Name the new path in full, as {target.shown}/{entry.path.rpartition('/')[2]}.",
            path=target.shown,
        )
    check_nothing_above(tree, target)


def _moves(tree: Tree, place: Place, target: Place) -> Sequence[Move]:
    moves: list[Move] = []
    for file in files_at(tree, place.path):
        rest = file.path[len(place.path) :]
        check_path(target.shown + rest)
        moves.append(Move(place.store, file.path, target.store, target.path + rest))
    return moves
