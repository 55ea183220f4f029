"""The files that an import reads: those named, those in a folder, those in a zip; bounded, and never through a link."""

import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Self, cast

ARCHIVE_ENTRIES_MAX = 5_000
ARCHIVE_BYTES_MAX = 4 << 30
"""Of all members unpacked; they are read as a stream and never written to disk."""
ARCHIVE_RATIO_MAX = 200
"""Unpacked against packed; JSON packs some ten times, a zip bomb a thousand."""
ARCHIVE_FREE_BYTES = 1 << 20
"""Unpacked bytes that the ratio does not judge: small files pack extremely."""

_LOGS = {".jsonl", ".json", ".zip", ".ndjson"}
_TEXTS = {".txt", ".md", ".log"}


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


def sources(path: Path) -> Iterator[Source]:
    """The files that a path stands for.

    In a folder only logs are read; texts are read too where there is no log below it, so that what a client keeps
    beside its logs does not become a session.

    Raises:
        BadArchive: a zip with too much in it, or a broken one.
        OSError: the path cannot be read.
    """
    if path.is_dir():
        files = list(_files_below(path))
        has_logs = any(file.suffix.lower() in {".jsonl", ".ndjson"} for file in files)
        wanted = _LOGS if has_logs else _LOGS | _TEXTS
        for file in files:
            if file.suffix.lower() in wanted:
                yield from _file(file)
    else:
        yield from _file(path)


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(parent, name)
            if not file.is_symlink():
                yield file


def _file(path: Path) -> Iterator[Source]:
    size = path.stat().st_size
    with path.open("rb") as stream:
        is_archive = stream.read(4) == b"PK\x03\x04"
    if is_archive:
        yield from _members(path)
    else:
        yield Source(str(path), path.stem, lambda: path.open("rb"), size)


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
        wanted = [entry for entry in entries if PurePosixPath(entry.filename).suffix.lower() in _LOGS - {".zip"}]
    budget = _Budget(ARCHIVE_BYTES_MAX)
    for entry in wanted:
        if entry.flag_bits & 1:
            raise BadArchive("an encrypted zip")
        if entry.external_attr >> 28 == 0xA:
            continue  # a symbolic link
        member = PurePosixPath(entry.filename)
        opened = _opener(path, entry, budget)
        yield Source(f"{path}/{entry.filename}", member.stem, opened, entry.file_size)


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
