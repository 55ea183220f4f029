"""A store's files, as they are or were, into a folder or a zip archive: all of them with their exact names, or nothing.

Names in a store may be longer than a file system takes, and may differ in case only. What a folder here cannot hold as it
is, is refused before anything is written; a zip archive holds every legal name.
"""

import os
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from dreamfs_server.exchange.staging import name_bytes_max, new_file, new_folder, unwritable
from dreamfs_tools.answers import plural
from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Filesystem, Snapshot
from dreamfs_tools.lookup import newest_change
from dreamfs_tools.mounts import Mounts, tree_of

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip archive can say; used so that equal files make equal archives."""


ZIP_INSTEAD = "Export to a zip archive instead, which holds every name, or rename it first."


@dataclass(frozen=True, slots=True)
class Written:
    """What an export wrote."""

    path: str
    version: int
    files: int
    redacted: Sequence[str] = ()
    """Files left out because their content was redacted or pruned."""
    pinned: Sequence[str] = ()
    """Files that are pinned: a pin is a person's word to this store's agents, and stays with the store."""


@dataclass(frozen=True, slots=True)
class _Tree:
    shown: str
    version: int
    files: Sequence[tuple[str, str]]
    redacted: Sequence[str]
    pinned: Sequence[str]

    @property
    def written(self) -> Written:
        return Written(self.shown, self.version, len(self.files), self.redacted, self.pinned)


async def export_folder(filesystem: Filesystem, mounts: Mounts, path: str, at: int | None, folder: Path) -> Written:
    """Write the files below `path` into a folder that does not exist or is empty.

    Raises:
        Refusal: `not_found`; `already_exists` when the folder has something in it; `limit` when a name is too long for
            this file system, and `not_allowed` when it cannot tell two of the names apart (a zip archive can), or for
            what git would take for a repository; `unavailable` when it cannot be written.
    """
    tree = await filesystem.read(lambda snapshot: _collect(snapshot, mounts, path, at))
    _check_no_repository(tree)
    await anyio.to_thread.run_sync(_write_folder, folder, tree)
    return tree.written


async def export_zip(filesystem: Filesystem, mounts: Mounts, path: str, at: int | None, archive: Path) -> Written:
    """Write the files below `path` into a new zip archive; equal files make an equal archive.

    Raises:
        Refusal: `not_found`; `already_exists` when the archive exists; `unavailable` when it cannot be written.
    """
    tree = await filesystem.read(lambda snapshot: _collect(snapshot, mounts, path, at))
    await anyio.to_thread.run_sync(_write_zip, archive, tree)
    return tree.written


def _check_no_repository(tree: _Tree) -> None:
    """Agents choose the names and the texts, and git runs commands that the settings of a repository name."""
    names = [name.casefold() for name, _ in tree.files]
    # What has these three is a bare repository to git, wherever it lies.
    bare = {name[: -len("head")] for name in names if f"/{name}".endswith("/head")}
    for kind in ("objects/", "refs/"):
        bare = {root for root in bare if any(name.startswith(root + kind) for name in names)}
    found = [f"{root}head" for root in bare] + [name for name in names if ".git" in name.split("/")]
    if found:
        named = next(name for name, _ in tree.files if name.casefold() == min(found))
        raise Refusal(
            "not_allowed",
            f"{named} would make git take the folder for a repository and run what its settings say. "
            f"Nothing was written. {ZIP_INSTEAD}",
        )


def _check_names(tree: _Tree, folder: Path) -> None:
    """File systems take shorter names than stores do."""
    most = name_bytes_max(folder)
    long = [name for name, _ in tree.files if any(len(part.encode()) > most for part in name.split("/"))]
    if long:
        raise Refusal(
            "limit",
            f"{plural(len(long), 'file')} cannot be written to a folder, such as {long[0][:60]}…: a name here has at "
            f"most {most} bytes. Nothing was written. {ZIP_INSTEAD}",
            files=long,
        )


def _write_folder(folder: Path, tree: _Tree) -> None:
    with new_folder(folder) as made:
        _check_names(tree, folder)
        for name, text in tree.files:
            target = made / name
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("x", encoding="utf-8", newline="") as file:
                    file.write(text)
            except FileExistsError:
                raise _another_name(name) from None
            except OSError as error:
                refusal = unwritable(folder, error)
                raise Refusal(refusal.code, f"{refusal.sentence} It was writing {name}. {ZIP_INSTEAD}") from None
        # A file system may fold case or change characters without a word.
        there = {
            (Path(where) / name).relative_to(made).as_posix() for where, _, names in os.walk(made) for name in names
        }
        if other := next((name for name, _ in tree.files if name not in there), ""):
            raise _another_name(other)


def _another_name(name: str) -> Refusal:
    return Refusal(
        "not_allowed",
        f"This file system does not keep {name} apart from another name, or not under this one. Nothing was written. "
        f"{ZIP_INSTEAD}",
    )


def _write_zip(archive: Path, tree: _Tree) -> None:
    with new_file(archive) as made, zipfile.ZipFile(made, "x", zipfile.ZIP_DEFLATED) as file:
        for name, text in tree.files:
            file.writestr(zipfile.ZipInfo(name, EPOCH), text.encode(), zipfile.ZIP_DEFLATED)


def _collect(snapshot: Snapshot, mounts: Mounts, path: str, at: int | None) -> _Tree:
    place = mounts.resolve(snapshot, path)
    if place.mount is None:
        raise Refusal("invalid_argument", "Export one mount at a time, for example /memories.")
    if at == -1 and place.store and (last := newest_change(snapshot, place)):
        at = last.version - 1
    tree = tree_of(snapshot, place.mount, at)
    entry = tree.entry(place.path)
    if entry is None:
        raise Refusal("not_found", f"The path {place.shown} does not exist{'' if at is None else f' at version {at}'}.")
    names = list(_names(place.path, [entry.path] if entry.kind == "file" else [e.path for e in tree.walk(place.path)]))
    files: list[tuple[str, str]] = []
    redacted: list[str] = []
    pinned: list[str] = []
    for full, name in names:
        found = tree.entry(full)
        text = tree.text(found) if found else None
        if found and found.pinned:
            pinned.append(full)
        if text is None:
            redacted.append(full)
        else:
            files.append((name, text))
    return _Tree(place.shown, place.mount.version if at is None else at, files, redacted, pinned)


def _names(below: str, paths: Iterable[str]) -> Iterable[tuple[str, str]]:
    for path in paths:
        yield path, path.removeprefix(f"{below}/") if path != below else path.rsplit("/", 1)[-1]
