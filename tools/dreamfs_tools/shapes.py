"""The JSON shapes of DESIGN section 13, each with exactly its fields in exactly that order."""

import json
from collections.abc import Mapping, Sequence

from dreamfs_tools.answers import rfc3339, session_of
from dreamfs_tools.filesystem import Change, Entry
from dreamfs_tools.mounts import Mount, mount_of

Shape = dict[str, object]


def entry_shape(entry: Entry, mount: Mount) -> Shape:
    """A file, a folder, or (for the root) a mount: one item of `ls`; a pinned file says so."""
    revision = entry.revision
    shape: Shape = {
        "path": shown_path(mount, entry.path),
        "kind": entry.kind if entry.path else "mount",
        "version": entry.version,
        "change_number": entry.change_number,
        "size_bytes": entry.size_bytes,
        "sha256": entry.sha256 or None,
        "updated_at": rfc3339(revision.created_at) if revision else None,
        "session_id": session_of(revision.author) if revision else "",
        "access": access_of(mount),
    }
    return shape | {"pinned": True} if entry.pinned else shape


def change_shape(change: Change, mount: Mount, old_path: str) -> Shape:
    """A row of history: one item of `log`; `old_path` as `old_path_of` gives it."""
    author = change.revision.author
    return {
        "version": change.version,
        "change_number": change.change_number,
        "path": shown_path(mount, change.path),
        "operation": change.operation,
        "old_path": old_path or None,
        "memory_id": change.memory_id,
        "size_bytes": change.size_bytes,
        "sha256": change.sha256,
        "added": change.added,
        "removed": change.removed,
        "session_id": session_of(author),
        "actor": author.actor,
        "on_behalf_of": author.on_behalf_of,
        "client": author.client,
        "message": change.revision.message,
        "dream_id": change.revision.dream_id,
        "created_at": rfc3339(change.revision.created_at),
        "redacted_at": rfc3339(change.redacted_at),
    }


def line_shape(number: int, text: str, change: Change, mount: Mount) -> Shape:
    """A line and the change that wrote it: one item of `blame`.

    `store` is the one that has that version, `path` where the file was in it then.
    """
    author = change.revision.author
    return {
        "line": number,
        "text": text,
        "store": f"/{mount.name}",
        "version": change.version,
        "change_number": change.change_number,
        "path": shown_path(mount, change.path),
        "operation": change.operation,
        "session_id": session_of(author),
        "actor": author.actor,
        "on_behalf_of": author.on_behalf_of,
        "client": author.client,
        "message": change.revision.message,
        "dream_id": change.revision.dream_id,
        "created_at": rfc3339(change.revision.created_at),
    }


def match_shape(path: str, version: int, line: int, text: str, before: Sequence[str], after: Sequence[str]) -> Shape:
    """One matching line of `grep`, with its context."""
    return {
        "path": path,
        "version": version,
        "line": line,
        "text": text,
        "before": list(before),
        "after": list(after),
    }


def count_shape(path: str, count: int) -> Shape:
    """One file of `grep` with `output` "files" or "count"."""
    return {"path": path, "count": count}


def to_json(value: object) -> str:
    """Compact JSON, characters of all scripts as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def shown_path(mount: Mount, path: str) -> str:
    """A path inside a store as its mount shows it."""
    return f"/{mount.name}/{path}" if path else f"/{mount.name}"


def store_words(mount: Mount) -> str:
    """`/experiment`, or `/experiment (deleted since)`."""
    is_deleted = mount.store is not None and mount.store.deleted_at is not None
    return f"/{mount.name} (deleted since)" if is_deleted else f"/{mount.name}"


def old_path_of(change: Change, mount: Mount, mounts: Mapping[str, Mount]) -> str:
    """Where a renamed file was, as a caller can name it; "" where it was not renamed.

    Moved from a store that was deleted since, the store's own name stands in its place.
    """
    if not change.old_path.startswith("/"):
        return shown_path(mount, change.old_path) if change.old_path else ""
    slug, _, path = change.old_path[1:].partition("/")
    other = mount_of(mounts, slug)
    return shown_path(other, path) if other else change.old_path


def access_of(mount: Mount) -> str:
    """What a caller can really do there: an archived store is read-only whatever its default."""
    return "rw" if mount.writable else "ro"
