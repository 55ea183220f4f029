"""Stores themselves: created, changed, forked, archived, deleted."""

import json
import re
import sqlite3
from datetime import datetime

from dreamfs_server.sqlite.rows import milliseconds
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Store

RESERVED = frozenset({"transcripts", "dreams", "project"})
NAME_CHARACTERS_MAX = 255
DESCRIPTION_CHARACTERS_MAX = 1_024
METADATA_COUNT_MAX = 16
METADATA_KEY_CHARACTERS_MAX = 64
METADATA_VALUE_CHARACTERS_MAX = 512

_SLUG = re.compile(r"[a-z0-9-]{1,64}")
_ADD = """
INSERT INTO store (slug, name, description, access, content_bytes_max, files_count_max, require_expected_version,
                   secrets, auto_accept, metadata, created_at, base_store_id, base_revision, packed_revision)
VALUES (:slug, :name, :description, :access, :content_bytes_max, :files_count_max, :require_expected_version,
        :secrets, :auto_accept, :metadata, :created_at, :base_store_id, :base_revision, :base_revision)
"""
_ADD_ROOT = "INSERT INTO node (store_id, path, live, kind, version, history_id) VALUES (?1, '', 1, 'folder', 0, ?1)"
_SLUG_TAKEN = "SELECT 1 FROM store WHERE slug = ? AND deleted_at IS NULL"
_UPDATE = """
UPDATE store SET name = :name, description = :description, access = :access, content_bytes_max = :content_bytes_max,
    files_count_max = :files_count_max, require_expected_version = :require_expected_version, secrets = :secrets,
    auto_accept = :auto_accept, metadata = :metadata
WHERE slug = :slug AND deleted_at IS NULL
"""
_ARCHIVE = "UPDATE store SET archived_at = ? WHERE slug = ? AND deleted_at IS NULL"
_DELETE = "UPDATE store SET deleted_at = ? WHERE slug = ? AND deleted_at IS NULL"
_BASE = """
SELECT s.store_id, n.version FROM store AS s JOIN node AS n ON n.store_id = s.store_id AND n.sort_key = ''
WHERE s.slug = ? AND s.deleted_at IS NULL
"""
_COPY_NODES = """
INSERT INTO node (store_id, path, live, kind, version, history_id, memory_id, change_number, content_id, size_bytes,
                  files, pinned)
SELECT ?, path, live, kind, version, history_id, memory_id, change_number, content_id, size_bytes, files, pinned
FROM node WHERE store_id = ? AND live = 1
"""


def check(store: Store) -> None:
    """Refuse a store whose own fields are out of bounds; DESIGN section 8.

    Raises:
        Refusal: `invalid_argument`, `limit`.
    """
    if not _SLUG.fullmatch(store.slug) or store.slug in RESERVED:
        reserved = ", ".join(sorted(RESERVED))
        raise Refusal(
            "invalid_argument",
            f"A store's slug is 1 to 64 of a-z, 0-9 and -, and none of {reserved}; got {store.slug!r}.",
        )
    for what, size, most in (
        ("name", len(store.name), NAME_CHARACTERS_MAX),
        ("description", len(store.description), DESCRIPTION_CHARACTERS_MAX),
    ):
        if size > most:
            raise Refusal("limit", f"A store's {what} has at most {most:,} characters; this one has {size:,}.")
    if len(store.metadata) > METADATA_COUNT_MAX or any(
        len(key) > METADATA_KEY_CHARACTERS_MAX or len(value) > METADATA_VALUE_CHARACTERS_MAX
        for key, value in store.metadata.items()
    ):
        raise Refusal(
            "limit",
            f"A store's metadata is at most {METADATA_COUNT_MAX} keys of {METADATA_KEY_CHARACTERS_MAX} characters "
            f"with values of {METADATA_VALUE_CHARACTERS_MAX}.",
        )


def create(c: sqlite3.Connection, store: Store, now: datetime) -> None:
    """Add an empty store with the settings of `store`; its moving parts are ignored.

    Raises:
        Refusal: `already_exists`, `invalid_argument`, `limit`.
    """
    store_id = _add(c, store, now, None, 0)
    c.execute(_ADD_ROOT, (store_id,))


def fork(c: sqlite3.Connection, base: str, store: Store, now: datetime) -> None:
    """Add a store that starts as `base` is now; paths are copied, contents and history are not.

    Raises:
        Refusal: as `create`; `not_found`.
    """
    row = c.execute(_BASE, (base,)).fetchone()
    if row is None:
        raise unknown(base)
    base_store_id, head = row
    store_id = _add(c, store, now, base_store_id, head)
    c.execute(_COPY_NODES, (store_id, base_store_id))


def update(c: sqlite3.Connection, store: Store) -> None:
    """Replace the settings of the store with that slug.

    Raises:
        Refusal: `not_found`, `limit`.
    """
    check(store)
    if not c.execute(_UPDATE, _settings(store)).rowcount:
        raise unknown(store.slug)


def archive(c: sqlite3.Connection, slug: str, at: datetime | None) -> None:
    """Make a store read-only; None takes it back.

    Raises:
        Refusal: `not_found`.
    """
    if not c.execute(_ARCHIVE, (None if at is None else milliseconds(at), slug)).rowcount:
        raise unknown(slug)


def delete(c: sqlite3.Connection, slug: str, now: datetime) -> None:
    """Hide a store and free its slug. Forks go on reading the history they began with.

    Raises:
        Refusal: `not_found`.
    """
    if not c.execute(_DELETE, (milliseconds(now), slug)).rowcount:
        raise unknown(slug)


def unknown(slug: str) -> Refusal:
    """There is no such store."""
    return Refusal("not_found", f"There is no store {slug}; `dreamfs store list` shows the stores there are.")


def _add(c: sqlite3.Connection, store: Store, now: datetime, base_store_id: int | None, base_revision: int) -> int:
    check(store)
    if c.execute(_SLUG_TAKEN, (store.slug,)).fetchone():
        raise Refusal("already_exists", f"There is already a store {store.slug}. Choose another slug.")
    made = {"created_at": milliseconds(now), "base_store_id": base_store_id, "base_revision": base_revision}
    store_id = c.execute(_ADD, _settings(store) | made).lastrowid
    assert store_id is not None
    return store_id


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
    }
