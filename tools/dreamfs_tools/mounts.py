"""Mounts: which stores a server shows, under which names, and what a caller may do there.

A path as a caller writes it (`/memories/a/b.md`) is a mount's name and a path inside its store. Without an explicit
list every store is mounted under its slug at its own access, so that a store made by another process appears.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from dreamfs_tools.dream_tree import DreamTree
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Access, Snapshot, Store, Tree
from dreamfs_tools.paths import check_path
from dreamfs_tools.provenance import former_slug
from dreamfs_tools.transcript_tree import TranscriptTree

MountKind = Literal["store", "transcripts", "dreams"]
VIRTUAL: Mapping[str, MountKind] = {"transcripts": "transcripts", "dreams": "dreams"}
"""Read-only trees computed from stored sessions and dreams; no store may have these slugs."""
PROJECT = "project"
"""The mount of the repository that is worked in."""

_SLUG = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class MountOption:
    """One `--mount [NAME=]STORE[@REVISION][:ro|:rw]`, as asked for."""

    name: str
    store: str
    revision: int | None = None
    access: Access | None = None
    """None: the store's own."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A store made visible at `/<name>`."""

    name: str
    store: Store | None
    """None for a virtual tree."""
    access: Access
    revision: int | None = None
    """A read-only view of the past."""
    kind: MountKind = "store"
    stores: tuple[str, ...] = ()
    """Whose sessions or dreams a virtual tree shows: the slugs of the stores that may be written."""
    names: tuple[str, ...] = ()
    """What this server calls those stores, in the same order."""

    @property
    def writable(self) -> bool:
        """Whether a write through this mount can succeed."""
        store = self.store
        return self.access == "rw" and store is not None and store.archived_at is None and store.deleted_at is None

    @property
    def version(self) -> int:
        """A mount's version is its store's head, or the revision it shows."""
        if self.revision is not None:
            return self.revision
        return self.store.head if self.store else 0


@dataclass(frozen=True, slots=True)
class Place:
    """A path resolved: `mount` None means `/` itself."""

    mount: Mount | None
    path: str
    """Inside the store; "" for the mount's root."""
    shown: str
    """As the caller knows it, normalised: `/memories/a/b.md`."""
    is_folder: bool = False
    """The caller wrote a trailing slash."""
    seen: Mapping[str, Mount] = field(default_factory=dict[str, Mount], compare=False, repr=False)
    """All memory mounts of the caller: what an answer may name."""

    @property
    def store(self) -> str:
        """The store's slug, "" for `/` and virtual trees."""
        return self.mount.store.slug if self.mount and self.mount.store else ""


@dataclass(frozen=True, slots=True)
class Mounts:
    """What one server shows."""

    options: Sequence[MountOption] | None = None
    """None: every store."""
    show: frozenset[str] = frozenset()
    """Virtual trees to show always; an open client dream shows them too."""
    project: str | None = None
    """The slug of the store shown as `/project`, "" for none; the stores of other projects are then left out unless
    `options` name them. None, as for a person at a terminal: projects' stores are shown like all others."""

    def check(self, snapshot: Snapshot) -> None:
        """Refuse what cannot be shown, as a server does when it starts.

        Raises:
            Refusal: `not_found` for an unknown store, or a revision that is not made yet; `read_only` where an archived
                store is to be written.
        """
        for option in self.options or ():
            if why := _missing(option, snapshot):
                raise Refusal("not_found", why)
            if option.access == "rw" and not _mount(option, snapshot).writable:
                raise Refusal(
                    "read_only",
                    f"The store {option.store} is archived: it can be read, not written. Leave out :rw, or fork it and "
                    "mount the fork.",
                )

    def table(self, snapshot: Snapshot) -> dict[str, Mount]:
        """Name → mount, memory mounts first in order of name, then the virtual trees."""
        mounts = self._memory_mounts(snapshot)
        return mounts | self._virtual_mounts(snapshot, mounts)

    def resolve(self, snapshot: Snapshot, path: str) -> Place:
        """Find the place that a path names.

        Raises:
            Refusal: `invalid_path`, or `not_found` for an unknown mount, naming the mounts there are.
        """
        segments, is_folder = check_path(path)
        if not segments:
            return Place(None, "", "/", is_folder=True)
        table = self._memory_mounts(snapshot)
        shown = "/" + "/".join(segments)
        if segments[0] not in table:  # looking for open dreams costs a query, which most calls need not pay
            table |= self._virtual_mounts(snapshot, table)
        mount = table.get(segments[0])
        if mount is None:
            names = ", ".join(f"/{name}" for name in table) or "none"
            raise Refusal(
                "not_found",
                f"The path {shown} does not exist. Please provide a valid path. "
                f"There is no mount /{segments[0]}; the mounts are: {names}.",
                path=shown,
                mounts=list(table),
            )
        return Place(mount, "/".join(segments[1:]), shown, is_folder, table)

    def _memory_mounts(self, snapshot: Snapshot) -> dict[str, Mount]:
        if self.options is None:
            stores = [store for store in snapshot.stores() if self.project is None or not store.project]
            mounts = [Mount(store.slug, store, store.access) for store in stores]
        else:
            # A store that was deleted while it is served takes only its own mount along.
            mounts = [_mount(option, snapshot) for option in self.options if not _missing(option, snapshot)]
        if self.project and (store := snapshot.store(self.project)):
            mounts.append(Mount(PROJECT, store, store.access))
        return {mount.name: mount for mount in sorted(mounts, key=lambda mount: mount.name)}

    def _virtual_mounts(self, snapshot: Snapshot, mounts: Mapping[str, Mount]) -> dict[str, Mount]:
        called: dict[str, str] = {}
        for mount in mounts.values():
            if mount.store and mount.writable:
                called.setdefault(mount.store.slug, mount.name)
        if not called:
            return {}
        stores, names = tuple(called), tuple(called.values())
        shown = self.show
        if not shown.issuperset(VIRTUAL) and any(_has_open_client_dream(snapshot, store) for store in stores):
            shown = frozenset(VIRTUAL)
        return {
            name: Mount(name, None, "ro", None, kind, stores, names) for name, kind in VIRTUAL.items() if name in shown
        }

    def lineage_mount(self, snapshot: Snapshot, store: str, revision: int = 0) -> Mount | None:
        """How a store is shown to which the lineage of a file leads; None where the caller may not look there.

        A mounted store is, up to the revision that it shows. A deleted one still is for who sees every store: as what it
        was called, unless another store is called that now.

        Args:
            snapshot: where the stores are.
            store: as lineage names it; `provenance.py`.
            revision: how far it is looked into.
        """
        table = self._memory_mounts(snapshot)
        for mount in table.values():
            if mount.store and mount.store.slug == store and revision <= mount.version:
                return mount
        found = snapshot.store_ever(store)
        if found is None or found.deleted_at is None or self.options is not None:
            return None
        if self.project is not None and found.project:
            return None
        name = former_slug(store)
        return Mount(store if name in table else name, found, "ro")

    def writable_place(self, snapshot: Snapshot, path: str) -> Place:
        """Find a place where the caller may write.

        Raises:
            Refusal: as `resolve`; `read_only`, naming the mounts where the caller may write.
        """
        place = self.resolve(snapshot, path)
        if place.mount is not None and place.mount.writable:
            return place
        writable = [f"/{mount.name}" for mount in self.table(snapshot).values() if mount.writable]
        way_out = f"You may write below {', '.join(writable)}." if writable else "No mount here can be written."
        if place.mount is None:
            state = "The path / is the list of mounts and holds no files of its own."
        elif place.mount.store is not None and place.mount.store.archived_at is not None:
            state = f"The store /{place.mount.name} is archived: it can be read, not written."
        elif place.mount.revision is not None:
            state = f"The mount /{place.mount.name} shows the past (version {place.mount.revision}) and is read-only."
        else:
            state = f"The mount /{place.mount.name} is read-only."
        raise Refusal("read_only", f"{state} {way_out}", path=place.shown, writable=writable)


def _missing(option: MountOption, snapshot: Snapshot) -> str:
    """Why a mount cannot be shown, "" where it can."""
    store = snapshot.store(option.store)
    if store is None:
        return f"There is no store {option.store}; `dreamfs store list` shows the stores there are."
    if option.revision is not None and option.revision > store.head:
        return (
            f"The mount /{option.name} cannot show version {option.revision}: "
            f"the newest of the store {option.store} is {store.head}. Name one up to that, or leave out "
            f"@{option.revision} to show the store as it is now."
        )
    return ""


def _mount(option: MountOption, snapshot: Snapshot) -> Mount:
    store = snapshot.store(option.store)
    assert store is not None
    access: Access = "ro" if option.revision is not None else option.access or store.access
    return Mount(option.name, store, access, option.revision)


def _has_open_client_dream(snapshot: Snapshot, store: str) -> bool:
    return any(dream.waits_for_client(snapshot.now) for dream in snapshot.dreams.dreams(store))


def tree_of(snapshot: Snapshot, mount: Mount, at: int | None = None) -> Tree:
    """The files that a mount shows, now or, in a memory mount, after revision `at`.

    Raises:
        Refusal: `not_found` when `at` is later than what the mount shows, `invalid_argument` when it is below 0.
    """
    if mount.kind == "dreams":
        return DreamTree(snapshot, mount.stores, mount.names)
    if mount.kind == "transcripts":
        return TranscriptTree(snapshot.transcripts, mount.stores)
    assert mount.store is not None
    if at is not None and at < 0:
        raise Refusal("invalid_argument", f"There is no version {at}. A version is a number from 0 to {mount.version}.")
    if at is not None and at > mount.version:
        raise Refusal(
            "not_found",
            f"There is no version {at} yet; the newest in /{mount.name} is {mount.version}.",
            version=mount.version,
        )
    return snapshot.tree(mount.store.slug, mount.revision if at is None else at)


def mount_of(mounts: Mapping[str, Mount], store: str) -> Mount | None:
    """The mount to name for a store: one that can be written, else one that shows it as it is now, else as it was.

    Returns:
        None where the caller does not see it.
    """
    found = [mount for mount in mounts.values() if mount.store and mount.store.slug == store]
    return min(found, key=lambda mount: (not mount.writable, mount.revision is not None), default=None)


def mounts_after(table: Mapping[str, Mount], position: Sequence[Any]) -> list[Mount]:
    """The mounts that a page over all of them goes on with.

    Args:
        table: all mounts, in their order.
        position: where the page before ended, a mount's name first; empty for the beginning.
    """
    names = list(table)
    start = names.index(position[0]) if position and position[0] in table else 0
    return [table[name] for name in names[start:]]


def check_options(options: Sequence[MountOption], *, project: bool) -> None:
    """Refuse mounts of which one would hide another.

    Args:
        options: as asked for.
        project: whether `/project` is shown too.

    Raises:
        Refusal: `invalid_argument`, naming the mount.
    """
    names = [option.name for option in options] + [PROJECT] * project
    for name in names:
        if names.count(name) > 1:
            raise Refusal(
                "invalid_argument",
                f"Two stores cannot both be mounted as /{name}; give one another name, as NAME=STORE.",
            )


def parse_mount(text: str) -> MountOption:
    """Read `[NAME=]STORE[@REVISION][:ro|:rw]`.

    Raises:
        Refusal: `invalid_argument`, saying what is wrong with it.
    """
    name, equals, rest = text.rpartition("=")
    rest, colon, access = rest.partition(":")
    store, at, revision = rest.partition("@")
    why = ""
    if not _SLUG.fullmatch(store):
        why = "a store's name has 1 to 64 of a-z, 0-9 and -"
    elif equals and not _SLUG.fullmatch(name):
        why = "a mount's name has 1 to 64 of a-z, 0-9 and -"
    elif (name or store) in VIRTUAL:
        why = f"/{name or store} is a name of dreamfs itself"
    elif colon and access not in {"ro", "rw"}:
        why = "after : stands ro or rw"
    elif at and not (revision.isascii() and revision.isdigit()):
        why = "after @ stands the number of a revision"
    elif at and access == "rw":
        why = "the past is read-only: leave out :rw"
    if why:
        raise Refusal("invalid_argument", f"The mount {text} is not [NAME=]STORE[@REVISION][:ro|:rw]: {why}.")
    return MountOption(name or store, store, int(revision) if at else None, cast("Access | None", access or None))
