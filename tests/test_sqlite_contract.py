"""The SQLite engine keeps the promises of the seam."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.filesystem import Filesystem, Store
from engine_contract import EngineContract


class TestSqlite(EngineContract):
    @pytest.fixture
    async def engine(self, tmp_path: Path) -> AsyncIterator[Filesystem]:
        engine = await Engine.open(tmp_path / "memory.db", lambda: datetime.now(UTC))
        await engine.create_store(Store("notes", "Notes"))
        yield engine
        await engine.close()
