"""A SQLite engine in a folder, for tests that want the real one."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import anyio

from dreamfs_server.sqlite.filesystem import Engine


@asynccontextmanager
async def opened(folder: Path, now: datetime) -> AsyncGenerator[Engine]:
    """An open engine whose clock stands still."""
    engine = await Engine.open(folder / "memory.db", lambda: now)
    try:
        yield engine
    finally:
        with anyio.CancelScope(shield=True):
            await engine.close()
