"""The tool `view`: what a file says, or what a folder holds, now or at a version."""

from collections.abc import Sequence

from dreamfs_tools.accesses import read_and_note, viewed
from dreamfs_tools.annotation import Annotated, annotated
from dreamfs_tools.answers import changed_by, moment, version_line, version_words, who
from dreamfs_tools.blame import by_version
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import AccessNote, Change, ChangeFilter, Entry, Snapshot
from dreamfs_tools.folder_listing import folder_text, mounts_text
from dreamfs_tools.line_page import EVIDENCE_CHARACTERS_MAX, LinePage, choose_lines
from dreamfs_tools.lookup import Found, check_has_versions, find
from dreamfs_tools.mounts import Place
from dreamfs_tools.paging import PAGE_CHARACTERS_MAX
from dreamfs_tools.precondition import check_expected_version
from dreamfs_tools.shapes import shown_path
from dreamfs_tools.since import since_words
from dreamfs_tools.text import NUMBER_WIDTH, split_lines
from dreamfs_tools.transcript_tree import TranscriptTree


async def view(
    call: Call,
    path: str,
    view_range: Sequence[int] | None = None,
    version: int | None = None,
    annotate: bool = False,
    expected_version: int | None = None,
) -> Answer:
    """Show a file's numbered lines, or a folder two levels deep; `/` shows the mounts.

    Long files come in parts: `view_range` [a, b] shows lines a to b, b = -1 to the end. `version` looks at the past
    (-1: before the last change). `expected_version` (the version you know) answers briefly when nothing changed,
    else says who changed what. `annotate` adds who wrote each line.
    """
    check_expected_version(expected_version)

    def query(snapshot: Snapshot) -> tuple[Answer, Sequence[AccessNote]]:
        place = call.mounts.resolve(snapshot, path)
        if place.mount is None:
            check_has_versions(place, version)
            _refuse_range(place, view_range)
            return Answer(mounts_text(snapshot, call.mounts.table(snapshot)), {"code": "ok", "path": "/"}), ()
        found = find(snapshot, place, version)
        entry = found.entry
        notes = [viewed(call, entry)] if found.mount.store is not None else []
        if expected_version is not None and expected_version == entry.version:
            text = f"{found.shown} has not changed since {version_words(entry.version)}.\n{version_line(entry)}"
            return Answer(text, _data(found, "unchanged", expected_version)), notes
        moved = ""
        if expected_version is not None:
            moved = since_words(snapshot, found, expected_version) + "\n"
        try:
            if entry.kind == "folder":
                _refuse_range(place, view_range)
                body = folder_text(found)
            else:
                written = None
                if annotate and found.mount.store is not None and found.tree.text(found.entry):
                    written = annotated(snapshot, call.mounts, found)
                body = _file_text(snapshot, found, view_range, written)
        except Refusal as refusal:
            told = {**refusal.data, "version": entry.version}
            raise Refusal(refusal.code, f"{refusal.sentence}\n{version_line(entry)}", **told) from None
        if place.path != entry.path:
            body = f"{place.shown} was at {found.shown} then.\n{body}"
        data = _data(found, "ok", expected_version)
        if moved and entry.revision is not None:
            data |= {"changed_by": _changed_by(snapshot, entry)}
        return Answer(f"{moved}{body}\n{version_line(entry)}", data), notes

    return await read_and_note(call, query)


def _file_text(snapshot: Snapshot, found: Found, view_range: Sequence[int] | None, written: Annotated | None) -> str:
    if isinstance(found.tree, TranscriptTree):
        lines = found.tree.lines(found.entry)
    elif (text := found.tree.text(found.entry)) is not None:
        lines = split_lines(text)
    else:
        return _gone_words(snapshot, found)
    if not lines and (view_range is None or list(view_range) == [1, -1]):
        return f"Here's the content of {found.shown} with line numbers:\n[the file is empty]"
    is_evidence = found.mount.store is None
    room = EVIDENCE_CHARACTERS_MAX if is_evidence else PAGE_CHARACTERS_MAX
    page = choose_lines(found.shown, lines, view_range, room)
    rows = _annotated(page, written) if written else page.rows
    parts = [f"Here's the content of {found.shown} with line numbers:", *rows]
    if page.notice:
        parts.append(page.notice)
    if written:
        parts += _legend(page, written)
    return "\n".join(parts)


def _annotated(page: LinePage, written: Annotated) -> list[str]:
    shown = written.blame.lines[page.first - 1 : page.last]
    labels = [_label(written, line.change) for line in shown]
    width = max(len(label) for label in labels)
    pairs = zip(labels, page.rows, strict=True)
    return [f"{row[:NUMBER_WIDTH]}\t{label:>{width}}\t{row.split(chr(9), 1)[1]}" for label, row in pairs]


def _label(written: Annotated, change: Change) -> str:
    """`v12`; of another store `experiment@12`."""
    label = written.label(change)
    return f"v{label}" if label.isdecimal() else label


def _legend(page: LinePage, written: Annotated) -> list[str]:
    changes = by_version(written.blame.lines[page.first - 1 : page.last]).values()
    rows = ["Written by:"]
    rows += [f"{_label(written, change)}{_in(written, change)}: {who(change.revision)}" for change in changes]
    if written.blame.gaps:
        versions = ", ".join(written.label(gap) for gap in written.blame.gaps)
        rows.append(f"[the content of version {versions} is gone: lines it wrote are put down to the next version]")
    return rows


def _in(written: Annotated, change: Change) -> str:
    """Of which file, where that is one of another store."""
    mount = written.mounts[change.store]
    return "" if mount is written.found.mount else f" ({shown_path(mount, change.path)})"


def _gone_words(snapshot: Snapshot, found: Found) -> str:
    """What to say of a version whose content was redacted or pruned."""
    entry = found.entry
    which = ChangeFilter(memory_id=entry.memory_id, up_to_version=entry.version)
    changes = snapshot.changes(entry.store, which, 1)
    at = changes[0].redacted_at if changes else None
    how = f"was redacted at {moment(at)}" if at else "is no longer kept"
    return f"The content of {found.shown} at {version_words(entry.version)} {how}. [redacted]"


def _changed_by(snapshot: Snapshot, entry: Entry) -> object:
    which = ChangeFilter(path=entry.path, up_to_version=entry.version)
    changes = snapshot.changes(entry.store, which, 1)
    return changed_by(changes[0]) if changes else None


def _refuse_range(place: Place, view_range: Sequence[int] | None) -> None:
    if view_range is not None:
        raise Refusal(
            "invalid_argument",
            f"The `view_range` parameter is not allowed when `path` points to a directory, as {place.shown} does.",
            path=place.shown,
        )


def _data(found: Found, code: str, expected: int | None) -> dict[str, object]:
    entry = found.entry
    data: dict[str, object] = {"code": code, "path": found.shown, "version": entry.version}
    if expected is not None:
        data |= {"previous": expected, "current": entry.version}
    return data
