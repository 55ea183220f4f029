"""What a folder or a zip archive holds, read carefully: nothing outside it, nothing larger than promised.

Limits: `FILES_MAX` files and `TOTAL_BYTES_MAX` bytes. Links, devices, encrypted or duplicate members, names that are not
UTF-8 and contents that are not text are not followed, guessed or repaired; each is named with the reason.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dreamfs_tools.errors import Refusal

FILES_MAX = 5_000
TOTAL_BYTES_MAX = 50_000_000
UTF8_FLAG = 0x800
ENCRYPTED_FLAG = 0x1


@dataclass(slots=True)
class Found:
    """The texts of a source, by path with `/` between segments, and what cannot be taken and why."""

    texts: dict[str, str] = field(default_factory=dict[str, str])
    problems: dict[str, str] = field(default_factory=dict[str, str])
    total_bytes: int = 0

    def take(self, path: str, body: bytes) -> None:
        """Keep one file, or say why not."""
        self.total_bytes += len(body)
        if self.total_bytes > TOTAL_BYTES_MAX:
            raise Refusal("too_large", f"It holds more than {TOTAL_BYTES_MAX:,} bytes; import it in parts.")
        if len(self.texts) + len(self.problems) >= FILES_MAX:
            raise Refusal("too_large", f"It holds more than {FILES_MAX:,} files; import it in parts.")
        try:
            text = body.decode()
        except UnicodeDecodeError:
            self.problems[path] = "not UTF-8 text"
            return
        self.texts[path] = text


def read_source(source: Path) -> Found:
    """Read a folder or a zip archive.

    Raises:
        Refusal: `not_found`, `invalid_argument` when it is neither, `too_large`.
    """
    if source.is_dir():
        return _read_folder(source)
    if not source.exists():
        raise Refusal("not_found", f"{source} does not exist.")
    if zipfile.is_zipfile(source):
        return _read_zip(source)
    raise Refusal("invalid_argument", f"{source} is neither a folder nor a zip archive.")


def _read_folder(folder: Path) -> Found:
    found = Found()
    for path, name in _files(folder, ""):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            found.problems[name] = "a symbolic link"
        elif not stat.S_ISREG(mode):
            found.problems[name] = "not a regular file"
        elif path.stat().st_size > TOTAL_BYTES_MAX:
            raise Refusal("too_large", f"{name} is larger than {TOTAL_BYTES_MAX:,} bytes.")
        else:
            found.take(name, path.read_bytes())
    return found


def _files(folder: Path, prefix: str) -> Iterator[tuple[Path, str]]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                yield from _files(folder / entry.name, f"{prefix}{entry.name}/")
            else:
                yield folder / entry.name, prefix + entry.name


def _read_zip(source: Path) -> Found:
    found = Found()
    with zipfile.ZipFile(source) as archive:
        members = archive.infolist()
        if len(members) > FILES_MAX:
            raise Refusal("too_large", f"It holds more than {FILES_MAX:,} files; import it in parts.")
        seen: set[str] = set()
        for member in members:
            if member.is_dir():
                continue
            if problem := _problem(member, seen):
                found.problems[member.filename] = problem
                continue
            seen.add(member.filename)
            left = TOTAL_BYTES_MAX - found.total_bytes
            try:
                with archive.open(member) as file:
                    body = file.read(left + 1)  # what the directory promises may be a lie
            except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
                found.problems[member.filename] = f"damaged or unsupported ({type(error).__name__})"
                continue
            found.take(member.filename, body)
    return found


def _problem(member: zipfile.ZipInfo, seen: set[str]) -> str:
    if member.filename in seen:
        return "named twice"
    if member.flag_bits & ENCRYPTED_FLAG:
        return "encrypted"
    if not member.filename.isascii() and not member.flag_bits & UTF8_FLAG:
        return "its name is not marked as UTF-8"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "a symbolic link"
    return ""
