"""The tool `list`: what there is below a folder, page by page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from dreamfs_tools.accesses import read_and_note
from dreamfs_tools.answers import moment, size_words, version_line, version_words
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Entry, Snapshot
from dreamfs_tools.folder_listing import mount_line
from dreamfs_tools.globs import Glob
from dreamfs_tools.lookup import Found, find
from dreamfs_tools.mounts import Mount, mounts_after, tree_of
from dreamfs_tools.paging import Row, check_limit, document, more_line, read_cursor, take_page, write_cursor
from dreamfs_tools.shapes import entry_shape, shown_path, to_json

DEPTH_MAX = 20


async def list_(
    call: Call,
    path: str = "/",
    pattern: str = "",
    depth: int = 0,
    limit: int = 100,
    cursor: str = "",
    format: Literal["text", "json"] = "text",  # noqa: A002  # the contract's name
) -> Answer:
    """List files with size, version, when and by whom they were last changed.

    `depth` 0 = every file below, 1 = direct children. `pattern` is a glob: `*` within a name, `**` across folders;
    without a slash it matches the last segment. `/` covers all mounts.
    """
    glob = Glob.parse(pattern)
    if not 0 <= depth <= DEPTH_MAX:
        raise Refusal("invalid_argument", f"The depth must be between 0 (all below) and {DEPTH_MAX}, not {depth:,}.")

    check_limit(limit)

    def query(snapshot: Snapshot) -> tuple[Answer, tuple[()]]:
        place = call.mounts.resolve(snapshot, path)
        here = find(snapshot, place) if place.mount is not None else None
        question = ("list", place.shown, pattern, depth)
        after = read_cursor(question, cursor)
        if here is not None:
            entries = _below(here, depth, after)
        else:
            entries = _everywhere(snapshot, call.mounts.table(snapshot), depth, after)
        below = place.shown if here is not None else ""
        rows = (
            Row(_said(snapshot, mount, entry, format), [mount.name, entry.path])
            for mount, entry in entries
            if glob.matches(shown_path(mount, entry.path), below)
        )
        page, more = take_page(rows, limit)
        next_cursor = write_cursor(question, page[-1].position) if more else ""
        data: dict[str, object] = {"code": "ok", "path": place.shown}
        data |= {"version": here.entry.version} if here is not None else {}
        if format == "json":
            return Answer(document("entries", page, next_cursor), data), ()
        lines = [row.said for row in page]
        lines += (
            [] if page else [f"Nothing in {place.shown} matches {pattern}." if pattern else f"{place.shown} is empty."]
        )
        lines += [more_line(len(page), "entry", "entries", next_cursor)] if more else []
        lines += [version_line(here.entry)] if here is not None else []
        return Answer("\n".join(lines), data), ()

    return await read_and_note(call, query)


def _below(here: Found, depth: int, after: Sequence[Any]) -> Iterator[tuple[Mount, Entry]]:
    """What lies below a folder, or the one file, after where a page ended."""
    if here.entry.kind == "file":
        entries: Iterable[Entry] = () if after else (here.entry,)
    else:
        entries = here.tree.walk(here.entry.path, depth=depth, after=after[1] if after else "")
    for entry in entries:
        yield here.mount, entry


def _everywhere(
    snapshot: Snapshot, table: Mapping[str, Mount], depth: int, after: Sequence[Any]
) -> Iterator[tuple[Mount, Entry]]:
    """Every mount and what lies below it, after where a page ended."""
    for mount in mounts_after(table, after):
        tree = tree_of(snapshot, mount)
        resumed = bool(after) and after[0] == mount.name
        root = tree.entry("")
        if root is not None and not resumed:
            yield mount, root
        if depth != 1 and mount.kind == "store":
            for entry in tree.walk("", depth=max(0, depth - 1), after=after[1] if resumed else ""):
                yield mount, entry


def _said(snapshot: Snapshot, mount: Mount, entry: Entry, how: Literal["text", "json"]) -> str:
    """`/memories/a.md · 1.2K · version 42 (3rd change) · 2026-11-22 11:03 UTC · session s-17`, or its shape."""
    if how == "json":
        return to_json(entry_shape(entry, mount))
    if not entry.path:
        return mount_line(snapshot, mount)
    words = [
        shown_path(mount, entry.path) + ("/" if entry.kind == "folder" else ""),
        size_words(entry.size_bytes),
        version_words(entry.version, entry.change_number),
    ]
    if entry.revision is not None:
        words += [moment(entry.revision.created_at), entry.revision.author.label]
    if entry.kind == "file" and entry.sha256 is None:
        words.append("redacted")
    if entry.pinned:
        words.append("pinned")
    return " · ".join(words)
