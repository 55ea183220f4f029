"""Tells clients that a resource which they watch has changed, whichever process changed it.

While anybody watches, one number is looked at every second; only when it moved are the changes since then read.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import anyio

from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import ChangeFilter, Filesystem, Snapshot
from dreamfs_tools.mounts import Mount, Mounts
from dreamfs_tools.shapes import shown_path

SCHEME = "memory://"
LOOK_SECONDS = 1.0
CHANGES_COUNT_MAX = 1_000
"""With more of them at once, all that is watched in that mount counts as changed."""

Tell = Callable[[str], Awaitable[None]]
"""Given the URI, as the client wrote it."""
_log = logging.getLogger("dreamfs")


@dataclass(frozen=True)
class _Watch:
    paths: Mapping[str, str]
    """URI → path."""
    tell: Tell


class Watching:
    """What the clients of one server watch."""

    def __init__(self, filesystem: Filesystem, mounts: Mounts, look_seconds: float = LOOK_SECONDS) -> None:
        self._filesystem = filesystem
        self._mounts = mounts
        self._look_seconds = look_seconds
        self._watches: dict[object, _Watch] = {}
        self._begun = anyio.Event()
        self._data_version: int | None = None
        self._heads: Mapping[str, int] = {}

    async def watch(self, uris: Iterable[str], tell: Tell) -> Callable[[], None]:
        """Begin to watch; what changes from now on is told.

        Args:
            uris: of files or folders, which need not exist; a folder changes with anything below it.
            tell: told each URI whose path changed, once for each look.

        Returns:
            What ends it.
        """
        watch = _Watch({uri: path for uri in uris if (path := path_of(uri)) is not None}, tell)
        if watch.paths and not self._watches:
            self._data_version = None
            self._heads = await self._filesystem.read(lambda snapshot: _heads(self._mounts.table(snapshot)))
        token = object()
        if watch.paths:
            self._watches[token] = watch
            self._begun.set()
        return lambda: self._unwatch(token)

    async def run(self) -> None:
        """Look while anybody watches, until cancelled."""
        while True:
            await self._begun.wait()
            while self._watches:
                try:
                    await self._look()
                except Refusal as refusal:
                    _log.warning("watching: %s", refusal.sentence)
                await anyio.sleep(self._look_seconds)
            self._begun = anyio.Event()

    def _unwatch(self, token: object) -> None:
        self._watches.pop(token, None)

    async def _look(self) -> None:
        data_version = await self._filesystem.data_version()
        if data_version == self._data_version:
            return
        heads, changed = await self._filesystem.read(lambda snapshot: _changed(snapshot, self._mounts, self._heads))
        self._data_version, self._heads = data_version, heads
        # Two watches of one client on one URI are one piece of news.
        news = {
            (uri, watch.tell): None
            for watch in self._watches.values()
            for uri, path in watch.paths.items()
            if any(_is_at_or_below(one, path) or (whole and _is_at_or_below(path, one)) for one, whole in changed)
        }
        for uri, tell in news:
            await tell(uri)


def path_of(uri: str) -> str | None:
    """The path that a resource's URI names, `/` for the index; None where it is none of ours."""
    if not uri.startswith(SCHEME):
        return None
    return "/" + unquote(uri.removeprefix(SCHEME)).strip("/")


def _heads(table: Mapping[str, Mount]) -> dict[str, int]:
    """What is watched: each mount that shows the present, at its newest revision."""
    return {mount.name: mount.version for mount in table.values() if mount.kind == "store" and mount.revision is None}


def _changed(
    snapshot: Snapshot, mounts: Mounts, known: Mapping[str, int]
) -> tuple[dict[str, int], list[tuple[str, bool]]]:
    """The newest revisions now, and each path that changed since the known ones; True beside it: all below it, too."""
    table = mounts.table(snapshot)
    heads = _heads(table)
    changed: list[tuple[str, bool]] = []
    for name, head in heads.items():
        mount = table[name]
        if mount.store is None or head == known.get(name, 0):
            continue
        which = ChangeFilter(after_version=known.get(name, 0))
        changes = snapshot.changes(mount.store.slug, which, CHANGES_COUNT_MAX)
        if len(changes) == CHANGES_COUNT_MAX:
            changed.append((f"/{name}", True))
        for change in changes:
            changed.append((shown_path(mount, change.path), False))
            if change.old_path and not change.old_path.startswith("/"):
                changed.append((shown_path(mount, change.old_path), False))
    return heads, changed


def _is_at_or_below(path: str, folder: str) -> bool:
    return folder in {"/", path} or path.startswith(folder + "/")
