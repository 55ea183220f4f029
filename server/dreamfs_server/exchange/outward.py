"""A store's files, as they are or were, into a folder or a zip archive."""

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from dreamfs_tools.errors import Refusal
from dreamfs_tools.filesystem import Filesystem, Snapshot
from dreamfs_tools.mounts import Mounts, tree_of

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip archive can say; used so that equal files make equal archives."""


@dataclass(frozen=True, slots=True)
class Written:
    """What an export wrote."""

    path: str
    version: int
    files: int
    redacted: Sequence[str] = ()
    """Files left out because their content was redacted or pruned."""


@dataclass(frozen=True, slots=True)
class _Tree:
    shown: str
    version: int
    files: Sequence[tuple[str, str]]
    redacted: Sequence[str]


async def export_folder(filesystem: Filesystem, mounts: Mounts, path: str, at: int | None, folder: Path) -> Written:
    """Write the files below `path` into a folder that does not exist or is empty.

    Raises:
        Refusal: `not_found`; `already_exists` when the folder has something in it, or when this file system cannot
            tell two of the names apart (a zip archive can); `not_allowed` for what git would take for a repository.
    """
    tree = await filesystem.read(lambda snapshot: _collect(snapshot, mounts, path, at))
    _check_no_repository(tree)
    await anyio.to_thread.run_sync(_write_folder, folder, tree)
    return Written(tree.shown, tree.version, len(tree.files), tree.redacted)


async def export_zip(filesystem: Filesystem, mounts: Mounts, path: str, at: int | None, archive: Path) -> Written:
    """Write the files below `path` into a new zip archive; equal files make an equal archive.

    Raises:
        Refusal: `not_found`; `already_exists` when the archive exists.
    """
    tree = await filesystem.read(lambda snapshot: _collect(snapshot, mounts, path, at))
    await anyio.to_thread.run_sync(_write_zip, archive, tree)
    return Written(tree.shown, tree.version, len(tree.files), tree.redacted)


def check_new_folder(folder: Path) -> None:
    """Refuse a folder that has something in it.

    Raises:
        Refusal: `already_exists`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refusal("already_exists", f"{folder} is not empty; name a new folder.")


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
            "Rename it first, or export to a zip archive instead.",
        )


def _write_folder(folder: Path, tree: _Tree) -> None:
    check_new_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in tree.files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with target.open("x", encoding="utf-8", newline="") as file:
                file.write(text)
        except FileExistsError:
            raise Refusal(
                "already_exists",
                f"{name} and another name are one file on this file system; export to a zip archive instead.",
            ) from None


def _write_zip(archive: Path, tree: _Tree) -> None:
    try:
        with zipfile.ZipFile(archive, "x", zipfile.ZIP_DEFLATED) as file:
            for name, text in tree.files:
                file.writestr(zipfile.ZipInfo(name, EPOCH), text.encode(), zipfile.ZIP_DEFLATED)
    except FileExistsError:
        raise Refusal("already_exists", f"{archive} exists; name a new file.") from None


def _collect(snapshot: Snapshot, mounts: Mounts, path: str, at: int | None) -> _Tree:
    place = mounts.resolve(snapshot, path)
    if place.mount is None:
        raise Refusal("invalid_argument", "Export one mount at a time, for example /memories.")
    tree = tree_of(snapshot, place.mount, at)
    entry = tree.entry(place.path)
    if entry is None:
        raise Refusal("not_found", f"The path {place.shown} does not exist{'' if at is None else f' at version {at}'}.")
    names = list(_names(place.path, [entry.path] if entry.kind == "file" else [e.path for e in tree.walk(place.path)]))
    files: list[tuple[str, str]] = []
    redacted: list[str] = []
    for full, name in names:
        found = tree.entry(full)
        text = tree.text(found) if found else None
        if text is None:
            redacted.append(full)
        else:
            files.append((name, text))
    return _Tree(place.shown, place.mount.version if at is None else at, files, redacted)


def _names(below: str, paths: Iterable[str]) -> Iterable[tuple[str, str]]:
    for path in paths:
        yield path, path.removeprefix(f"{below}/") if path != below else path.rsplit("/", 1)[-1]
