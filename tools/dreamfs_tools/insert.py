"""`insert`: add lines after a line."""

from collections.abc import Sequence

from dreamfs_tools.answers import version_line
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Edit, Put, Snapshot
from dreamfs_tools.precondition import Moment, OnConflict, Request
from dreamfs_tools.text import insert_after, line_count
from dreamfs_tools.writing import place_for_file, text_at, write


async def insert(
    call: Call,
    path: str,
    insert_line: int,
    insert_text: str,
    expected_version: int | None = None,
    message: str = "",
    on_conflict: OnConflict = "fail",
) -> Answer:
    """Insert text after line insert_line; 0 is the top, -1 the end of the file."""

    def request(snapshot: Snapshot) -> Request:
        place = place_for_file(call, snapshot, path)

        def edits(moment: Moment) -> Sequence[Edit]:
            text = text_at(moment, place)
            try:
                new = insert_after(text, insert_line, insert_text)
            except ValueError:
                entry = moment.entry(place)
                assert entry is not None
                raise Refusal(
                    "invalid_argument",
                    f"Error: Invalid `insert_line` parameter: {insert_line}. It should be within the range of lines "
                    f"of the file: [0, {line_count(text)}], or -1 for the end\n{version_line(entry)}",
                    path=place.shown,
                    version=entry.version,
                ) from None
            return [Put(place.store, place.path, new, "modified")]

        return Request(place, edits, "edit", f"Error: The path {place.shown} does not exist")

    written = await write(call, request, expected_version=expected_version, message=message, on_conflict=on_conflict)
    return written.answer(f"The file {written.request.place.shown} has been edited.")
