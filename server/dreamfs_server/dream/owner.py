"""Which process runs a dream, and whether it still lives. No clock decides: a process is there or it is not.

An owner is `<machine>/<pid>/<start>`, where the start tells a process from a later one with the same number (Linux; ""
elsewhere). An owner on another machine counts as alive: only a person can say otherwise, by canceling the dream.
"""

import os
import platform
import sys
from pathlib import Path


def this_process() -> str:
    """The owner's name of the process that asks."""
    return name_of(os.getpid())


def parent_process() -> str:
    """The owner's name of the process that started the one that asks."""
    return name_of(os.getppid())


def name_of(pid: int) -> str:
    """The owner's name of a process on this machine, which must not have been waited for yet."""
    return f"{platform.node()}/{pid}/{_started(pid)}"


def is_alive(owner: str) -> bool:
    """Whether the process behind a name still runs, as far as can be told."""
    machine, _, process = owner.partition("/")
    pid, _, started = process.partition("/")
    if machine != platform.node() or not pid.isdigit():
        return True
    if int(pid) == os.getpid():
        return True
    if sys.platform == "win32":
        return True  # asking there can end the process that is asked about
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return _started(int(pid)) == started


def _started(pid: int) -> str:
    """When a process started, in the kernel's own ticks; "" where that is not told, `ended` for one not yet waited for."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # the name in brackets may hold anything
    return "ended" if fields[0] in {"Z", "X"} else fields[19]
