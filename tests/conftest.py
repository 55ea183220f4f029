"""What the tests of the tools share: an engine with some stores, and two callers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dreamfs_server.sqlite.filesystem import Engine
from dreamfs_tools.call import Call
from dreamfs_tools.filesystem import Filesystem
from writing_world import STORES, caller, noon, world


@pytest.fixture(params=["memory", "sqlite"])
async def filesystem(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Filesystem]:
    """The same stores in each engine."""
    if request.param == "memory":
        yield world()
        return
    engine = await Engine.open(tmp_path / "dreamfs.db", noon)
    for store in STORES:
        if store.slug != "memories":
            await engine.create_store(store)
    yield engine
    await engine.close()


@pytest.fixture
def ada(filesystem: Filesystem) -> Call:
    return caller(filesystem, "s-ada")


@pytest.fixture
def bob(filesystem: Filesystem) -> Call:
    return caller(filesystem, "s-bob")
