"""The database's file and folder: who may read them, and whether the disk under them can be trusted with locks."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from dreamfs_tools.errors import Refusal

Trust = Literal["local", "doubtful", "remote"]

_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre"}
_DOUBTFUL = {"9p", "fuse", "fuseblk", "vboxsf", "prl_fs"}


def prepare(path: Path) -> None:
    """Make the folder (0700) and an empty file (0600) where there are none; -wal and -shm follow the file's mode.

    Raises:
        Refusal: `unavailable` when that is not possible here.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if not path.is_file():
            raise Refusal(
                "unavailable",
                "The place given for the memory's storage is not a file. Name a file with --db or DREAMFS_DB.",
            ) from None
    except OSError as error:
        raise Refusal(
            "unavailable", f"The memory's storage cannot be created: {error.strerror}. --db says where it should be."
        ) from error


def trust(path: Path) -> Trust:
    """What the file system under a path is: locks and shared memory hold for several processes on a local one only."""
    if not sys.platform.startswith("linux"):
        return "local"
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return "local"
    return trust_of(file_system_of(path.resolve(), mounts))


def file_system_of(path: Path, mounts: Iterable[str]) -> str:
    """The type of the file system that holds a path, by the longest mount point in the lines of /proc/self/mounts."""
    best, found = -1, ""
    for line in mounts:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        if path.is_relative_to(point) and len(point) >= best:
            best, found = len(point), fields[2]
    return found


def trust_of(file_system: str) -> Trust:
    """How far a type of file system is trusted."""
    if file_system in _REMOTE:
        return "remote"
    return "doubtful" if file_system.partition(".")[0] in _DOUBTFUL else "local"
