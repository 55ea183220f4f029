"""The files that an import reads: those named, those in a folder, those in a zip; bounded, and never through a link."""

import errno
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, BinaryIO, Self, cast

ARCHIVE_ENTRIES_MAX = 5_000
ARCHIVE_BYTES_MAX = 4 << 30
"""Of all members unpacked; they are read as a stream and never written to disk."""
ARCHIVE_RATIO_MAX = 200
"""Unpacked against packed; JSON packs some ten times, a zip bomb a thousand."""
ARCHIVE_FREE_BYTES = 1 << 20
"""Unpacked bytes that the ratio does not judge: small files pack extremely."""

_LOGS = {".jsonl", ".json", ".zip", ".ndjson"}
_TEXTS = {".txt", ".md", ".markdown", ".log", ".eml"}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ABOUT_FOLDERS = {"readme", "license", "changelog", "contributing"}


class BadArchive(ValueError):  # noqa: N818  # it says what is wrong, for the report
    """A zip that is refused or broken; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read."""

    path: str
    """As the report names it; a member of a zip is `export.zip/conversations.json`."""
    name: str
    """Without its suffix."""
    open: Callable[[], AbstractContextManager[BinaryIO]]
    size_bytes: int = 0
    folder: str = ""
    """The name of the folder that it lies in, "" at the top of a zip."""


def files(path: Path) -> Iterator[Path]:
    """The files that a path stands for: itself, or what is to be read below a folder.

    In a folder logs and texts are read, but no texts beside or below what Claude Code keeps (logs named by a UUID), so that
    its notes do not become sessions, and no text that is about the folder, such as a README. Links, pipes and devices in it
    are left out.
    """
    if not path.is_dir():
        yield path
        return
    below = list(_files_below(path))
    logs = [file.relative_to(path) for file in below if file.suffix.lower() in {".jsonl", ".ndjson"}]
    yield from (file for file in below if _is_wanted(file.relative_to(path), logs))


def sources(file: Path) -> Iterator[Source]:
    """What there is to read in a file: itself, or the members of a zip.

    Raises:
        BadArchive: a zip with too much in it, or a broken one.
        OSError: the file cannot be read, or is none: a pipe could be read once only, and may never end.
    """
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "a pipe or a device, not a file; save what it gives first")
    yield from _file(file)


def _is_wanted(file: PurePath, logs: Sequence[PurePath]) -> bool:
    """Whether a file below a folder is to be read; `logs` are the JSONL files below it."""
    if file.suffix.lower() in _LOGS:
        return True
    if file.suffix.lower() not in _TEXTS or file.stem.lower() in _ABOUT_FOLDERS:
        return False
    return not any(_UUID.fullmatch(log.stem) and log.parent in file.parents for log in logs)


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(parent, name)
            if not file.is_symlink() and file.is_file():
                yield file


def _file(path: Path) -> Iterator[Source]:
    size = path.stat().st_size
    with path.open("rb") as stream:
        is_archive = stream.read(4) == b"PK\x03\x04"
    if is_archive:
        yield from _members(path)
    else:
        yield Source(str(path), path.stem, lambda: path.open("rb"), size, path.absolute().parent.name)


def _members(path: Path) -> Iterator[Source]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise BadArchive("a broken zip") from error
    if len(entries) > ARCHIVE_ENTRIES_MAX:
        raise BadArchive(f"a zip with {len(entries):,} entries; at most {ARCHIVE_ENTRIES_MAX:,} are read")
    if len({entry.filename for entry in entries}) < len(entries):
        raise BadArchive("a zip that holds the same name twice")
    wanted = [entry for entry in entries if PurePosixPath(entry.filename).name.startswith("conversations")]
    if not any(entry.filename.endswith(".json") for entry in wanted):
        members = [(entry, PurePosixPath(entry.filename)) for entry in entries]
        logs = [name for _, name in members if name.suffix.lower() in {".jsonl", ".ndjson"}]
        wanted = [entry for entry, name in members if name.suffix.lower() != ".zip" and _is_wanted(name, logs)]
    budget = _Budget(ARCHIVE_BYTES_MAX)
    for entry in wanted:
        if entry.flag_bits & 1:
            raise BadArchive("an encrypted zip")
        if entry.external_attr >> 28 == 0xA:
            continue  # a symbolic link
        member = PurePosixPath(entry.filename)
        opened = _opener(path, entry, budget)
        yield Source(f"{path}/{entry.filename}", member.stem, opened, entry.file_size, member.parent.name)


def _opener(path: Path, entry: zipfile.ZipInfo, budget: "_Budget") -> Callable[[], AbstractContextManager[BinaryIO]]:
    return lambda: cast("AbstractContextManager[BinaryIO]", _Member(path, entry, budget))


@dataclass(slots=True)
class _Budget:
    """What may still be unpacked, over all members."""

    left: int


class _Member:
    """A member of a zip as a stream that stops where a bomb begins; what its header says of sizes is not believed."""

    def __init__(self, path: Path, entry: zipfile.ZipInfo, budget: _Budget) -> None:
        self._archive = zipfile.ZipFile(path)
        self._entry = entry
        self._budget = budget
        self._stream: IO[bytes] = self._archive.open(entry)
        self._read = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._archive.close()

    def read(self, size: int) -> bytes:
        return self._counted(lambda: self._stream.read(size))

    def readline(self, size: int) -> bytes:
        return self._counted(lambda: self._stream.readline(size))

    def seek(self, offset: int) -> int:
        self._read = 0
        return self._stream.seek(offset)

    def _counted(self, read: Callable[[], bytes]) -> bytes:
        try:
            data = read()
        except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
            raise BadArchive("a broken zip") from error
        self._read += len(data)
        self._budget.left -= len(data)
        if self._read > ARCHIVE_FREE_BYTES + ARCHIVE_RATIO_MAX * self._entry.compress_size:
            raise BadArchive(f"a zip that unpacks to more than {ARCHIVE_RATIO_MAX} times its size")
        if self._budget.left < 0:
            raise BadArchive(f"a zip that unpacks to more than {ARCHIVE_BYTES_MAX >> 30} GiB")
        return data
