"""`delete`: remove a file, or a folder with all it holds. Nothing is lost: history and restore go on working."""

from collections.abc import Sequence

from dreamfs_tools.call import Answer, Call
from dreamfs_tools.filesystem import Edit, Remove, Snapshot
from dreamfs_tools.precondition import Moment, Request
from dreamfs_tools.writing import files_at, place_but_not_root, write


async def delete(call: Call, path: str, expected_version: int | None = None, message: str = "") -> Answer:
    """Delete a file, or a folder with everything in it. restore can bring it back."""

    def request(snapshot: Snapshot) -> Request:
        place = place_but_not_root(call, snapshot, path, "deleted")

        def edits(moment: Moment) -> Sequence[Edit]:
            return [Remove(place.store, file.path) for file in files_at(moment.tree(place.store), place.path)]

        return Request(place, edits, "delete", f"Error: The path {place.shown} does not exist")

    written = await write(call, request, expected_version=expected_version, message=message)
    return written.answer(
        f"Successfully deleted {written.request.place.shown}", "To undo this, use restore with version=-1."
    )
