"""`str_replace`: replace the one occurrence of a text."""

from collections.abc import Sequence

from dreamfs_tools.answers import version_line
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Edit, Put, Snapshot
from dreamfs_tools.mounts import Place
from dreamfs_tools.precondition import Moment, OnConflict, Request
from dreamfs_tools.text import changed_region, clipped, lines_of, number_lines, occurrences, replace_at, split_lines
from dreamfs_tools.writing import place_for_file, text_at, write

SNIPPET_CONTEXT_LINES = 2
SNIPPET_CHARACTERS_MAX = 4_000
QUOTE_CHARACTERS_MAX = 2_000
LINES_NAMED_MAX = 100


async def str_replace(
    call: Call,
    path: str,
    old_str: str,
    new_str: str = "",
    expected_version: int | None = None,
    message: str = "",
    on_conflict: OnConflict = "fail",
) -> Answer:
    """Replace old_str, which must occur exactly once in the file, by new_str (left out: delete it)."""

    def request(snapshot: Snapshot) -> Request:
        place = place_for_file(call, snapshot, path)

        def edits(moment: Moment) -> Sequence[Edit]:
            text = text_at(moment, place)
            offset = _only_occurrence(moment, place, text, old_str)
            return [Put(place.store, place.path, replace_at(text, offset, old_str, new_str), "modified")]

        absent = f"Error: The path {place.shown} does not exist. Please provide a valid path."
        return Request(place, edits, "edit", absent)

    written = await write(call, request, expected_version=expected_version, message=message, on_conflict=on_conflict)
    return written.answer("The memory file has been edited.", _snippet(written.old_text, written.new_text))


def _only_occurrence(moment: Moment, place: Place, text: str, old_str: str) -> int:
    """Where `old_str` stands.

    Raises:
        Refusal: `not_matched`, `not_unique`; `invalid_argument` for an empty one.
    """
    entry = moment.entry(place)
    line = f"\n{version_line(entry)}" if entry else ""
    facts = {"path": place.shown, "version": entry.version if entry else 0}
    if not old_str:
        raise Refusal(
            "invalid_argument",
            f"No replacement was performed, old_str is empty. Send the text to replace; to add text, use insert.{line}",
            **facts,
        )
    found = occurrences(text, old_str)
    quoted = clipped(old_str, QUOTE_CHARACTERS_MAX).encode("utf-8", "backslashreplace").decode()
    if not found:
        raise Refusal(
            "not_matched",
            f"No replacement was performed, old_str `{quoted}` did not appear verbatim in {place.shown}.\n"
            f"View the file and copy the text as it is there, spaces included.{line}",
            **facts,
        )
    if len(found) > 1:
        lines = lines_of(text, found)
        named = ", ".join(map(str, lines[:LINES_NAMED_MAX])) + (", …" if len(lines) > LINES_NAMED_MAX else "")
        raise Refusal(
            "not_unique",
            f"No replacement was performed. Multiple occurrences of old_str `{quoted}` in lines: {named}. "
            f"Please ensure it is unique\nSend more of the text around the one you mean.{line}",
            lines=lines[:LINES_NAMED_MAX],
            **facts,
        )
    return found[0]


def _snippet(old: str, new: str | None) -> str:
    """The changed lines with two around them, numbered."""
    if new is None:
        return ""
    start, end = changed_region(old, new)
    lines = split_lines(new)
    first, last = max(0, start - SNIPPET_CONTEXT_LINES), min(len(lines), end + SNIPPET_CONTEXT_LINES)
    return clipped(number_lines(lines[first:last], first + 1), SNIPPET_CHARACTERS_MAX)
