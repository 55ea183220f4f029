"""Stores themselves: created, changed, forked, archived, deleted."""

import json
import sqlite3
from datetime import datetime

from dreamfs_server.sqlite.rows import StoreRow, memory_number, milliseconds
from dreamfs_server.sqlite.snapshot import SqliteSnapshot
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Store, StoreMerge
from dreamfs_tools.paths import PATH_SEGMENTS_MAX
from dreamfs_tools.stores import check_store, unknown_store

_ADD = """
INSERT INTO store (slug, name, description, access, content_bytes_max, files_count_max, require_expected_version,
                   secrets, auto_accept, metadata, project, created_at, base_store_id, base_revision, packed_revision)
VALUES (:slug, :name, :description, :access, :content_bytes_max, :files_count_max, :require_expected_version,
        :secrets, :auto_accept, :metadata, :project, :created_at, :base_store_id, :base_revision, :base_revision)
"""
_ADD_ROOT = "INSERT INTO node (store_id, path, live, kind, version, history_id) VALUES (?1, '', 1, 'folder', 0, ?1)"
_SLUG_TAKEN = "SELECT 1 FROM store WHERE slug = ? AND deleted_at IS NULL"
_PROJECT_TAKEN = """
SELECT slug FROM store WHERE project = :project AND project <> '' AND slug <> :slug AND deleted_at IS NULL
"""
_UPDATE = """
UPDATE store SET name = :name, description = :description, access = :access, content_bytes_max = :content_bytes_max,
    files_count_max = :files_count_max, require_expected_version = :require_expected_version, secrets = :secrets,
    auto_accept = :auto_accept, metadata = :metadata, project = :project
WHERE slug = :slug AND deleted_at IS NULL
"""
_ARCHIVE = "UPDATE store SET archived_at = coalesce(archived_at, ?) WHERE slug = ? AND deleted_at IS NULL"
_DELETE = "UPDATE store SET deleted_at = ? WHERE slug = ? AND deleted_at IS NULL"
_COPY_NODES = """
INSERT INTO node (store_id, path, live, kind, version, history_id, memory_id, change_number, content_id, size_bytes,
                  files, pinned)
SELECT ?, path, live, kind, version, history_id, memory_id, change_number, content_id, size_bytes, files, pinned
FROM node WHERE store_id = ? AND live = 1
"""
_ADD_MERGE = """
INSERT INTO store_merge (source_store_id, source_revision, store_id, revision)
SELECT source.store_id, :source_revision, store.store_id, coalesce(:revision, root.version + 1)
FROM store AS source, store JOIN node AS root ON root.store_id = store.store_id AND root.sort_key = ''
WHERE source.slug = :source AND source.deleted_at IS NULL AND store.slug = :store AND store.deleted_at IS NULL
"""
_ADD_NODE = """
INSERT INTO node (store_id, path, live, kind, version, history_id, memory_id, change_number, content_id, size_bytes,
                  files, pinned)
VALUES (:store_id, :path, 1, :kind, :version, :history_id, :memory_id, :change_number, :content_id, :size_bytes, :files,
        :pinned)
"""


def create(c: sqlite3.Connection, store: Store, now: datetime) -> None:
    """Add an empty store with the settings of `store`; its moving parts are ignored.

    Raises:
        Refusal: `already_exists`, `invalid_argument`, `limit`.
    """
    store_id = _add(c, store, now, None, 0)
    c.execute(_ADD_ROOT, (store_id,))


def fork(snapshot: SqliteSnapshot, base: str, at: int | None, store: Store) -> None:
    """Add a store that starts as `base` is now, or was after revision `at`: paths are copied, contents and history not.

    Raises:
        Refusal: as `create`; `not_found`.
    """
    found = snapshot.store(base)
    if found is None:
        raise unknown_store(base)
    if at is not None and not 0 <= at <= found.head:
        raise Refusal("not_found", f"There is no version {at} of {base}; its versions go from 0 to {found.head}.")
    lineage = snapshot.segments(snapshot.store_row(base))
    if at is None or at == found.head:
        store_id = _add(snapshot.c, store, snapshot.now, lineage[0].store_id, found.head)
        snapshot.c.execute(_COPY_NODES, (store_id, lineage[0].store_id))
    else:
        _fork_past(snapshot, lineage, at, store)


def _fork_past(snapshot: SqliteSnapshot, lineage: list[StoreRow], at: int, store: Store) -> None:
    then = snapshot.tree(lineage[0].slug, at)
    root = then.entry("")
    assert root is not None, "a root always exists"
    entries = [root, *then.walk(depth=PATH_SEGMENTS_MAX)]
    store_id = _add(snapshot.c, store, snapshot.now, _holder(lineage, at).store_id, at)
    for entry in entries:
        node = {
            "store_id": store_id,
            "path": entry.path,
            "kind": entry.kind,
            "version": entry.version,
            "history_id": _holder(lineage, entry.version).store_id,
            "memory_id": memory_number(entry.memory_id) if entry.memory_id else 0,
            "change_number": entry.change_number,
            "content_id": entry.content_key or None,
            "size_bytes": entry.size_bytes,
            "files": entry.files,
            "pinned": int(entry.pinned),
        }
        snapshot.c.execute(_ADD_NODE, node)


def _holder(lineage: list[StoreRow], version: int) -> StoreRow:
    """The store of a lineage that made this revision; the oldest for version 0."""
    return next((segment for segment in lineage if version > segment.base_revision), lineage[-1])


def record_merge(c: sqlite3.Connection, merge: StoreMerge, revision: int | None) -> None:
    """Remember that one store is in another, from the revision on that has been made; None: from the next."""
    given = {"source": merge.source, "source_revision": merge.source_revision, "store": merge.store}
    c.execute(_ADD_MERGE, given | {"revision": revision})


def update(c: sqlite3.Connection, store: Store) -> None:
    """Replace the settings of the store with that slug, which exists.

    Raises:
        Refusal: `already_exists`, `invalid_argument`, `limit`.
    """
    check_store(store)
    _check_project(c, store)
    c.execute(_UPDATE, _settings(store))


def archive(c: sqlite3.Connection, slug: str, now: datetime) -> None:
    """Make a store read-only for good.

    Raises:
        Refusal: `not_found`.
    """
    if not c.execute(_ARCHIVE, (milliseconds(now), slug)).rowcount:
        raise unknown_store(slug)


def delete(c: sqlite3.Connection, slug: str, now: datetime) -> None:
    """Hide a store and free its slug. Forks go on reading the history they began with.

    Raises:
        Refusal: `not_found`.
    """
    if not c.execute(_DELETE, (milliseconds(now), slug)).rowcount:
        raise unknown_store(slug)


def _add(c: sqlite3.Connection, store: Store, now: datetime, base_store_id: int | None, base_revision: int) -> int:
    check_store(store)
    _check_project(c, store)
    if c.execute(_SLUG_TAKEN, (store.slug,)).fetchone():
        raise Refusal("already_exists", f"There is already a store {store.slug}. Choose another name.")
    made = {"created_at": milliseconds(now), "base_store_id": base_store_id, "base_revision": base_revision}
    store_id = c.execute(_ADD, _settings(store) | made).lastrowid
    assert store_id is not None
    return store_id


def _check_project(c: sqlite3.Connection, store: Store) -> None:
    row = c.execute(_PROJECT_TAKEN, {"project": store.project, "slug": store.slug}).fetchone()
    if row is not None:
        raise Refusal("already_exists", f"The store {row[0]} is that project's memory already.")


def _settings(store: Store) -> dict[str, object]:
    return {
        "slug": store.slug,
        "name": store.name,
        "description": store.description,
        "access": store.access,
        "content_bytes_max": store.limits.content_bytes,
        "files_count_max": store.limits.files_count,
        "require_expected_version": int(store.require_expected_version),
        "secrets": store.secrets,
        "auto_accept": store.auto_accept,
        "metadata": json.dumps(dict(store.metadata), ensure_ascii=False),
        "project": store.project,
    }
