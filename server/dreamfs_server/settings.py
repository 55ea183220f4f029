"""What flags and environment may set: where the data lives, and who is at the terminal."""

import getpass
import os
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def package_version() -> str:
    """The installed version; `0+unknown` when run from a source tree that was never installed."""
    try:
        return version("dreamfs")
    except PackageNotFoundError:
        return "0+unknown"


def database_path(option: str | None) -> Path:
    """Where the database is: `--db`, else `DREAMFS_DB`, else the platform's user data directory."""
    if named := option or os.environ.get("DREAMFS_DB"):
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path  # noqa: PLC0415  # 30 ms that a server with --db does not need

    return user_data_path("dreamfs", appauthor=False) / "memories.db"


def login() -> str:
    """The name of the operating system's user, `unknown` where there is none (some containers)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def host_session() -> str:
    """The conversation whose shell this is, where Claude Code says it; "" at a person's terminal."""
    session = os.environ.get("CLAUDE_CODE_SESSION_ID", "")
    return session if re.fullmatch(r"[\w-]{1,200}", session, re.ASCII) else ""
