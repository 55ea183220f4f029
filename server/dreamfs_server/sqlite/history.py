"""Rows of history. Every filter that can be selective has an index that gives its revisions newest first."""

from collections.abc import Iterator, Sequence
from heapq import merge
from typing import Any

from dreamfs_server.sqlite.rows import Row, StoreRow, change_of, memory_number, milliseconds, moment, sort_key, span
from dreamfs_server.sqlite.tree import Source
from dreamfs_tools.filesystem import Change, ChangeFilter

_BY_REVISION = """
SELECT * FROM file_change
WHERE store_id = :store AND revision BETWEEN :low AND :high AND NOT hidden
ORDER BY revision DESC, position
"""
_BY_FILE = """
SELECT h.* FROM change AS t
CROSS JOIN file_change AS h ON h.store_id = t.store_id AND h.revision = t.revision AND h.position = t.position
WHERE t.node_id = :node AND t.revision BETWEEN :low AND :high AND NOT h.hidden
ORDER BY t.revision DESC, t.live DESC
"""
_BY_DEPARTURE = """
SELECT h.* FROM change AS t
CROSS JOIN file_change AS h ON h.node_id = t.other_id AND h.revision = t.revision AND h.live = 1
WHERE t.node_id = :node AND t.revision BETWEEN :low AND :high AND t.live = 0 AND t.operation = 'renamed'
  AND h.store_id = t.store_id
ORDER BY t.revision DESC
"""
_BY_FOLDER = """
SELECT h.* FROM folder_state AS t
CROSS JOIN file_change AS h ON h.store_id = :store AND h.revision = t.revision
WHERE t.node_id = :node AND t.revision BETWEEN :low AND :high AND NOT h.hidden
  AND (h.sort_key > :first AND h.sort_key < :last OR h.other_key > :first AND h.other_key < :last)
ORDER BY t.revision DESC, h.position
"""
_BY_MEMORY = """
SELECT h.* FROM change AS t
CROSS JOIN file_change AS h ON h.store_id = t.store_id AND h.revision = t.revision AND h.position = t.position
WHERE t.memory_id = :memory AND t.store_id = :store AND t.revision BETWEEN :low AND :high AND NOT h.hidden
ORDER BY t.revision DESC, h.position
"""
_BY_SESSION = """
SELECT h.* FROM revision AS t
CROSS JOIN file_change AS h ON h.store_id = t.store_id AND h.revision = t.number
WHERE t.store_id = :store AND t.number BETWEEN :low AND :high AND NOT h.hidden AND t.author_id IN
    (SELECT author_id FROM author
     WHERE session_id = :session OR host_session_id = :session OR connection_id = :session)
ORDER BY t.number DESC, h.position
"""
_BY_ACTOR = """
SELECT h.* FROM revision AS t
CROSS JOIN file_change AS h ON h.store_id = t.store_id AND h.revision = t.number
WHERE t.store_id = :store AND t.number BETWEEN :low AND :high AND NOT h.hidden
  AND t.author_id IN (SELECT author_id FROM author WHERE actor = :actor)
ORDER BY t.number DESC, h.position
"""
_BY_DREAM = """
SELECT h.* FROM revision AS t
CROSS JOIN file_change AS h ON h.store_id = t.store_id AND h.revision = t.number
WHERE t.dream_id = :dream AND t.dream_id <> '' AND t.store_id = :store AND t.number BETWEEN :low AND :high
  AND NOT h.hidden
ORDER BY t.number DESC, h.position
"""
_INCOMING = """
SELECT h.* FROM change AS t INDEXED BY change_incoming
CROSS JOIN file_change AS h ON h.store_id = t.store_id AND h.revision = t.revision AND h.position = t.position
WHERE t.store_id = :store AND t.from_store_id <> t.store_id AND t.revision BETWEEN :low AND :high AND NOT h.hidden
ORDER BY t.revision DESC, t.position
"""
_NODE = "SELECT node_id FROM node WHERE store_id = ? AND sort_key = ?"


def changes(source: Source, segments: Sequence[StoreRow], which: ChangeFilter, limit: int) -> list[Change]:
    """At most `limit` changes of a store and of what it began as, newest first."""
    found: list[Change] = []
    newest = min(
        segments[0].head,
        which.up_to_version if which.up_to_version is not None else segments[0].head,
        which.before[0] if which.before is not None else segments[0].head,
    )
    for segment in segments:
        low, high = max(segment.base_revision, which.after_version) + 1, min(segment.head, newest)
        if low > high:
            continue
        for row in _candidates(source, segment, which, low, high):
            change = change_of(row, segment.slug, source.authors)
            if not _fits(change, row, which):
                continue
            if len(found) >= limit:
                return found
            found.append(change)
    return found


def _candidates(source: Source, segment: StoreRow, which: ChangeFilter, low: int, high: int) -> Iterator[Row]:
    """Rows that hold everything wanted, in order, by the filter that leaves least."""
    given: dict[str, Any] = {"store": segment.store_id, "low": low, "high": high}
    if which.memory_id:
        return source.rows(_BY_MEMORY, given | {"memory": memory_number(which.memory_id)})
    if which.incoming:
        return source.rows(_INCOMING, given)
    if which.dream_id:
        return source.rows(_BY_DREAM, given | {"dream": which.dream_id})
    if which.path:
        return _below(source, segment, which.path, given)
    if which.session:
        return source.rows(_BY_SESSION, given | {"session": which.session})
    if which.actor:
        return source.rows(_BY_ACTOR, given | {"actor": which.actor})
    return source.rows(_BY_REVISION, given)


def _below(source: Source, segment: StoreRow, path: str, given: dict[str, Any]) -> Iterator[Row]:
    """Changes of a path that was a file, a folder, or now one and then the other."""
    node = source.c.execute(_NODE, (segment.store_id, sort_key(path))).fetchone()
    if node is None:
        return
    first, last = span(path)
    given |= {"node": node[0], "first": first, "last": last}
    sources = [source.rows(sql, given) for sql in (_BY_FILE, _BY_DEPARTURE, _BY_FOLDER)]
    shown: Row = ()
    for row in merge(*sources, key=lambda row: (-row[1], row[2])):
        if row[:3] != shown:  # a rename from the path to a place below it is found twice
            yield row
        shown = row[:3]


def _fits(change: Change, row: Row, which: ChangeFilter) -> bool:
    author = change.revision.author
    created_at: int = row[25]
    before = which.before
    if before is not None and change.version == before[0] and sort_key(change.path) <= sort_key(before[1]):
        return False
    if which.path and not (_is_at_or_below(change.path, which.path) or _is_at_or_below(change.old_path, which.path)):
        return False
    if which.session and which.session not in (author.session_id, author.host_session_id, author.connection_id):
        return False
    if which.actor and which.actor != author.actor:
        return False
    if which.operation and which.operation != change.operation:
        return False
    if which.dream_id and which.dream_id != change.revision.dream_id:
        return False
    if which.memory_id and which.memory_id != change.memory_id:
        return False
    if which.incoming and (row[31] is None or row[31] == row[0]):
        return False
    if which.since is not None and moment(created_at) < moment(milliseconds(which.since)):
        return False
    return which.until is None or moment(created_at) <= which.until


def _is_at_or_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
