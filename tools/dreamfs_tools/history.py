"""The tool `history`: what was changed, by whom, when and why, newest first."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from dreamfs_tools.absence import missing
from dreamfs_tools.accesses import read_and_note
from dreamfs_tools.answers import rfc3339, version_line, version_words, who
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, ChangeFilter, Entry, Snapshot
from dreamfs_tools.mounts import Mount, Place, mount_of, tree_of
from dreamfs_tools.paging import Row, check_limit, document, more_line, read_cursor, take_page, write_cursor
from dreamfs_tools.shapes import change_shape, old_path_of, shown_path, to_json

STORES_FOLLOWED_MAX = 10
"""How many moves between stores are followed back."""


@dataclass(frozen=True, slots=True)
class _Source:
    """One store's part of a history: what any of the filters selects."""

    mount: Mount
    filters: Sequence[ChangeFilter]


async def history(
    call: Call,
    path: str = "/",
    by_session: str = "",
    limit: int = 20,
    cursor: str = "",
    format: Literal["text", "json"] = "text",  # noqa: A002  # the contract's name
) -> Answer:
    """Show who changed what, when and why, newest first, one row a changed file; deleted files too.

    A file is followed back through its renames. `by_session` keeps one session's changes. `/` covers all mounts.
    """
    return await log(call, path, ChangeFilter(session=by_session), limit, cursor, format)


async def log(
    call: Call,
    path: str,
    which: ChangeFilter,
    limit: int,
    cursor: str = "",
    how: Literal["text", "json"] = "text",
) -> Answer:
    """A page of the history of a path, narrowed by session, actor, operation, dream and time.

    Args:
        call: the call.
        path: a file, a folder or `/`.
        which: what narrows it; its path, memory and versions are not looked at.
        limit: how many changes at most.
        cursor: where the page before ended.
        how: words, or the shape of DESIGN section 13.

    Raises:
        Refusal: `not_found`, `invalid_path`, `invalid_argument`.
    """
    check_limit(limit)
    which = replace(which, path="", memory_id="", before=None, after_version=0, up_to_version=None)
    narrowed = which != ChangeFilter()

    def query(snapshot: Snapshot) -> tuple[Answer, tuple[()]]:
        place = call.mounts.resolve(snapshot, path)
        table = call.mounts.table(snapshot)
        question = ("history", place.shown, *_asked(which))
        position = read_cursor(question, cursor)
        here = _here(snapshot, place)
        sources = _sources(snapshot, table, place, here, which)
        rows = (
            Row(_said(change, mount, _old_path(snapshot, change, mount, table), how), after)
            for mount, change, after in _merged(snapshot, sources, limit, position)
        )
        page, more = take_page(rows, limit)
        if not page and here is None and place.mount is not None and not narrowed:
            raise missing(snapshot, place)
        next_cursor = write_cursor(question, page[-1].position) if more else ""
        data: dict[str, object] = {"code": "ok", "path": place.shown}
        data |= {"version": here.version} if here is not None else {}
        if how == "json":
            return Answer(document("revisions", page, next_cursor), data), ()
        lines = [row.said for row in page]
        if not page:
            lines.append(f"No changes in {place.shown}{_narrowed_words(which)}")
        lines += [more_line(len(page), "change", "changes", next_cursor)] if more else []
        lines += [version_line(here)] if here is not None else []
        return Answer("\n".join(lines), data), ()

    return await read_and_note(call, query)


def _asked(which: ChangeFilter) -> Sequence[str]:
    """What a cursor is bound to, in words; the session alone where nothing else narrows."""
    since, until = (rfc3339(at) or "" for at in (which.since, which.until))
    more = [which.actor, which.operation, which.dream_id, since, until]
    return [which.session, *(more if any(more) else ())]


def _narrowed_words(which: ChangeFilter) -> str:
    if which == ChangeFilter():
        return " yet."
    if which == ChangeFilter(session=which.session):
        return f" by session {which.session}."
    return " fit what was asked for."


def _here(snapshot: Snapshot, place: Place) -> Entry | None:
    """What is at the place now.

    Raises:
        Refusal: `invalid_argument` for a virtual tree.
    """
    if place.mount is None:
        return None
    if place.mount.kind != "store":
        raise Refusal(
            "invalid_argument",
            f"/{place.mount.name} has no history: it is computed, not written. view and grep read it.",
            path=place.shown,
        )
    return tree_of(snapshot, place.mount).entry(place.path)


def _sources(
    snapshot: Snapshot, table: Mapping[str, Mount], place: Place, here: Entry | None, which: ChangeFilter
) -> list[_Source]:
    if place.mount is None:
        mounts = [mount for mount in table.values() if mount.kind == "store"]
        return [_Source(mount, [replace(which, up_to_version=mount.revision)]) for mount in mounts]
    mount = place.mount
    by_path = replace(which, path=place.path, up_to_version=mount.revision)
    if here is None or here.kind == "folder":
        return [_Source(mount, [by_path])]
    by_memory = replace(by_path, path="", memory_id=here.memory_id)
    return [_Source(mount, [by_path, by_memory]), *_earlier_stores(snapshot, table, by_memory, mount)]


def _earlier_stores(
    snapshot: Snapshot, table: Mapping[str, Mount], memory: ChangeFilter, mount: Mount
) -> Iterator[_Source]:
    """The stores in which a file was before it was moved to this one, as far as they are mounted."""
    renames = ChangeFilter(memory_id=memory.memory_id, operation="renamed", up_to_version=memory.up_to_version)
    for _ in range(STORES_FOLLOWED_MAX):
        move = _move_in(snapshot, mount, renames)
        if move is None:
            return
        slug, _, old_path = move.old_path[1:].partition("/")
        other = mount_of(table, slug)
        if other is None:
            return
        moved_at = move.revision.created_at
        before = snapshot.changes(slug, ChangeFilter(path=old_path, until=moved_at), 1)
        if not before:
            return
        mount, memory_id = other, before[0].memory_id
        renames = replace(renames, memory_id=memory_id, until=moved_at, up_to_version=other.revision)
        until = min(moved_at, memory.until or moved_at)
        yield _Source(mount, [replace(memory, memory_id=memory_id, until=until, up_to_version=other.revision)])


def _move_in(snapshot: Snapshot, mount: Mount, renames: ChangeFilter) -> Change | None:
    assert mount.store is not None
    found = snapshot.changes(mount.store.slug, renames, 1_000)
    return next((change for change in reversed(found) if change.old_path.startswith("/")), None)


def _merged(
    snapshot: Snapshot, sources: Sequence[_Source], limit: int, position: Sequence[Any]
) -> Iterator[tuple[Mount, Change, list[Any]]]:
    """The changes of all sources, newest first, each with where a page that ends there goes on in every source."""
    reached = {index: (version, path) for index, version, path in position}
    streams = (_changes(snapshot, source, index, limit, reached) for index, source in enumerate(sources))
    for _, index, _, _, change in heapq.merge(*streams, key=lambda item: item[:4]):
        reached[index] = (change.version, change.path)
        yield sources[index].mount, change, [[at, *where] for at, where in sorted(reached.items())]


def _changes(
    snapshot: Snapshot, source: _Source, index: int, limit: int, reached: Mapping[int, tuple[int, str]]
) -> Iterator[tuple[float, int, int, str, Change]]:
    """One source's next changes, once each, keyed so that newest sorts first."""
    assert source.mount.store is not None
    slug = source.mount.store.slug
    found = {
        (change.version, change.path): change
        for which in source.filters
        for change in snapshot.changes(slug, replace(which, before=reached.get(index)), limit + 1)
    }
    for version, path in sorted(found, key=lambda key: (-key[0], key[1]))[: limit + 1]:
        change = found[version, path]
        yield -_seconds(change.revision.created_at), index, -version, path, change


def _seconds(at: datetime) -> float:
    return at.timestamp()


def _old_path(snapshot: Snapshot, change: Change, mount: Mount, table: Mapping[str, Mount]) -> str:
    """Where a renamed file was; "" also where that was in a store that the caller does not see."""
    if change.old_path.startswith("/"):
        slug = change.old_path[1:].partition("/")[0]
        # In a mounted store's place a name may stand for another store; a deleted one has only its name left.
        if mount_of(table, slug) is None and (slug in table or snapshot.store(slug) is not None):
            return ""
    return old_path_of(change, mount, table)


def _said(change: Change, mount: Mount, old_path: str, how: Literal["text", "json"]) -> str:
    """`version 42 (3rd change) modified /memories/a.md +3 -1, by session s-17 … at …: "why"`, or its shape."""
    if how == "json":
        return to_json(change_shape(change, mount, old_path))
    path = shown_path(mount, change.path)
    if change.old_path:
        path = f"{old_path or 'from a store that is not mounted here'} to {path}"
    words = f"{version_words(change.version, change.change_number)} {change.operation} {path}"
    words += f" +{change.added:,} -{change.removed:,}, by {who(change.revision)}"
    return words + (" [redacted]" if change.redacted_at else "")
