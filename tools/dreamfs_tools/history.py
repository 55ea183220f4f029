"""The tool `history`: what was changed, by whom, when and why, newest first."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from dreamfs_tools.absence import missing
from dreamfs_tools.accesses import read_and_note
from dreamfs_tools.answers import rfc3339, version_line, version_words, who
from dreamfs_tools.brought import Brought, brought
from dreamfs_tools.call import Answer, Call
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Change, ChangeFilter, Entry, Snapshot
from dreamfs_tools.lineage import Lineage, is_incoming, is_move_in
from dreamfs_tools.mounts import Mount, Mounts, Place, tree_of
from dreamfs_tools.paging import Row, check_limit, document, more_line, read_cursor, take_page, write_cursor
from dreamfs_tools.shapes import change_shape, shown_path, store_words, to_json

STORES_FOLLOWED_MAX = 10
"""How many moves between stores are followed back."""


@dataclass(frozen=True, slots=True)
class _Source:
    """One store's part of a history: what any of the filters selects."""

    mount: Mount
    filters: Sequence[ChangeFilter]


@dataclass(frozen=True, slots=True)
class _Asker:
    """What is asked for, and how far the caller may look."""

    snapshot: Snapshot
    mounts: Mounts
    table: Mapping[str, Mount]
    which: ChangeFilter
    lineage: Lineage

    def shown(self, store: str, revision: int) -> Mount | None:
        """How a store is shown, None where the caller may not look."""
        return self.mounts.lineage_mount(self.snapshot, store, revision)


async def history(
    call: Call,
    path: str = "/",
    by_session: str = "",
    limit: int = 20,
    cursor: str = "",
    format: Literal["text", "json"] = "text",  # noqa: A002  # the contract's name
) -> Answer:
    """Show who changed what, when and why, newest first, one row a changed file; deleted files too.

    A file is followed back through its renames. `by_session` keeps one session's changes, those in stores that were
    merged in too. `/` covers all mounts.
    """
    return await log(call, path, ChangeFilter(session=by_session), limit, cursor, format)


async def log(
    call: Call,
    path: str,
    which: ChangeFilter,
    limit: int,
    cursor: str = "",
    how: Literal["text", "json"] = "text",
    *,
    merged: bool | None = None,
) -> Answer:
    """A page of the history of a path, narrowed by session, actor, operation, dream and time.

    Args:
        call: the call.
        path: a file, a folder or `/`.
        which: what narrows it; its path, memory and versions are not looked at.
        limit: how many changes at most.
        cursor: where the page before ended.
        how: words, or the shape of DESIGN section 13.
        merged: show also what store merges brought, as it was done in the store that was merged in; None: where one
            session, actor or dream is asked for.

    Raises:
        Refusal: `not_found`, `invalid_path`, `invalid_argument`.
    """
    check_limit(limit)
    which = replace(which, path="", memory_id="", before=None, after_version=0, up_to_version=None)
    narrowed = which != ChangeFilter()
    with_merged = bool(which.session or which.actor or which.dream_id) if merged is None else merged

    def query(snapshot: Snapshot) -> tuple[Answer, tuple[()]]:
        place = call.mounts.resolve(snapshot, path)
        question = ("history", place.shown, *_asked(which), *(["merged"] if merged else []))
        position = read_cursor(question, cursor)
        here = _here(snapshot, place)
        asker = _asker(snapshot, call, which)
        spans = list(_brought(asker, place)) if with_merged else []
        sources = [*_sources(asker, place, here), *_merged_sources(asker, place, here, spans)]
        rows = (
            Row(_said(asker, change, mount, spans, how), after)
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


def _asker(snapshot: Snapshot, call: Call, which: ChangeFilter) -> _Asker:
    def sees(store: str, revision: int) -> bool:
        return call.mounts.lineage_mount(snapshot, store, revision) is not None

    return _Asker(snapshot, call.mounts, call.mounts.table(snapshot), which, Lineage(snapshot, sees))


def _sources(asker: _Asker, place: Place, here: Entry | None) -> list[_Source]:
    which = asker.which
    if place.mount is None:
        return [_Source(mount, [own]) for mount in asker.table.values() if (own := _own(asker, mount))]
    mount = place.mount
    by_path = replace(which, path=place.path, up_to_version=mount.revision)
    if here is None or here.kind == "folder":
        return [_Source(mount, [by_path])]
    by_memory = replace(by_path, path="", memory_id=here.memory_id)
    return [_Source(mount, [by_path, by_memory]), *_earlier_stores(asker, by_memory, mount)]


def _own(asker: _Asker, mount: Mount) -> ChangeFilter | None:
    """A store's changes beside those of all others: what a fork began with is its base's."""
    if mount.store is None:
        return None
    base = asker.lineage.base(mount.store.slug)
    is_shown = any(
        other.store and other.store.slug == base.store and base.revision <= other.version
        for other in asker.table.values()
    )
    return replace(asker.which, up_to_version=mount.revision, after_version=base.revision if is_shown else 0)


def _earlier_stores(asker: _Asker, memory: ChangeFilter, mount: Mount) -> Iterator[_Source]:
    """The stores in which a file was before it was moved to this one, as far as the caller may look."""
    assert mount.store is not None
    store, at = mount.store.slug, ChangeFilter(memory_id=memory.memory_id, up_to_version=memory.up_to_version)
    shown = {(store, memory.memory_id)}
    for _ in range(STORES_FOLLOWED_MAX):
        found = asker.snapshot.changes(store, replace(at, incoming=True), 1_000)
        before = next((change.came_from for change in reversed(found) if is_move_in(change)), None)
        other = asker.shown(before.store, before.revision) if before else None
        if before is None or other is None:
            return
        store, at = before.store, ChangeFilter(memory_id=before.memory_id, up_to_version=before.revision)
        if (store, before.memory_id) not in shown:  # it may have come back to where it was before
            yield _Source(other, [replace(memory, memory_id=before.memory_id, up_to_version=before.revision)])
        shown.add((store, before.memory_id))


def _brought(asker: _Asker, place: Place) -> Iterator[Brought]:
    """What merges brought into what is asked about."""
    for mount in asker.table.values() if place.mount is None else [place.mount]:
        if mount.store is not None:
            yield from brought(asker.lineage, mount.store.slug, mount.version)


def _merged_sources(asker: _Asker, place: Place, here: Entry | None, spans: Sequence[Brought]) -> Iterator[_Source]:
    """What merges brought, as far as it is not in a history that is shown anyway."""
    if place.mount is None:
        mounted = {mount.store.slug for mount in asker.table.values() if mount.store}
        spans = [span for span in spans if span.store not in mounted]
    memories = [here.memory_id] if here is not None and here.kind == "file" else []
    if memories:
        which = ChangeFilter(memory_id=memories[0], incoming=True)
        rows = asker.snapshot.changes(place.store, which, 1_000)
        memories = list(dict.fromkeys([*memories, *(row.came_from.memory_id for row in rows if row.came_from)]))
    for span in spans:
        mount = asker.shown(span.store, span.last)
        assert mount is not None, "only what may be looked into is given"
        by_path = replace(asker.which, path=place.path, after_version=span.after, up_to_version=span.last)
        yield _Source(mount, [by_path, *(replace(by_path, path="", memory_id=one) for one in memories)])


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


def _said(asker: _Asker, change: Change, mount: Mount, spans: Sequence[Brought], how: Literal["text", "json"]) -> str:
    """`version 42 (3rd change) modified /memories/a.md +3 -1, by session s-17 … at …: "why"`, or its shape."""
    old_path = _old_path(asker, change, mount)
    came_from = change.came_from if is_incoming(change) and not is_move_in(change) else None
    other = asker.shown(came_from.store, came_from.revision) if came_from else None
    home = asker.lineage.home(change.store, change.version)
    into = [(span.into, span.version) for span in spans if span.has(home, change.version)]
    merges = [(target, version) for store, version in into if (target := asker.shown(store, version))]
    if how == "json":
        shape = change_shape(change, mount, old_path)
        if came_from and other:
            shape |= {"merged_from": f"/{other.name}", "merged_from_version": came_from.revision}
        if merges:
            shape["merged_into"] = [{"store": f"/{target.name}", "version": version} for target, version in merges]
        return to_json(shape)
    path = shown_path(mount, change.path)
    if change.old_path:
        path = f"{old_path or 'from a store that is not mounted here'} to {path}"
    words = f"{version_words(change.version, change.change_number)} {change.operation} {path}"
    if came_from:
        where = f"{store_words(other)} at version {came_from.revision}" if other else "a store that is not mounted here"
        words += f" (from {where})"
    words += f" +{change.added:,} -{change.removed:,}, by {who(change.revision)}"
    if merges:
        words += f" [merged into {', '.join(f'/{target.name} as version {version}' for target, version in merges)}]"
    return words + (" [redacted]" if change.redacted_at else "")


def _old_path(asker: _Asker, change: Change, mount: Mount) -> str:
    """Where a renamed file was; "" also where that was in a store that the caller does not see."""
    if not change.old_path.startswith("/"):
        return shown_path(mount, change.old_path) if change.old_path else ""
    store, _, path = change.old_path[1:].partition("/")
    before = change.came_from.revision if change.came_from else 0
    other = asker.shown(store, before)
    return shown_path(other, path) if other else ""
