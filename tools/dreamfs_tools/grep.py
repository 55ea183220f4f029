"""The tool `grep`: lines that match a pattern, in one file, below a folder or everywhere."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dreamfs_tools.accesses import read_and_note, searched
from dreamfs_tools.answers import plural, version_line
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import AccessNote, Entry, Snapshot
from dreamfs_tools.globs import Glob
from dreamfs_tools.lookup import Found, find
from dreamfs_tools.matching_lines import as_rows, matching_lines
from dreamfs_tools.mounts import Mount, mounts_after, tree_of
from dreamfs_tools.paging import Row, check_limit, document, more_line, read_cursor, take_page, write_cursor
from dreamfs_tools.pattern import Pattern
from dreamfs_tools.shapes import count_shape, match_shape, shown_path, to_json

CONTEXT_LINES_MAX = 50
Output = Literal["lines", "files", "count"]
_WHOLE = 0
"""In a cursor, in place of a line: all of the file was shown."""


@dataclass(frozen=True, slots=True)
class _Match(Row):
    """A row, and the file it is from."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class _Search:
    """What was asked."""

    pattern: Pattern
    glob: Glob
    below: str
    """The folder that the glob is relative to."""
    context: int
    output: Output
    json: bool


async def grep(
    call: Call,
    pattern: str,
    path: str = "/",
    glob: str = "",
    ignore_case: bool = False,
    literal: bool = False,
    context: int = 0,
    output: Output = "lines",
    limit: int = 100,
    cursor: str = "",
    format: Literal["text", "json"] = "text",  # noqa: A002  # the contract's name
) -> Answer:
    """Search file contents line by line with an RE2 regular expression; answers `path:line:text`.

    `literal` takes the pattern as plain text, `glob` chooses files, `context` adds lines around (`path-line-text`),
    `output` "files" or "count" gives one row a file. No lookaround, no backreferences.
    """
    compiled = Pattern(pattern, literal=literal, ignore_case=ignore_case)
    files = Glob.parse(glob)
    check_limit(limit)
    if not 0 <= context <= CONTEXT_LINES_MAX:
        raise Refusal(
            "invalid_argument", f"The context must be between 0 and {CONTEXT_LINES_MAX} lines, not {context:,}."
        )

    def query(snapshot: Snapshot) -> tuple[Answer, Sequence[AccessNote]]:
        place = call.mounts.resolve(snapshot, path)
        here = find(snapshot, place) if place.mount is not None else None
        question = ("grep", pattern, place.shown, glob, ignore_case, literal, context, output)
        after = read_cursor(question, cursor)
        search = _Search(compiled, files, place.shown if here else "", context, output, format == "json")
        scopes = [here] if here is not None else _memory_mounts(snapshot, call.mounts.table(snapshot), after)
        page, more = take_page(_rows(search, scopes, after), limit)
        next_cursor = write_cursor(question, page[-1].position) if more else ""
        notes = _notes(call, pattern, scopes, page, found=bool(page or after), more=more)
        data: dict[str, object] = {"code": "ok", "path": place.shown}
        data |= {"version": here.entry.version} if here is not None else {}
        if search.json:
            return Answer(document("matches", page, next_cursor), data), notes
        lines = [row.said for row in page]
        lines.append(_summary(page, pattern, place.shown, output, next_cursor))
        lines += [version_line(here.entry)] if here is not None else []
        return Answer("\n".join(lines), data), notes

    return await read_and_note(call, query, pattern)


def _memory_mounts(snapshot: Snapshot, table: Mapping[str, Mount], after: Sequence[Any]) -> list[Found]:
    """The roots of all memory mounts that are still to be searched."""
    found: list[Found] = []
    for mount in mounts_after(table, after):
        tree = tree_of(snapshot, mount) if mount.kind == "store" else None
        if tree is not None and (root := tree.entry("")) is not None:
            found.append(Found(mount, root, tree, mount.revision, shown_path(mount, "")))
    return found


def _rows(search: _Search, scopes: Iterable[Found], after: Sequence[Any]) -> Iterator[_Match]:
    """All that matches, after where a page ended."""
    for scope in scopes:
        here = after if after and after[0] == scope.mount.name else None
        for entry, text, beyond in _texts(search, scope, here):
            for line, said in _said(search, shown_path(scope.mount, entry.path), entry, text, beyond):
                yield _Match(said, [scope.mount.name, entry.path, line], entry)


def _texts(search: _Search, scope: Found, here: Sequence[Any] | None) -> Iterator[tuple[Entry, str, int]]:
    """Files that match, and the line after which to look: 0 but for the file in which a page ended."""
    tree, root, literal = scope.tree, scope.entry, search.pattern.literal

    def wanted(path: str, text: bytes) -> bool:
        return search.glob.matches(shown_path(scope.mount, path), search.below) and search.pattern.matches(text)

    if here is None:
        for entry, text in tree.texts(root.path, containing=literal, wanted=wanted):
            yield entry, text, 0
        return
    _, path, line = here
    if line != _WHOLE:
        for entry, text in tree.texts(path, containing=literal, wanted=wanted):
            yield entry, text, line
    if root.kind == "folder":
        for entry, text in tree.texts(root.path, containing=literal, after=path, wanted=wanted):
            yield entry, text, 0


def _said(search: _Search, shown: str, entry: Entry, text: str, beyond: int) -> Iterator[tuple[int, str]]:
    """The rows of one file, each with the line at which a page may go on."""
    if search.output != "lines":
        hits = search.pattern.hits(text.encode())
        # JSON has the count either way; "files" as text needs only the first.
        count = sum(1 for _ in hits) if search.json or search.output == "count" else int(any(True for _ in hits))
        if count and search.json:
            yield _WHOLE, to_json(count_shape(shown, count))
        elif count:
            yield _WHOLE, f"{shown}:{count}" if search.output == "count" else shown
        return
    found = matching_lines(search.pattern, text, search.context, beyond)
    if search.json:
        for line in found:
            item = match_shape(shown, entry.version, line.number, line.text, line.before, line.after)
            yield line.number, to_json(item)
    else:
        yield from as_rows(shown, found, search.context, beyond)


def _notes(
    call: Call, pattern: str, scopes: Sequence[Found], page: Sequence[_Match], *, found: bool, more: bool
) -> list[AccessNote]:
    """What the access log keeps: each file of which something was shown, and each folder searched."""
    shown = {(row.entry.store, row.entry.path): row.entry for row in page}
    notes: list[AccessNote] = []
    for scope in scopes:
        if scope.mount.store is None:
            continue  # sessions and dreams are not memories
        notes += [
            searched(call, entry, pattern, found=True) for entry in shown.values() if entry.store == scope.entry.store
        ]
        if scope.entry.kind == "folder" or not shown:
            notes.append(searched(call, scope.entry, pattern, found=found))
        if more and page[-1].position[0] == scope.mount.name:
            break  # the mounts after this one were not reached
    return notes


def _summary(page: Sequence[_Match], pattern: str, shown: str, output: Output, next_cursor: str) -> str:
    if not page:
        return f"No line in {shown} matches {pattern}."
    word, many = ("match", "matches") if output == "lines" else ("file", "files")
    if next_cursor:
        return more_line(len(page), word, many, next_cursor)
    where = ""
    if output == "lines":
        where = " in " + plural(len({(row.position[0], row.entry.path) for row in page}), "file")
    return f"[{plural(len(page), word, many)}{where}]"
