"""`create`: a new file, or exactly the next version of one."""

from collections.abc import Sequence

from dreamfs_tools.call import Answer, Call
from dreamfs_tools.filesystem import Edit, Put, Snapshot
from dreamfs_tools.precondition import Moment, OnConflict, Request
from dreamfs_tools.writing import check_nothing_above, place_for_file, write


async def create(
    call: Call,
    path: str,
    file_text: str,
    expected_version: int | None = None,
    message: str = "",
    on_conflict: OnConflict = "fail",
) -> Answer:
    """Create a file. An existing file is replaced only when expected_version is the version you saw."""

    def request(snapshot: Snapshot) -> Request:
        place = place_for_file(call, snapshot, path)

        def edits(moment: Moment) -> Sequence[Edit]:
            tree = moment.tree(place.store)
            check_nothing_above(tree, place)
            entry = tree.entry(place.path)
            return [Put(place.store, place.path, file_text, "modified" if entry else "created")]

        return Request(place, edits, "create")

    written = await write(call, request, expected_version=expected_version, message=message, on_conflict=on_conflict)
    return written.answer(f"File created successfully at: {written.request.place.shown}")
