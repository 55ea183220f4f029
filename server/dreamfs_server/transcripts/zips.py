"""The members of a zip: read as streams without being unpacked to disk, bounded, and never a link."""

import posixpath
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Self, cast

from dreamfs_server.transcripts.source import LeftOut, Source, Wanted
from dreamfs_server.transcripts.surroundings import Beside, Surroundings

ARCHIVE_ENTRIES_MAX = 50_000
"""A team's chat of some years has a file for each channel and day."""
ARCHIVE_BYTES_MAX = 4 << 30
"""Of all members unpacked; they are read as a stream and never written to disk."""
ARCHIVE_RATIO_MAX = 200
"""Unpacked against packed; JSON packs some ten times, a zip bomb a thousand."""
ARCHIVE_FREE_BYTES = 1 << 20
"""Unpacked bytes that the ratio does not judge: small files pack extremely."""


class BadArchive(ValueError):  # noqa: N818  # it says what is wrong, for the report
    """A zip that is refused or broken; the sentence says why."""


def members(path: Path, known: dict[str, Any]) -> Iterator[Source | LeftOut]:
    """What there is to read in a zip; each member is to be read before the next is asked for.

    Args:
        path: of the zip.
        known: what was found beside files of this import, kept for the next one.

    Raises:
        BadArchive: too much in it, or a broken one.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise BadArchive("a broken zip") from error
    with archive:
        yield from _members_of(path, archive, known)


def _members_of(path: Path, archive: zipfile.ZipFile, known: dict[str, Any]) -> Iterator[Source | LeftOut]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > ARCHIVE_ENTRIES_MAX:
        raise BadArchive(f"a zip with {len(entries):,} entries; at most {ARCHIVE_ENTRIES_MAX:,} are read")
    if len({entry.filename for entry in entries}) < len(entries):
        raise BadArchive("a zip that holds the same name twice")
    wanted = [entry for entry in entries if PurePosixPath(entry.filename).name.startswith("conversations")]
    if not any(entry.filename.endswith(".json") for entry in wanted):
        is_wanted = Wanted([PurePosixPath(entry.filename) for entry in entries])
        names = ((entry, PurePosixPath(entry.filename)) for entry in entries)
        wanted = [entry for entry, name in names if name.suffix.lower() != ".zip" and is_wanted(name)]
    budget = _Budget(ARCHIVE_BYTES_MAX)
    for entry in wanted:
        if entry.flag_bits & 1:
            raise BadArchive("an encrypted zip")
        shown, member = f"{path}/{entry.filename}", PurePosixPath(entry.filename)
        if entry.external_attr >> 28 == 0xA:
            yield LeftOut(shown, "link")
            continue
        opened = _opener(archive, entry, budget)
        around = Surroundings(member.parent.name, _beside(archive, member, budget), f"{path}/{member.parent}", known)
        yield Source(shown, member.stem, opened, entry.file_size, around)


def _opener(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: "_Budget"
) -> Callable[[], AbstractContextManager[BinaryIO]]:
    return lambda: cast("AbstractContextManager[BinaryIO]", _Member(archive, entry, budget))


def _beside(archive: zipfile.ZipFile, member: PurePosixPath, budget: "_Budget") -> Beside:
    def opened(name: str) -> AbstractContextManager[BinaryIO] | None:
        there = posixpath.normpath(str(member.parent / name))
        entry = archive.NameToInfo.get(there)
        return _opener(archive, entry, budget)() if entry is not None else None

    return opened


@dataclass(slots=True)
class _Budget:
    """What may still be unpacked, over all members."""

    left: int


class _Member:
    """A member of a zip as a stream that stops where a bomb begins; what its header says of sizes is not believed."""

    def __init__(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: _Budget) -> None:
        self._entry = entry
        self._budget = budget
        try:
            self._stream: IO[bytes] = archive.open(entry)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
            raise BadArchive("a broken zip") from error
        self._read = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

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
