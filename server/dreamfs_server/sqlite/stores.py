"""Stores themselves: created, changed, forked, archived, deleted, brought back. Each is written down in their log."""

import json
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime

from dreamfs_server.sqlite import store_log
from dreamfs_server.sqlite.content import Entropy
from dreamfs_server.sqlite.rows import StoreRow, memory_number, milliseconds, moment
from dreamfs_server.sqlite.snapshot import SqliteSnapshot
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Author, Store, StoreMerge
from dreamfs_tools.paths import PATH_SEGMENTS_MAX
from dreamfs_tools.store_log import DeletedStore, Settings, StoreChange, StoreOperation, changed_settings
from dreamfs_tools.stores import check_store, unknown_store

_ADD = """
INSERT INTO store (slug, name, description, access, content_bytes_max, files_count_max, require_expected_version,
                   secrets, auto_accept, keep_days, keep_versions, metadata, project, created_at, base_store_id,
                   base_revision, packed_revision)
VALUES (:slug, :name, :description, :access, :content_bytes_max, :files_count_max, :require_expected_version,
        :secrets, :auto_accept, :keep_days, :keep_versions, :metadata, :project, :created_at, :base_store_id,
        :base_revision, :base_revision)
"""
_ADD_ROOT = "INSERT INTO node (store_id, path, live, kind, version, history_id) VALUES (?1, '', 1, 'folder', 0, ?1)"
_PROJECT_TAKEN = """
SELECT slug FROM store WHERE project = :project AND project <> '' AND slug <> :slug AND deleted_at IS NULL
"""
_UPDATE = """
UPDATE store SET name = :name, description = :description, access = :access, content_bytes_max = :content_bytes_max,
    files_count_max = :files_count_max, require_expected_version = :require_expected_version, secrets = :secrets,
    auto_accept = :auto_accept, keep_days = :keep_days, keep_versions = :keep_versions,
    metadata = :metadata, project = :project
WHERE slug = :slug AND deleted_at IS NULL
"""
_ARCHIVE = "UPDATE store SET archived_at = ? WHERE store_id = ? AND archived_at IS NULL"
_DELETE = "UPDATE store SET deleted_at = ? WHERE store_id = ?"
_UNDELETE = "UPDATE store SET deleted_at = NULL WHERE store_id = ?"
_FIND = "SELECT store_id FROM store WHERE slug = ? AND deleted_at IS NULL"
_FIND_DELETED = """
SELECT store_id, project FROM store WHERE slug = ? AND deleted_at = coalesce(?, deleted_at)
ORDER BY deleted_at DESC, store_id DESC LIMIT 1
"""
_DELETED = """
SELECT s.slug, s.name, s.description, n.version, n.files, s.deleted_at,
       coalesce((SELECT a.actor FROM store_change AS h JOIN author AS a USING (author_id)
                 WHERE h.store_id = s.store_id AND h.operation = 'deleted' ORDER BY h.number DESC LIMIT 1), '')
FROM store AS s CROSS JOIN node AS n ON n.store_id = s.store_id AND n.sort_key = ''
WHERE s.deleted_at IS NOT NULL ORDER BY s.slug, s.deleted_at DESC, s.store_id DESC
"""
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


@dataclass(frozen=True, slots=True)
class Keeping:
    """Who does something to a store, and what is needed to write it down."""

    now: datetime
    author: Author
    entropy: Entropy

    def record(self, c: sqlite3.Connection, store_id: int, operation: StoreOperation, settings: Settings) -> None:
        """Write it down."""
        store_log.record(c, store_id, milliseconds(self.now), self.author, operation, settings, self.entropy)


def create(c: sqlite3.Connection, store: Store, keeping: Keeping) -> None:
    """Add an empty store with the settings of `store`; its moving parts are ignored.

    Raises:
        Refusal: `already_exists`, `invalid_argument`, `limit`.
    """
    check_store(store)
    store_id = _add(c, store, keeping.now, None, 0)
    c.execute(_ADD_ROOT, (store_id,))
    keeping.record(c, store_id, "created", changed_settings(None, store))


def fork(snapshot: SqliteSnapshot, base: str, at: int | None, store: Store, keeping: Keeping) -> None:
    """Add a store that starts as `base` is now, or was after revision `at`: paths are copied, contents and history not.

    Raises:
        Refusal: as `create`; `not_found`.
    """
    found = snapshot.store(base)
    if found is None:
        raise unknown_store(base)
    if at is not None and not 0 <= at <= found.head:
        raise Refusal(
            "not_found",
            f"There is no version {at} of {base}; its versions go from 0 to {found.head}. Nothing was made: fork it at "
            "one of these, or leave the version out to fork it as it is now.",
        )
    check_store(store, found)
    lineage = snapshot.segments(snapshot.store_row(base))
    if at is None or at == found.head:
        store_id = _add(snapshot.c, store, snapshot.now, lineage[0].store_id, found.head)
        snapshot.c.execute(_COPY_NODES, (store_id, lineage[0].store_id))
    else:
        store_id = _fork_past(snapshot, lineage, at, store)
    began = f"{base} at version {found.head if at is None else at}"
    keeping.record(snapshot.c, store_id, "forked", {"forked_from": (None, began), **changed_settings(None, store)})


def _fork_past(snapshot: SqliteSnapshot, lineage: list[StoreRow], at: int, store: Store) -> int:
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
    return store_id


def _holder(lineage: list[StoreRow], version: int) -> StoreRow:
    """The store of a lineage that made this revision; the oldest for version 0."""
    return next((segment for segment in lineage if version > segment.base_revision), lineage[-1])


def record_merge(c: sqlite3.Connection, merge: StoreMerge, revision: int | None) -> None:
    """Remember that one store is in another, from the revision on that has been made; None: from the next."""
    given = {"source": merge.source, "source_revision": merge.source_revision, "store": merge.store}
    c.execute(_ADD_MERGE, given | {"revision": revision})


def update(c: sqlite3.Connection, before: Store, store: Store, keeping: Keeping) -> None:
    """Replace the settings of a store, `before`, by those of `store`.

    Raises:
        Refusal: `already_exists`, `invalid_argument`, `limit`.
    """
    store = replace(store, slug=before.slug)
    check_store(store, before)
    _check_project(c, store)
    if changed := changed_settings(before, store):
        c.execute(_UPDATE, _settings(store))
        keeping.record(c, _store_id(c, store.slug), "set", changed)


def archive(c: sqlite3.Connection, slug: str, keeping: Keeping) -> None:
    """Make a store read-only for good.

    Raises:
        Refusal: `not_found`.
    """
    store_id = _store_id(c, slug)
    if c.execute(_ARCHIVE, (milliseconds(keeping.now), store_id)).rowcount:
        keeping.record(c, store_id, "archived", {})


def delete(c: sqlite3.Connection, slug: str, keeping: Keeping) -> None:
    """Hide a store and free its slug. Forks go on reading the history they began with.

    Raises:
        Refusal: `not_found`.
    """
    store_id = _store_id(c, slug)
    c.execute(_DELETE, (milliseconds(keeping.now), store_id))
    keeping.record(c, store_id, "deleted", {})


def undelete(c: sqlite3.Connection, slug: str, deleted_at: datetime | None, keeping: Keeping) -> None:
    """Show a deleted store again.

    Raises:
        Refusal: `not_found`; `already_exists` when another store has its slug, or its project.
    """
    when = None if deleted_at is None else milliseconds(deleted_at)
    row = c.execute(_FIND_DELETED, (slug, when)).fetchone()
    if row is None:
        raise Refusal(
            "not_found",
            f"No store {slug} was deleted{' then' if when else ''}; `dreamfs store list --deleted` shows which.",
        )
    store_id, project = row
    if c.execute(_FIND, (slug,)).fetchone():
        raise Refusal(
            "already_exists",
            f"There is another store {slug} now, and a slug never changes. Delete that one first; it can be brought back "
            "in the same way.",
        )
    _check_project(c, Store(slug, slug, project=project))
    c.execute(_UNDELETE, (store_id,))
    keeping.record(c, store_id, "undeleted", {})


def deleted(c: sqlite3.Connection) -> list[DeletedStore]:
    """The stores that are hidden."""
    return [
        DeletedStore(slug, name, description, head, files, moment(at), by)
        for slug, name, description, head, files, at, by in c.execute(_DELETED).fetchall()
    ]


def log(c: sqlite3.Connection, slug: str) -> list[StoreChange]:
    """What was done to a store itself, newest first.

    Raises:
        Refusal: `not_found`.
    """
    return store_log.changes(c, _store_id(c, slug))


def _store_id(c: sqlite3.Connection, slug: str) -> int:
    row = c.execute(_FIND, (slug,)).fetchone()
    if row is None:
        raise unknown_store(slug)
    return int(row[0])


def _add(c: sqlite3.Connection, store: Store, now: datetime, base_store_id: int | None, base_revision: int) -> int:
    _check_project(c, store)
    if c.execute(_FIND, (store.slug,)).fetchone():
        raise Refusal("already_exists", f"There is already a store {store.slug}. Choose another name.")
    made = {"created_at": milliseconds(now), "base_store_id": base_store_id, "base_revision": base_revision}
    store_id = c.execute(_ADD, _settings(store) | made).lastrowid
    assert store_id is not None
    return store_id


def _check_project(c: sqlite3.Connection, store: Store) -> None:
    row = c.execute(_PROJECT_TAKEN, {"project": store.project, "slug": store.slug}).fetchone()
    if row is not None:
        raise Refusal(
            "already_exists",
            f"The store {row[0]} is that project's memory already. Give it to another with "
            f"`dreamfs store set {row[0]} --project DIR`, or delete it first.",
        )


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
        "keep_days": store.keep_days,
        "keep_versions": store.keep_versions,
        "metadata": json.dumps(dict(store.metadata), ensure_ascii=False),
        "project": store.project,
    }
