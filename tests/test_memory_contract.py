"""The engine in memory, which other tests stand on, keeps the same promises."""

import pytest

from dreamfs_tools.filesystem import Filesystem, Store
from engine_contract import EngineContract
from memory_filesystem import MemoryFilesystem


class TestMemory(EngineContract):
    @pytest.fixture
    async def engine(self) -> Filesystem:
        return MemoryFilesystem([Store("memories", "Memories"), Store("notes", "Notes")])
