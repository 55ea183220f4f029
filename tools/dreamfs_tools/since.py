"""What happened to a path since the version that a caller knows."""

from dreamfs_tools.answers import plural, version_words, who
from dreamfs_tools.difference import Pair, file_difference
from dreamfs_tools.filesystem import ChangeFilter, Entry, Snapshot
from dreamfs_tools.lookup import Found
from dreamfs_tools.paging import ANSWER_CHARACTERS_MAX
from dreamfs_tools.shapes import shown_path

DIFF_CHARACTERS_MAX = ANSWER_CHARACTERS_MAX // 4
ROWS_MAX = 20


def since_words(snapshot: Snapshot, found: Found, known: int) -> str:
    """Who moved a file or folder on from version `known`, and the difference since."""
    entry = found.entry
    if found.mount.kind == "transcripts" and 0 <= known < entry.version:
        return f"{found.shown} has grown by {plural(entry.version - known, 'event')} since {version_words(known)}."
    if known > found.mount.version or found.mount.store is None:
        return f"{found.shown} has no version {known}; it is at {version_words(entry.version)}."
    if known > entry.version:
        return f"{found.shown} did not change in version {known}: it is at {version_words(entry.version)}, unchanged since."
    head = f"{found.shown} has changed since {version_words(known)}."
    if entry.revision is not None:
        head += f" It is now {version_words(entry.version, entry.change_number)}, by {who(entry.revision)}."
    return f"{head}\n{_rows(snapshot, found, known) if entry.kind == 'folder' else _difference(snapshot, found, known)}"


def _difference(snapshot: Snapshot, found: Found, known: int) -> str:
    entry = found.entry
    tree = snapshot.tree(entry.store, known)
    before = tree.entry(_path_at(snapshot, entry, known))
    if before is None or before.kind == "folder":
        return f"It did not exist at {version_words(known)}."
    if before.sha256 is not None and before.sha256 == entry.sha256 and before.path == entry.path:
        return "Its content is the same."
    difference = file_difference(found.mount, Pair(before, entry), tree, found.tree).removesuffix("\n")
    if len(difference) > DIFF_CHARACTERS_MAX:
        return f"[the difference is long: diff with from_version={known} shows it]"
    return difference


def _path_at(snapshot: Snapshot, entry: Entry, version: int) -> str:
    """Where the file was at an earlier version, by its renames."""
    which = ChangeFilter(memory_id=entry.memory_id, up_to_version=version)
    changes = snapshot.changes(entry.store, which, 1)
    return changes[0].path if changes else entry.path


def _rows(snapshot: Snapshot, found: Found, known: int) -> str:
    which = ChangeFilter(path=found.entry.path, after_version=known, up_to_version=found.at)
    changes = snapshot.changes(found.entry.store, which, ROWS_MAX + 1)
    rows = [
        f"version {change.version} {change.operation} {shown_path(found.mount, change.path)}, by {who(change.revision)}"
        for change in changes[:ROWS_MAX]
    ]
    if len(changes) > ROWS_MAX:
        rows.append(f"[more than {plural(ROWS_MAX, 'change')}; history shows all]")
    return "\n".join(rows)
