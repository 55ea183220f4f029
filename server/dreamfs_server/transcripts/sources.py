"""The files that an import reads: those named, those in a folder, those in a zip; never through a link."""

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

from dreamfs_server.transcripts.source import LeftOut, Source, Wanted, is_readable
from dreamfs_server.transcripts.surroundings import Surroundings
from dreamfs_server.transcripts.zips import members


def files(path: Path) -> Iterator[Path | LeftOut]:
    """The files that a path stands for: itself, or what is to be read below a folder.

    In a folder logs and texts are read, but no texts beside or below what Claude Code keeps (logs named by a UUID), so that
    its notes do not become sessions, no text that is about the folder, such as a README, and no list of users beside the
    channels of a chat. Links, pipes and devices in it are left out.
    """
    if not path.is_dir():
        yield path
        return
    below = list(_below(path))
    wanted = Wanted([file.relative_to(path) for file in below if isinstance(file, Path)])
    yield from (file for file in below if isinstance(file, LeftOut) or wanted(file.relative_to(path)))


def sources(file: Path, known: dict[str, Any] | None = None) -> Iterator[Source | LeftOut]:
    """What there is to read in a file: itself, or the members of a zip. Each is to be read before the next is asked for.

    Args:
        file: which.
        known: what was found beside files of this import, kept for the next one.

    Raises:
        BadArchive: a zip with too much in it, or a broken one.
        OSError: the file cannot be read, or is none: a pipe could be read once only, and may never end.
    """
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "a pipe or a device, not a file; save what it gives first")
    yield from _file(file, {} if known is None else known)


def _below(folder: Path) -> Iterator[Path | LeftOut]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        links = [folder for name in folders if (folder := Path(parent, name)).is_symlink()]
        yield from (LeftOut(str(folder), "link") for folder in links)
        for name in sorted(names):
            file = Path(parent, name)
            if file.is_symlink():
                yield from [LeftOut(str(file), "link")] if is_readable(file) else []
            elif file.is_file():
                yield file
            else:
                yield LeftOut(str(file), "pipe or device")


def _file(path: Path, known: dict[str, Any]) -> Iterator[Source | LeftOut]:
    size = path.stat().st_size
    with path.open("rb") as stream:
        is_archive = stream.read(4) == b"PK\x03\x04"
    if is_archive:
        yield from members(path, known)
        return
    folder = path.absolute().parent

    def beside(name: str) -> AbstractContextManager[BinaryIO] | None:
        there = Path(os.path.normpath(folder / name))
        return there.open("rb") if there.is_file() and not there.is_symlink() else None

    around = Surroundings(folder.name, beside, str(folder), known)
    yield Source(str(path), path.stem, lambda: path.open("rb"), size, around)
