"""Making something new all at once: it is written beside its place and moved there when it is whole.

So whoever looks at the place sees nothing or everything, and what failed leaves nothing behind.
"""

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from dreamfs_tools.errors import Refusal

PREFIX = ".dreamfs-export-"
"""Of the folder that is written in; one that a killed process left may be removed."""
NAME_BYTES_MAX = 255
"""Of one name, on the file systems in common use."""


@contextmanager
def new_folder(target: Path) -> Generator[Path]:
    """Give a folder to fill, which becomes `target` when the block ends without an error.

    Args:
        target: must not exist, or be an empty folder; then that one is filled and stays the same folder.

    Raises:
        Refusal: `already_exists` for a target with something in it; `unavailable` when it cannot be written.
    """
    check_new_folder(target)
    is_there = target.exists()
    with _beside(target, target if is_there else target.parent) as room:
        made = room / "made"
        made.mkdir()
        yield made
        if not is_there:
            made.rename(target)
            return
        for entry in sorted(made.iterdir()):
            entry.rename(target / entry.name)


@contextmanager
def new_file(target: Path) -> Generator[Path]:
    """Give a path to write to, which becomes `target` when the block ends without an error.

    Raises:
        Refusal: `already_exists`; `unavailable` when it cannot be written.
    """
    if target.exists() or target.is_symlink():
        raise _taken(target)
    with _beside(target, target.parent) as room:
        made = room / "made"
        yield made
        try:
            os.link(made, target)  # unlike a rename it writes over nothing
        except FileExistsError:
            raise _taken(target) from None
        except OSError:  # a file system without links
            made.rename(target)


def check_new_folder(folder: Path) -> None:
    """Refuse a folder that has something in it.

    Raises:
        Refusal: `already_exists`.
    """
    if folder.is_symlink() and not folder.exists():
        raise Refusal("already_exists", f"{folder} is a link to nothing; name a new folder.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refusal("already_exists", f"{folder} is not empty; name a new folder.")


def name_bytes_max(target: Path) -> int:
    """How many bytes a name may have where `target` is or will be."""
    place = next((above for above in (target, *target.absolute().parents) if above.is_dir()), Path())
    try:
        return os.pathconf(place, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # not every system says
        return NAME_BYTES_MAX


@contextmanager
def _beside(target: Path, where: Path) -> Generator[Path]:
    """A private folder in `where`, gone afterwards, with the folders above it that were not there."""
    made: list[Path] = []
    try:
        try:
            for above in reversed([where, *where.parents]):
                if not above.exists():
                    above.mkdir()
                    made.append(above)
            room = Path(tempfile.mkdtemp(prefix=PREFIX, dir=where))
        except OSError as error:
            raise unwritable(target, error) from None
        try:
            yield room
        except OSError as error:
            raise unwritable(target, error) from None
        finally:
            shutil.rmtree(room, ignore_errors=True)
    except BaseException:
        for above in reversed(made):
            with suppress(OSError):
                above.rmdir()
        raise


def unwritable(target: Path, error: OSError) -> Refusal:
    """The refusal where the system will not write."""
    return Refusal("unavailable", f"{target} cannot be written: {error.strerror or error}. Nothing was written.")


def _taken(target: Path) -> Refusal:
    return Refusal("already_exists", f"{target} exists; name a new file.")
