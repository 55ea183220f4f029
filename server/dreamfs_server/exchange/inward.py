"""What a folder or a zip archive holds, read carefully: nothing outside it, nothing larger than promised.

Limits: `FILES_MAX` files, `TOTAL_BYTES_MAX` bytes, and for one file what any store may allow. Links, devices, encrypted or
duplicate members, names that are not UTF-8 and contents that are not text are not followed, guessed or repaired; each is
named with the reason.
"""

import lzma
import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from dreamfs_tools.errors import Refusal
from dreamfs_tools.paths import PATH_SEGMENTS_MAX
from dreamfs_tools.stores import CONTENT_BYTES_MAX
from dreamfs_tools.tree_import import Unfit

FILES_MAX = 100_000
TOTAL_BYTES_MAX = 250_000_000
UTF8_FLAG = 0x800
ENCRYPTED_FLAG = 0x1
GIT = ".git"
"""A repository's own folder, or the file that stands for it in a worktree: no memory in either."""

_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, EOFError, OSError, ValueError)
"""What reading a member comes to that is damaged, or packed in a way that is not known here."""


@dataclass(slots=True)
class Found:
    """The texts of a source, by path with `/` between segments, and what cannot be taken and why."""

    texts: dict[str, str] = field(default_factory=dict[str, str])
    problems: dict[str, Unfit] = field(default_factory=dict[str, Unfit])
    ignored: list[str] = field(default_factory=list[str])
    """What is no content at all: repositories' own folders."""
    total_bytes: int = 0

    def take(self, path: str, file: BinaryIO) -> None:
        """Keep one file, or say why not; what its directory promises of its size may be a lie."""
        body = file.read(CONTENT_BYTES_MAX + 1)
        self.total_bytes += len(body)
        if self.total_bytes > TOTAL_BYTES_MAX:
            raise Refusal("too_large", f"It holds more than {TOTAL_BYTES_MAX:,} bytes; import it in parts.")
        if len(body) > CONTENT_BYTES_MAX:
            self.leave(path, Unfit(f"larger than {CONTENT_BYTES_MAX:,} bytes, the most that any store allows"))
            return
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            self.leave(path, Unfit("not UTF-8 text", f"byte {error.start + 1:,}"))
            return
        self._count()
        self.texts[path] = text

    def leave(self, path: str, why: Unfit) -> None:
        """Note what cannot be taken."""
        self._count()
        self.problems[path] = why

    def _count(self) -> None:
        if len(self.texts) + len(self.problems) >= FILES_MAX:
            raise Refusal("too_large", f"It holds more than {FILES_MAX:,} files; import it in parts.")


def read_source(source: Path) -> Found:
    """Read a folder or a zip archive.

    Raises:
        Refusal: `not_found`, `invalid_argument` when it is neither, `too_large`, `unavailable` when it cannot be read.
    """
    try:
        if source.is_dir():
            return _read_folder(source)
        if not source.exists():
            raise Refusal("not_found", f"{source} does not exist. Name a folder or a zip archive.")
        if zipfile.is_zipfile(source):
            return _read_zip(source)
    except OSError as error:
        raise Refusal("unavailable", f"{source} cannot be read: {error.strerror or error}.") from None
    raise Refusal("invalid_argument", f"{source} is neither a folder nor a zip archive.")


def _read_folder(folder: Path) -> Found:
    found = Found()
    for path, name in _files(folder, "", found):
        try:
            name.encode()
        except UnicodeEncodeError:
            found.leave(os.fsencode(name).decode(errors="backslashreplace"), Unfit("its name is not UTF-8"))
            continue
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            found.leave(name, Unfit("a symbolic link"))
        elif not stat.S_ISREG(mode):
            found.leave(name, Unfit("not a regular file"))
        else:
            try:
                with path.open("rb") as file:
                    found.take(name, file)
            except OSError as error:
                found.leave(name, Unfit("cannot be read", error.strerror or ""))
    return found


def _files(folder: Path, prefix: str, found: Found, depth: int = 1) -> Iterator[tuple[Path, str]]:
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError as error:
        if not prefix:
            raise
        found.leave(prefix, Unfit("cannot be read", error.strerror or ""))
        return
    for entry in entries:
        if entry.name == GIT:
            found.ignored.append(prefix + entry.name)
        elif not entry.is_dir(follow_symlinks=False):
            yield folder / entry.name, prefix + entry.name
        elif depth >= PATH_SEGMENTS_MAX:
            found.leave(f"{prefix}{entry.name}/", Unfit(f"deeper than {PATH_SEGMENTS_MAX} segments"))
        else:
            yield from _files(folder / entry.name, f"{prefix}{entry.name}/", found, depth + 1)


def _read_zip(source: Path) -> Found:
    found = Found()
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError, ValueError) as error:
        raise Refusal("invalid_argument", f"{source} is a damaged zip archive: {error}.") from None
    with archive:
        members = archive.infolist()
        if len(members) > FILES_MAX:
            raise Refusal("too_large", f"It holds more than {FILES_MAX:,} files; import it in parts.")
        counts = Counter(member.filename for member in members)
        for member in members:
            if member.is_dir():
                continue
            if problem := _problem(member, counts[member.filename]):
                found.leave(member.filename, Unfit(problem))
                continue
            try:
                with archive.open(member) as file:
                    found.take(member.filename, file)  # type: ignore[arg-type]
            except _DAMAGED as error:
                found.leave(member.filename, Unfit("damaged, or packed in a way not known here", type(error).__name__))
    return found


def _problem(member: zipfile.ZipInfo, count: int) -> str:
    if count > 1:
        return "in the archive more than once"
    if member.flag_bits & ENCRYPTED_FLAG:
        return "encrypted"
    if not member.filename.isascii() and not member.flag_bits & UTF8_FLAG:
        return "its name is not marked as UTF-8"
    if "\0" in member.orig_filename:
        return "its name has a NUL character"
    mode = member.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        return "not a regular file"
    if member.file_size > CONTENT_BYTES_MAX:
        return f"larger than {CONTENT_BYTES_MAX:,} bytes, the most that any store allows"
    return ""
