"""The engine without a host, for benches that measure storage alone."""

import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.door import NotThereError
from dreamfs_tools.filesystem import Author, Planned, Put, Snapshot

AUTHOR = Author(session_id="bench", actor="user:bench", transport="command")
STORE = "memories"


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Any]:
    """The engine over a database file.

    Raises:
        NotThereError: this checkout has none.
    """
    try:
        module = importlib.import_module("dreamfs_server.sqlite.filesystem")
    except ImportError as error:
        raise NotThereError(str(error)) from error
    engine = await module.Engine.open(path, lambda: datetime.now(UTC))
    try:
        yield engine
    finally:
        await engine.close()


async def put(engine: Any, files: Mapping[str, str]) -> None:
    """Write files in one revision, created or modified as the case may be."""

    def plan(snapshot: Snapshot) -> Planned[None]:
        tree = snapshot.tree(STORE)
        edits = [Put(STORE, path, text, "modified" if tree.entry(path) else "created") for path, text in files.items()]
        return Planned(None, edits)

    await engine.write(plan, AUTHOR)


def bytes_on_disk(path: Path) -> int:
    """Of a database with its log."""
    return sum(p.stat().st_size for p in path.parent.iterdir() if p.name.startswith(path.name))
