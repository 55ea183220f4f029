"""What `view` says of a folder and of `/`."""

from collections.abc import Iterable, Mapping

from dreamfs_tools.answers import plural, size_words, version_words
from dreamfs_tools.filesystem import Entry, Snapshot
from dreamfs_tools.lookup import Found
from dreamfs_tools.mounts import Mount, tree_of
from dreamfs_tools.paging import PAGE_CHARACTERS_MAX
from dreamfs_tools.shapes import access_of, shown_path

LEVELS = 2


def folder_text(found: Found) -> str:
    """A folder two levels deep with sizes, in the standard memory tool's words."""
    path = found.entry.path
    rows = [f"{size_words(found.entry.size_bytes)}\t{found.shown}"]
    left = PAGE_CHARACTERS_MAX - len(rows[0])
    more = 0
    for entry in visible(found.tree.walk(path, depth=LEVELS), path):
        row = f"{size_words(entry.size_bytes)}\t{shown_path(found.mount, entry.path)}"
        row += "/" if entry.kind == "folder" else ""
        left -= len(row) + 1
        if more or left < 0:
            more += 1
        else:
            rows.append(row)
    head = (
        f"Here're the files and directories up to {LEVELS} levels deep in {found.shown}, "
        "excluding hidden items and node_modules:"
    )
    if more:
        rows.append(f"[{more:,} more are not shown; list with path={found.shown} pages through all]")
    return "\n".join([head, *rows])


def visible(entries: Iterable[Entry], folder: str) -> Iterable[Entry]:
    """Leave out dot-names and node_modules below a folder, and what lies in them."""
    skip = len(folder) + 1 if folder else 0
    for entry in entries:
        segments = entry.path[skip:].split("/")
        if not any(segment.startswith(".") or segment == "node_modules" for segment in segments):
            yield entry


def mounts_text(snapshot: Snapshot, table: Mapping[str, Mount]) -> str:
    """The mounts, one line each."""
    if not table:
        return "There are no mounts: this server shows no store."
    return "\n".join(["The mounts:", *(mount_line(snapshot, mount) for mount in table.values())])


def mount_line(snapshot: Snapshot, mount: Mount) -> str:
    """`/memories · rw · version 42 · 12 files · what it is for`."""
    words = [f"/{mount.name}", access_of(mount)]
    if mount.store is not None:
        root = tree_of(snapshot, mount).entry("")
        words += [version_words(mount.version), plural(root.files if root else 0, "file")]
        if mount.revision is not None:
            words.append("a view of the past")
        if mount.store.archived_at is not None:
            words.append("archived")
        if mount.store.description:
            words.append(" ".join(mount.store.description.split()))
    elif mount.kind == "transcripts":
        words.append("the recorded sessions, one file each")
    else:
        words.append("what dreams found and propose")
    return " · ".join(words)
